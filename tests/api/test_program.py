"""``python -m api`` as a process, and what the orders of a real Temporal server hear through it."""

import socket
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from starlette.routing import Router

from api.serving import serving
from domain.channels import Channel
from domain.links import SignedLinks
from domain.orders import BadInput
from domain.status import Status
from settings import Settings
from simulator.ports import Ports
from tests.api.stage import AUTH_TOKEN, PUBLIC_URL, signature
from tests.processes import Process, run, running, settings_of
from tests.stage import City, OrderStory, Person, Stage

TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "TWILIO_FROM": "+15550199",
}


@pytest.fixture(scope="module")
async def api(stage: Stage) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """The program beside the stage's own workers."""
    url = f"http://127.0.0.1:{(port := Ports.free().api)}"
    settings = {**settings_of(stage), **TWILIO, "PUBLIC_URL": PUBLIC_URL, "API_PORT": str(port)}
    async with (
        running("-m", "api", settings=settings) as process,
        httpx.AsyncClient(base_url=url, timeout=60) as http,
    ):
        await process.says(f"api: ready at {url}")
        yield process, http


@pytest.fixture
def http(api: tuple[Process, httpx.AsyncClient]) -> httpx.AsyncClient:
    return api[1]


async def twilio_says(http: httpx.AsyncClient, message_id: str, status: str) -> int:
    path = f"/webhooks/twilio/status?message_id={message_id}"
    form = {"MessageSid": f"SM{message_id.replace('-', '')}", "MessageStatus": status}
    headers = {"X-Twilio-Signature": signature(PUBLIC_URL + path, form)}
    return (await http.post(path, data=form, headers=headers)).status_code


async def ana_answers(http: httpx.AsyncClient, ana: Person, word: str) -> int:
    path = "/webhooks/twilio/inbound"
    form = {"MessageSid": f"SM{word}{ana.id}", "From": ana.address(Channel.SMS), "Body": word}
    headers = {"X-Twilio-Signature": signature(PUBLIC_URL + path, form)}
    return (await http.post(path, data=form, headers=headers)).status_code


async def ledger_says(order: OrderStory) -> str:
    return {row.channel: row.status for row in await order.rows()}[Channel.SMS]


async def told_by_text(city: City, ana: Person) -> tuple[OrderStory, str]:
    order = city.order(ana)
    await order.becomes(Status.OUT_FOR_DELIVERY)
    line = (await order.told(ana))[0].line(Channel.SMS)
    assert line.message_id
    return order, line.message_id


async def test_what_a_provider_says_later_is_in_the_ledger_and_in_the_order_itself(
    city: City, http: httpx.AsyncClient
) -> None:
    ana = await city.customer()
    order, text = await told_by_text(city, ana)

    assert (await http.get("/ready")).status_code == 200
    assert await twilio_says(http, text, "delivered") == 200
    assert await twilio_says(http, text, "sent") == 200
    await order.settles()

    assert (await order.lines(ana))["sms"] == "DELIVERED"
    assert await ledger_says(order) == "DELIVERED"


async def test_a_receipt_for_an_order_that_is_over_is_in_the_ledger(
    city: City, http: httpx.AsyncClient
) -> None:
    order, text = await told_by_text(city, await city.customer())
    await order.handle.terminate()

    assert await twilio_says(http, text, "delivered") == 200

    assert await ledger_says(order) == "DELIVERED"


async def test_a_text_that_twilio_calls_undelivered_becomes_an_email(
    city: City, http: httpx.AsyncClient
) -> None:
    ana = await city.customer()
    order, text = await told_by_text(city, ana)

    assert await twilio_says(http, text, "undelivered") == 200
    await order.settles()

    assert (await order.lines(ana))["sms"] == "FAILED"
    assert len(ana.mails) == 1


async def test_stop_during_an_order_silences_texts_at_once_and_start_brings_them_back(
    city: City, http: httpx.AsyncClient
) -> None:
    ana = await city.customer()
    order, _ = await told_by_text(city, ana)

    assert await ana_answers(http, ana, "STOP") == 200
    await order.becomes(Status.DELIVERED)
    assert len(ana.texts) == 1

    assert await ana_answers(http, ana, "START") == 200
    await told_by_text(city, ana)
    assert len(ana.texts) == 2


async def test_one_click_in_a_mail_keeps_optional_mail_away_from_now_on(
    stage: Stage, city: City, http: httpx.AsyncClient
) -> None:
    ana = await city.customer(preferences={"NEARBY": {"email": "on"}})
    links = SignedLinks(PUBLIC_URL, await stage.store.signing_secrets())
    link = links.preferences(ana.id, Channel.EMAIL, is_optional=True).unsubscribe or ""

    clicked = await http.post(link.removeprefix(PUBLIC_URL), data={"List-Unsubscribe": "One-Click"})
    order = city.order(ana)
    await order.becomes(Status.PLACED)
    await order.becomes(Status.NEARBY)

    assert clicked.status_code == 200
    assert [(await order.lines(ana, batch))["email"] for batch in (0, 1)] == ["SENT", None]


async def test_it_finishes_what_it_is_answering_and_ends_well(
    api: tuple[Process, httpx.AsyncClient],
) -> None:
    process, http = api
    assert (await http.get("/health")).json() == {"status": "alive"}

    process.terminate()
    ended = await process.ends()

    assert (ended.code, ended.out.splitlines()[-1]) == (0, "api: finishing what it is answering")
    assert "Traceback" not in ended.err
    assert not any(secret in ended.err for secret in ("/preferences/", "+1555", "@example.org", AUTH_TOKEN))


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("PUBLIC_URL", "http://example.org", "is not https, which links in e-mails and webhooks need"),
        ("API_PORT", "http", "http is not a port, give a number from 1 to 65535"),
        ("SES_SNS_TOPIC_ARN", "ses-events", "is no topic, write for example arn:aws:sns:"),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(setting: str, value: str, problem: str) -> None:
    with pytest.raises(BadInput) as wrong:
        Settings.read({"DATABASE_URL": "sqlite://", setting: value})

    assert wrong.value.field == setting
    assert wrong.value.problem.startswith(problem)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "api: PUBLIC_URL: missing"),
        ({"PUBLIC_URL": PUBLIC_URL, "TEMPORAL_ADDRESS": "127.0.0.1:1"}, "api: TEMPORAL_ADDRESS: no Temporal"),
    ],
)
async def test_without_what_it_needs_it_says_one_line_and_ends(
    stage: Stage, settings: Mapping[str, str], complaint: str
) -> None:
    ended = await run("-m", "api", settings={**settings_of(stage), **settings})

    assert ended.code == 1
    assert ended.problem.startswith(complaint)


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=f"API_PORT: {port} cannot be listened on"):
            async with serving(Router(), port=port):
                pass
