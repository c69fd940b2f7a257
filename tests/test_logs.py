"""What our programs log: one JSON object a line where that is wanted, with ids and nothing about a person."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client

import logs
from activities.store import Store
from api.__main__ import LINE
from api.envelope import RequestIds
from domain.channels import Channel
from domain.orders import BadInput
from domain.status import Status
from simulator import Fault
from temporal_client import DATA_CONVERTER
from tests.processes import address, eventually, run, running, settings_apart
from tests.stage import City, Stage


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Whatever a test sets up is its own."""
    root, httpx = logging.getLogger(), logging.getLogger("httpx")
    handlers, levels = root.handlers[:], (root.level, httpx.level)
    yield
    root.handlers[:], root.level = handlers, levels[0]
    httpx.setLevel(levels[1])
    activity.logger.activity_info_on_message = workflow.logger.workflow_info_on_message = True


def as_json(lines: str) -> list[dict[str, Any]]:
    """Every line of a log."""
    return [json.loads(line) for line in lines.splitlines()]


async def test_all_that_a_worker_says_is_json_and_names_no_address(stage: Stage, tmp_path: Path) -> None:
    apart = await settings_apart(stage, "logging", tmp_path)
    client = await Client.connect(address(stage), namespace="logging", data_converter=DATA_CONVERTER)
    async with running("worker.py", settings={**apart, "LOG_FORMAT": "json"}) as worker:
        await worker.says("worker: ready")
        async with Store(apart["DATABASE_URL"]) as store:
            city = City(replace(stage, store=store, orders={}), "logging")
            ana = await city.customer()
            city.fails(Fault(kind="credentials", address=ana.address(Channel.SMS)))
            order = city.order(ana)
            event, where = order.event(Status.OUT_FOR_DELIVERY), {"task_queue": "order-notifications"}
            signal = {"start_signal": "status_changed", "start_signal_args": [event]}
            started = {"order_id": order.order_id}
            await client.start_workflow("OrderNotifications", started, id="order-L1", **where, **signal)  # type: ignore[call-overload] # by name
            await eventually(lambda: ana.pushes != [])
            await eventually(lambda: has_failed(store, order.order_id))
        worker.terminate()
        ended = await worker.ends()

    said = as_json(ended.out) + as_json(ended.err)
    alarm = next(line for line in said if "needs an operator" in line["message"])
    assert alarm == {
        **alarm,
        "level": "ERROR",
        "logger": "temporalio.activity",
        "message": "twilio needs an operator: Twilio 20003: credentials",
        "workflow_id": "order-L1",
        "task_queue": "send-sms",
        "attempt": 1,
    }
    assert [line["message"].partition(",")[0] for line in said if line["logger"] == "worker"] == [
        "worker: ready",
        "worker: finishing what is being sent",
    ]
    assert not [secret for secret in stage.secrets if secret in ended.out + ended.err]


async def has_failed(store: Store, order_id: str) -> bool:
    return any(row.reason and "credentials" in row.reason for row in await store.history(order_id))


async def test_why_a_program_does_not_start_is_json_as_well() -> None:
    ended = await run("worker.py", settings={"LOG_FORMAT": "json"})

    (line,) = as_json(ended.err)
    assert (ended.code, line["level"]) == (1, "ERROR")
    assert line["message"].startswith("worker: providers: none is configured")


async def test_a_format_that_there_is_not_is_named() -> None:
    with pytest.raises(BadInput, match=r"^LOG_FORMAT: xml is no format of ours, use text or json"):
        logs.set_up({"LOG_FORMAT": "xml"})


def test_a_line_about_a_request_has_its_id_and_one_traceback_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up({"LOG_FORMAT": "json"}, filters=[_OfRequest("req-1"), RequestIds()])
    try:
        raise LookupError("no such door")
    except LookupError:
        logging.getLogger("api").exception("a call broke")
    logs.set_up({"LOG_FORMAT": "json"}, filters=[_OfRequest("req-1")])
    logging.getLogger("api").warning("%s came", "a receipt")

    broke, came = as_json(capsys.readouterr().err)
    assert "LookupError: no such door" in broke["exception"]
    assert "request_id" not in broke, "there is none outside of a request"
    assert (came["message"], came["request_id"]) == ("a receipt came", "req-1")


def test_people_get_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up({}, line=LINE, filters=[_OfRequest("req-1")])
    logging.getLogger("api").warning("a receipt came")
    logs.say("api", "ready")

    said = capsys.readouterr()
    assert said.err.endswith("WARNING api [req-1] a receipt came\n")
    assert said.out == "api: ready\n"


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_holds_secrets_in_its_addresses_is_not_logged(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    logs.set_up({"LOG_FORMAT": form})
    logging.getLogger("httpx").info("HTTP Request: POST https://push.example.org/3/device/token-of-ana")

    assert capsys.readouterr().err == ""


class _OfRequest(logging.Filter):
    def __init__(self, request_id: str) -> None:
        super().__init__()
        self._request_id = request_id

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = self._request_id
        return True
