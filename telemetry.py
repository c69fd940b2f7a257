"""Temporal's runtime: its metrics on one Prometheus endpoint, ours among them, and its log in our format."""

from collections.abc import Mapping, Sequence

from temporalio.runtime import LoggingConfig, LoggingFormat, PrometheusConfig, Runtime, TelemetryConfig

from domain.orders import BadInput
from logs import is_json

Buckets = Mapping[str, Sequence[float]]
# Temporal's own have nothing between 10 s, which is no trouble, and 100 s, which is.
_WAITED = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0)
_OF_QUEUES = {
    "activity_schedule_to_start_latency": _WAITED,
    "workflow_task_schedule_to_start_latency": _WAITED,
}


def runtime_with(setting: str, host: str, port: int | None, buckets: Buckets) -> Runtime:
    """A runtime that answers ``/metrics`` on a port, if there is one. ``setting`` is what names the port.

    ``buckets`` are those of our histograms by name. Hold on to it: what it measures ends with it.
    """
    try:
        return Runtime(
            telemetry=TelemetryConfig(
                logging=LoggingConfig(
                    filter=LoggingConfig.default.filter,
                    format=LoggingFormat.JSON if is_json() else None,
                ),
                metrics=_prometheus(f"{host}:{port}", buckets) if port else None,
                attach_service_name=False,
            )
        )
    except ValueError:
        raise BadInput(setting, f"{port} is taken, choose another port") from None


def _prometheus(address: str, buckets: Buckets) -> PrometheusConfig:
    """Named as Prometheus wants it: durations in seconds, units and totals at the end of the name."""
    return PrometheusConfig(
        bind_address=address,
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
        histogram_bucket_overrides={**_OF_QUEUES, **buckets},
    )
