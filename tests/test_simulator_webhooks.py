"""What Twilio's stand-in calls by itself: signed, to this machine only, and as its product understands it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it ships no types

from activities.channels.twilio_inbound import opt_word
from activities.channels.twilio_receipts import receipt_of
from activities.channels.twilio_signature import is_signed
from simulator import Fault, Simulator
from simulator.providers import TWILIO_ACCOUNT as ACCOUNT
from simulator.providers import TWILIO_AUTH_TOKEN as AUTH_TOKEN

from .channels.wire import SILENCE, Cuts, Heard, Says, Wire, a_wire
from .processes import PATIENCE

PATH = "/webhooks/twilio/status"
ANA = "+15550101"
SERVICE = "MG" + "0" * 32


class Texts:
    """Sends texts to the simulator, and hears what it calls."""

    def __init__(self, simulator: Simulator, http: httpx.AsyncClient, wire: Wire) -> None:
        self.simulator, self.http, self.wire = simulator, http, wire
        self.url = f"{wire.url}{PATH}?message_id=m-1"

    async def text(self, to: str = ANA, **more: str) -> dict[str, Any]:
        form = {"To": to, "Body": "On its way.", "StatusCallback": self.url, **more}
        if "MessagingServiceSid" not in more:
            form["From"] = more.get("From", "+15550100")
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        answer: dict[str, Any] = (await self.http.post(path, data=form, auth=(ACCOUNT, AUTH_TOKEN))).json()
        return answer

    async def callbacks(self, count: int) -> list[Heard]:
        async with asyncio.timeout(PATIENCE):
            while len(self.wire.heard) < count:  # noqa: ASYNC110 a wire has no event to wait for
                await asyncio.sleep(0.01)
        return self.wire.heard


@pytest.fixture
async def texts() -> AsyncIterator[Texts]:
    async with (
        a_wire() as wire,
        Simulator.start() as simulator,
        httpx.AsyncClient(base_url=simulator.url, timeout=60) as http,
    ):
        wire.will(PATH, Says(204))
        yield Texts(simulator, http, wire)


def is_genuine(request: Heard, url: str) -> bool:
    signature = request.headers["x-twilio-signature"]
    by_the_sdk = RequestValidator(AUTH_TOKEN).validate(url, request.form, signature)
    assert by_the_sdk == is_signed(AUTH_TOKEN, url, list(request.form.items()), request.headers)
    return bool(by_the_sdk)


async def test_a_text_is_told_of_as_sent_and_as_delivered(texts: Texts) -> None:
    created = await texts.text()

    sent, delivered = await texts.callbacks(2)

    assert [one.form["MessageStatus"] for one in (sent, delivered)] == ["sent", "delivered"]
    assert (sent.method, sent.query) == ("POST", {"message_id": "m-1"})
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert delivered.form == {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "From": "+15550100",
        "MessageSid": created["sid"],
        "MessageStatus": "delivered",
        "SmsSid": created["sid"],
        "SmsStatus": "delivered",
        "To": ANA,
    }
    assert is_genuine(sent, texts.url)
    assert is_genuine(delivered, texts.url)
    assert not is_genuine(delivered, texts.url + "x")
    receipts = [receipt_of(one.form) for one in (sent, delivered)]
    assert [receipt.state for receipt in receipts if receipt] == [None, "delivered"]


@pytest.mark.parametrize(
    ("fault", "code", "is_dead"),
    [
        (Fault(kind="undelivered"), "30003", False),
        (Fault(kind="undelivered", provider="twilio", code=30005), "30005", True),
    ],
)
async def test_a_text_may_be_told_of_as_undelivered_although_it_was_accepted(
    texts: Texts, fault: Fault, code: str, is_dead: bool
) -> None:
    texts.simulator.set_faults([fault])
    created = await texts.text()

    sent, undelivered = await texts.callbacks(2)

    assert "ErrorCode" not in sent.form
    assert (undelivered.form["MessageStatus"], undelivered.form["ErrorCode"]) == ("undelivered", code)
    assert is_genuine(undelivered, texts.url)
    receipt = receipt_of(undelivered.form)
    assert receipt
    assert (receipt.state, receipt.number_is_dead) == ("undelivered", is_dead)
    fetched = await texts.http.get(
        f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{created['sid']}.json", auth=(ACCOUNT, AUTH_TOKEN)
    )
    assert (fetched.json()["status"], fetched.json()["error_code"]) == ("undelivered", int(code))


async def test_a_fate_is_no_answer_to_a_call_and_uses_none_up(texts: Texts) -> None:
    texts.simulator.set_faults([Fault(kind="undelivered", times=1), Fault(kind="error", times=1)])
    assert (await texts.text())["code"] == 20503
    assert (await texts.text())["status"] == "queued"
    assert (await texts.text())["status"] == "queued"
    statuses = [one.form["MessageStatus"] for one in await texts.callbacks(4)]
    assert sorted(statuses) == ["delivered", "sent", "sent", "undelivered"]


async def test_no_text_is_told_of_that_did_not_ask_or_is_not_from_here(texts: Texts) -> None:
    await texts.text(StatusCallback="")
    await texts.text(StatusCallback="http://notifications.example.org/")
    await texts.text(Body="")
    await texts.text()
    await texts.callbacks(2)
    assert len(texts.wire.heard) == 2


@pytest.mark.parametrize("answer", [Says(500), Cuts()])
async def test_nobody_cares_what_a_callback_is_answered(texts: Texts, answer: Says | Cuts) -> None:
    texts.wire.will(PATH, answer)
    assert (await texts.text())["status"] == "queued"
    assert len(await texts.callbacks(2)) == 2
    assert (await texts.text(StatusCallback="http://127.0.0.1:1/"))["status"] == "queued"


async def test_it_ends_while_a_callback_waits_for_its_answer(texts: Texts) -> None:
    texts.wire.will(PATH, SILENCE)
    async with (
        asyncio.timeout(PATIENCE),
        Simulator.start() as simulator,
        httpx.AsyncClient(base_url=simulator.url, timeout=60) as http,
    ):
        await Texts(simulator, http, texts.wire).text()
        await texts.callbacks(1)
    async with asyncio.timeout(PATIENCE):
        while any("twilio_webhooks.py" in repr(task) for task in asyncio.all_tasks()):  # noqa: ASYNC110 as above
            await asyncio.sleep(0.01)


async def test_what_people_text_back_is_posted_signed(texts: Texts) -> None:
    await texts.text(StatusCallback="", From="+15550199")
    url = f"{texts.wire.url}/inbound"
    texts.wire.will("/inbound", Says(200, b"<Response/>"))

    assert await texts.simulator.text_in(ANA, " Where is it? é😀", url) == 200

    (request,) = texts.wire.heard
    sid = request.form["MessageSid"]
    assert request.form == {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "Body": " Where is it? é😀",
        "From": ANA,
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": "+15550199",
    }
    assert is_genuine(request, url)


async def test_who_texts_stop_gets_nothing_from_that_sender_until_start(texts: Texts) -> None:
    url = f"{texts.wire.url}/inbound"
    texts.wire.will("/inbound", Says(200))
    await texts.text(StatusCallback="", MessagingServiceSid=SERVICE)

    await texts.simulator.text_in(ANA, "Stop ", url)
    refused = await texts.text(MessagingServiceSid=SERVICE)
    assert (refused["code"], refused["status"]) == (21610, 400)
    # Twilio blocks the sender that was told. That we are silent on all of them is up to us.
    assert "sid" in await texts.text(StatusCallback="")
    assert "sid" in await texts.text("+15550102", StatusCallback="", MessagingServiceSid=SERVICE)

    (stop,) = texts.wire.heard
    assert (stop.form["MessagingServiceSid"], opt_word(stop.form["Body"], None)) == (SERVICE, "STOP")


async def test_start_lets_texts_through_again(texts: Texts) -> None:
    url = f"{texts.wire.url}/inbound"
    texts.wire.will("/inbound", Says(200))
    await texts.simulator.text_in(ANA, "Basta", url, opt_out_type="STOP")
    assert (await texts.text())["code"] == 21610
    await texts.simulator.text_in(ANA, "start", url)
    assert "sid" in await texts.text(StatusCallback="")
    assert [one.form.get("OptOutType") for one in texts.wire.heard] == ["STOP", None]


async def test_a_text_back_is_asked_for_over_http_too(texts: Texts) -> None:
    texts.wire.will("/inbound", Says(403))
    asked = {"from": ANA, "body": "HELP", "url": f"{texts.wire.url}/inbound"}
    assert (await texts.http.post("/inbound", json=asked)).json()["status"] == 403
    unheard = {**asked, "url": "http://127.0.0.1:1/"}
    assert (await texts.http.post("/inbound", json=unheard)).json()["status"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "https://notifications.example.org/"}, "url"),
        ({"url": "webhooks"}, "url"),
        ({"from": "Ana"}, "from"),
        ({"body": None}, "body"),
        ({"opt_out_type": "MAYBE"}, "opt_out_type"),
    ],
)
async def test_a_text_back_that_cannot_be_is_refused_by_the_name_of_its_field(
    texts: Texts, change: dict[str, str], field: str
) -> None:
    asked = {"from": ANA, "body": "HELP", "url": texts.url, **change}
    answer = await texts.http.post("/inbound", json=asked)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert texts.wire.heard == []
