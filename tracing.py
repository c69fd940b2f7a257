"""Traces of orders, from the event that began one to the calls of providers, where somebody collects them.

The settings are OpenTelemetry's own: ``OTEL_EXPORTER_OTLP_ENDPOINT`` or ``..._TRACES_ENDPOINT`` switches it
on. Without, none of its libraries is loaded. Spans hold ids, names and outcomes, and nothing else.
"""

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from temporalio.client import Plugin

from domain.orders import BadInput

if TYPE_CHECKING:
    # By name only: who is not traced does not load it.
    from starlette.types import ASGIApp, Receive, Scope, Send
    from temporalio.contrib.opentelemetry import ReplaySafeTracerProvider

CameOf = Callable[[str, str], None]
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN = "http/protobuf"
# A collector that is away must not keep a command from ending.
_LAST_SPANS_WITHIN = 2.0
_FAILED = ("try_later", "unknown")


def is_on(environ: Mapping[str, str]) -> bool:
    """Whether anybody wants to have traces."""
    is_off = (
        environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
        or environ.get("OTEL_TRACES_EXPORTER", "otlp").strip() == "none"
    )
    return not is_off and any(environ.get(name, "").strip() for name in _ENDPOINTS)


def plugins() -> list[Plugin]:
    """What a client of Temporal needs to be traced, and its workers with it. Nothing without the settings.

    Raises :class:`BadInput` for a protocol that we do not speak.
    """
    if not is_on(os.environ):
        return []
    for name in _PROTOCOLS:
        if (asked := os.environ.get(name, "").strip()) not in {"", _SPOKEN}:
            raise BadInput(name, f"{asked} is not spoken here, use {_SPOKEN}")
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin  # noqa: PLC0415 see above

    _provider()
    return [OpenTelemetryPlugin(add_temporal_spans=True)]


@contextlib.contextmanager
def call_of(provider: str) -> Iterator[CameOf]:
    """A span around one call of a provider: no URL, in which tokens are, and no text of an exception."""
    from opentelemetry.trace import SpanKind, StatusCode, get_tracer  # noqa: PLC0415 see above

    with get_tracer("order-notifications").start_as_current_span(
        f"call {provider}",
        kind=SpanKind.CLIENT,
        attributes={"notifications.provider": provider},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:

        def came_of(outcome: str, reason: str) -> None:
            span.set_attributes({"notifications.outcome": outcome, "notifications.reason": reason})
            if outcome in _FAILED:
                span.set_status(StatusCode.ERROR)

        yield came_of


def calls() -> Callable[[str], AbstractContextManager[CameOf]] | None:
    """What goes around the calls of providers, None where nothing is traced."""
    return call_of if is_on(os.environ) else None


def continued(app: "ASGIApp") -> "ASGIApp":
    """An application whose calls belong to the trace of their callers, by their header ``traceparent``."""
    if not is_on(os.environ):
        return app
    from opentelemetry import context  # noqa: PLC0415 see above
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 see above

    def theirs(scope: "Scope") -> context.Context:
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope.get("headers", ())}
        return TraceContextTextMapPropagator().extract(given)

    async def entered(scope: "Scope", receive: "Receive", send: "Send") -> None:
        # Not a span of ours: a path has links in it, which are secrets, and metrics have the rest.
        token = context.attach(theirs(scope))
        try:
            await app(scope, receive, send)
        finally:
            context.detach(token)

    return entered


def flush() -> None:
    """Hand over the last spans, to a collector that is there."""
    if not _provider.cache_info().currsize:
        return
    last = threading.Thread(target=_provider().force_flush, daemon=True)
    last.start()
    last.join(_LAST_SPANS_WITHIN)


@functools.cache
def _provider() -> "ReplaySafeTracerProvider":
    """The one of this process: OpenTelemetry has it so."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 see above
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415 see above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 see above
    from opentelemetry.trace import set_tracer_provider  # noqa: PLC0415 see above
    from temporalio.contrib.opentelemetry import create_tracer_provider  # noqa: PLC0415 see above

    name = os.environ.get("OTEL_SERVICE_NAME", "").strip() or "order-notifications"
    provider = create_tracer_provider(resource=Resource.create({SERVICE_NAME: name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    set_tracer_provider(provider)
    return provider
