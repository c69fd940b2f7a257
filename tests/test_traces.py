"""One trace of an order, from the event that began it to the calls of providers, without any address."""

import asyncio
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.trace import get_current_span
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

import tracing
from activities.store import Store
from domain.channels import Channel
from domain.orders import BadInput
from simulator import Fault
from tests.processes import HOME, environment, eventually, run, running, settings_apart
from tests.stage import City, Stage

WANTED = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


class Collector:
    """An OTLP receiver: all that was ever sent to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.bodies: list[bytes] = []

    def spans(self) -> list[tuple[str, Span]]:
        """Every span with its name, the service in front."""
        sent = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        resources = [resource for one in sent for resource in one.resource_spans]
        return [
            (f"{_values(resource.resource.attributes)['service.name']} {span.name}", span)
            for resource in resources
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def first(self, name: str) -> Span:
        """The first span of a name."""
        return next(span for each, span in self.spans() if each == name)

    def parent_of(self, child: Span) -> tuple[str, Span]:
        """The span that another is part of."""
        return next((name, span) for name, span in self.spans() if span.span_id == child.parent_span_id)

    def has(self, *names: str) -> bool:
        """Whether spans of all these names came."""
        return set(names) <= {name for name, _ in self.spans()}


def _values(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {each.key: each.value.string_value for each in attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        received = Collector(f"http://127.0.0.1:{server.server_port}")
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield received
        server.shutdown()
        serving.join()


async def test_an_event_is_traced_to_the_providers_it_comes_to(
    stage: Stage, collector: Collector, tmp_path: Path
) -> None:
    apart = await settings_apart(stage, "traced", tmp_path)
    traced = {**apart, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    async with (
        running("worker.py", settings={**traced, "OTEL_SERVICE_NAME": "worker"}) as worker,
        Store(apart["DATABASE_URL"]) as store,
    ):
        await worker.says("worker: ready")
        ana = await City(replace(stage, store=store, orders={}), "traced").customer()
        stage.simulator.set_faults([Fault(kind="error", provider="twilio", times=1)])
        announcing = ("announce", "T17", "OUT_FOR_DELIVERY", "--customer", ana.id)
        done = await run("starter.py", *announcing, settings={**traced, "OTEL_SERVICE_NAME": "starter"})
        assert done.code == 0, done.err
        await eventually(lambda: collector.has("worker call fcm", "worker call twilio"))
        worker.terminate()
        assert (await worker.ends()).code == 0

    began = collector.first("starter SignalWithStartWorkflow:OrderNotifications")
    pushed, texted = (collector.first(f"worker call {provider}") for provider in ("fcm", "twilio"))
    ran_as, ran = collector.parent_of(pushed)
    scheduled_as, scheduled = collector.parent_of(ran)
    assert (ran_as, scheduled_as) == ("worker RunActivity:send", "worker StartActivity:send")
    assert {span.trace_id for span in (pushed, texted, ran, scheduled)} == {began.trace_id}
    assert _values(pushed.attributes) == {
        "notifications.provider": "fcm",
        "notifications.outcome": "accepted",
        "notifications.reason": "accepted",
    }
    assert (_values(texted.attributes)["notifications.outcome"], texted.status.code) == (
        "try_later",
        Status.STATUS_CODE_ERROR,
    )
    everything = b"".join(collector.bodies)
    assert b"order-T17" in everything
    assert ana.address(Channel.SMS) in stage.secrets
    assert [secret for secret in stage.secrets if secret.encode() in everything] == []


@pytest.mark.parametrize(("settings", "is_theirs"), [(WANTED, True), ({}, False)])
async def test_a_call_over_http_belongs_to_the_trace_of_its_caller(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, is_theirs: bool
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    traces = list[int]()

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        traces.append(get_current_span().get_span_context().trace_id)
        await Response("taken")(scope, receive, send)

    own = httpx.ASGITransport(tracing.continued(door))
    async with httpx.AsyncClient(transport=own, base_url="http://api") as http:
        await http.post("/v1/events", headers={"traceparent": f"00-{17:032x}-{4:016x}-01"})
        await http.post("/v1/events")

    assert traces == ([17, 0] if is_theirs else [0, 0])


async def test_a_collector_that_is_away_keeps_nobody_from_ending(stage: Stage, tmp_path: Path) -> None:
    apart = await settings_apart(stage, "untraced", tmp_path)
    away = {**apart, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}

    done = await run("starter.py", "announce", "T18", "PLACED", "--customer", "c-1", settings=away)

    # No worker has registered what orders are searched by.
    assert (done.code, "worker.py registers it" in done.err) == (1, True)


async def test_without_the_settings_none_of_it_is_even_loaded() -> None:
    asked = "import sys, tracing, worker, starter; tracing.plugins(); print(*sys.modules)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", asked, cwd=HOME, env=environment({}), stdout=asyncio.subprocess.PIPE
    )
    loaded, _ = await process.communicate()

    assert b"temporalio.worker" in loaded
    assert b"opentelemetry" not in loaded


@pytest.mark.parametrize(
    ("settings", "is_on"),
    [
        ({}, False),
        (WANTED, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({**WANTED, "OTEL_SDK_DISABLED": "true"}, False),
        ({**WANTED, "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_settings_are_those_of_opentelemetry(settings: dict[str, str], *, is_on: bool) -> None:
    assert tracing.is_on(settings) == is_on


def test_a_protocol_that_we_do_not_speak_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")

    with pytest.raises(BadInput, match=r"^OTEL_EXPORTER_OTLP_PROTOCOL: grpc is not spoken here"):
        tracing.plugins()
