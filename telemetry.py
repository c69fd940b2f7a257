"""Temporal's runtime with its metrics on one Prometheus endpoint, which ours come out of as well."""

from collections.abc import Mapping, Sequence

from temporalio.common import MetricMeter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from domain.orders import BadInput

Buckets = Mapping[str, Sequence[float]]
# Temporal's own have nothing between 10 s, which is no trouble, and 100 s, which is.
_WAITED = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0)
_OF_QUEUES = {
    "activity_schedule_to_start_latency": _WAITED,
    "workflow_task_schedule_to_start_latency": _WAITED,
}


def runtime_with_metrics(setting: str, host: str, port: int | None, buckets: Buckets) -> Runtime | None:
    """A runtime that answers ``/metrics`` on a port, None without one. ``setting`` is what names the port.

    ``buckets`` are those of our histograms by name. Everything is named as Prometheus wants it: durations in
    seconds, units and totals at the end of the name.
    """
    if port is None:
        return None
    metrics = PrometheusConfig(
        bind_address=f"{host}:{port}",
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
        histogram_bucket_overrides={**_OF_QUEUES, **buckets},
    )
    try:
        return Runtime(telemetry=TelemetryConfig(metrics=metrics, attach_service_name=False))
    except ValueError:
        raise BadInput(setting, f"{port} is taken, choose another port") from None


def meter_of(runtime: Runtime | None) -> MetricMeter:
    """What our own metrics are made with; without a runtime they are none."""
    return runtime.metric_meter if runtime else MetricMeter.noop
