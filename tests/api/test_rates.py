"""Who calls too often is asked to wait, alone: by key, by recipient, and by address where nobody is known."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.limiting import Limits, network_of
from api.serving import serving
from domain.callers import Scope
from domain.channels import Channel
from domain.orders import BadInput
from settings import API_RATES, Settings
from tests.api.stage import Door, Front, open_door
from tests.api.test_events import announce, announce_all, event

# An hour never ends during a test, however busy the machine is.
TWO: Mapping[str, str] = dict.fromkeys(API_RATES, "2/hour")


def two_each(front: Front, data: Path) -> Any:
    """An API where everybody may call twice."""
    return open_door(front, data, limits=Limits(TWO))


async def until_refused(door: Door, method: str, path: str, headers: Mapping[str, str]) -> int:
    """How many calls are answered before one is one too many; 9 when none is."""
    for number in range(9):
        answer = await door.http.request(method, path, headers=dict(headers))
        if answer.status_code == 429:
            assert answer.json() == {"detail": "too many requests, try again later"}
            assert 1 <= int(answer.headers["Retry-After"]) <= 3600
            return number
    return 9


async def test_each_key_has_a_limit_of_its_own(front: Front, data: Path) -> None:
    async with two_each(front, data) as door:
        ours, theirs = await door.key(Scope.READ_ORDERS), await door.key(Scope.READ_ORDERS)

        assert await until_refused(door, "GET", "/v1/orders/A17/timeline", ours) == 2
        assert await until_refused(door, "GET", "/v1/orders/A17/timeline", theirs) == 2


async def test_events_are_counted_apart_from_other_calls(front: Front, data: Path) -> None:
    async with two_each(front, data) as door:
        key = await door.key()
        assert await until_refused(door, "GET", "/v1/orders/A17/timeline", key) == 2

        assert [(await announce(door, key, event(str(n)))).status_code for n in range(3)] == [202, 202, 429]
        assert [told.event_id for told in door.orders.announced] == ["0", "1"]


async def test_a_batch_counts_as_many_as_it_has_events(front: Front, data: Path) -> None:
    async with open_door(front, data, limits=Limits({"events": "10/hour"})) as door:
        key = await door.key()
        events = [event(str(n), order_id="A17") for n in range(6)]

        assert (await announce_all(door, key, *events)).status_code == 202
        second = await announce_all(door, key, *events)

        assert second.status_code == 429
        assert int(second.headers["Retry-After"]) >= 1
        assert len(door.orders.announced) == 6


async def test_a_batch_of_more_than_there_ever_is_is_let_in_alone(front: Front, data: Path) -> None:
    async with open_door(front, data, limits=Limits({"events": "3/hour"})) as door:
        key = await door.key()
        events = [event(str(n), order_id="A17") for n in range(9)]

        assert (await announce_all(door, key, *events)).status_code == 202
        assert (await announce_all(door, key, event("9", order_id="A17"))).status_code == 429


async def test_a_recipient_has_a_limit_of_their_own_whatever_their_address(front: Front, data: Path) -> None:
    async with two_each(front, data) as door:
        for recipient_id in ("c-42", "c-43"):
            token = door.token(recipient_id)
            assert await until_refused(door, "GET", "/v1/me", token) == 2


async def test_somebody_unknown_is_counted_by_address(front: Front, data: Path) -> None:
    async with two_each(front, data) as door:
        assert await until_refused(door, "GET", "/openapi.json", {}) == 2
        assert await until_refused(door, "GET", "/v1/orders/A17/timeline", {}) == 0
        assert await until_refused(door, "GET", "/v1/orders/A17/timeline", await door.key()) == 2


async def test_keys_that_are_none_run_out_whichever_they_are(front: Front, data: Path) -> None:
    async with two_each(front, data) as door:
        guesses = ("Bearer onk_1_x", "Bearer x", "Basic eDp4", "Bearer onk_2_x")
        path = "/v1/orders/A17/timeline"

        answers = [
            (await door.http.get(path, headers={"Authorization": guess})).status_code for guess in guesses
        ]

        assert answers == [401, 401, 429, 429]
        assert await until_refused(door, "GET", path, await door.key()) == 2, "a real one is still let in"


async def test_whoever_signs_in_as_an_operator_has_few_attempts(front: Front, data: Path) -> None:
    limits = Limits({**TWO, "strangers": "1000/hour"})
    async with open_door(front, data, limits=limits) as door:
        assert await until_refused(door, "POST", "/operators/sign-in", {}) == 2
        assert await until_refused(door, "GET", "/operators/sign-in", {}) == 9


async def test_links_of_ours_are_counted_by_whose_they_are(front: Front, data: Path) -> None:
    """Mail programs click for many recipients from one address."""
    async with two_each(front, data) as door:
        for recipient_id in ("c-42", "c-43", "c-44"):
            link = door.preferences(recipient_id=recipient_id)
            assert await until_refused(door, "GET", link, {}) == 2
        assert await until_refused(door, "GET", door.live_activity("one"), {}) == 2
        token = door.links.recipient_token("c-45")
        assert await until_refused(door, "GET", f"/enter/{token}", {}) == 2
        assert await until_refused(door, "GET", "/preferences/made-up", {}) == 2
        assert await until_refused(door, "GET", "/preferences/made-up-2", {}) == 0


async def test_receipts_of_providers_are_never_limited_nor_is_a_load_balancer(
    front: Front, data: Path
) -> None:
    async with two_each(front, data) as door:
        text = await door.sent(Channel.SMS)
        for number in range(5):
            answer = await door.twilio_says(text, "sent", sid=f"SM{number:032}")
            assert answer.status_code == 200
            assert (await door.http.post("/webhooks/twilio/status", data={"a": "b"})).status_code == 403
            assert (await door.http.get("/health")).status_code == 200
            assert (await door.http.get("/ready")).status_code == 200
        assert (await door.twilio_says(text, "delivered", sid="SM" + "9" * 32)).status_code == 200
        assert await door.status(text) == "DELIVERED"


async def test_while_the_store_is_away_keys_are_strangers(front: Front, data: Path) -> None:
    async with two_each(front, data) as door:
        key = await door.key()
        async with door.store_is_away():
            answer = await door.http.get("/v1/orders/A17/timeline", headers=key)

        assert answer.status_code == 503


@pytest.mark.parametrize(
    ("one", "other", "are_the_same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
        ("unix", "unix", True),
    ],
)
def test_an_address_of_ipv6_counts_by_its_network(one: str, other: str, are_the_same: bool) -> None:
    assert (network_of(one) == network_of(other)) is are_the_same


async def from_elsewhere(url: str, address: str) -> int:
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        return (await http.get("/openapi.json", headers={"X-Forwarded-For": address})).status_code


@pytest.mark.parametrize(("proxies", "last"), [(None, 429), ("127.0.0.1", 200), ("10.0.0.0/8", 429)])
async def test_a_proxy_is_believed_only_when_it_is_named(data: Path, proxies: str | None, last: int) -> None:
    front = Front()
    async with serving(front, proxies=proxies) as front.url, two_each(front, data):
        addresses = itertools.cycle(("203.0.113.7", "203.0.113.8"))
        answers = [await from_elsewhere(front.url, next(addresses)) for _ in range(4)]

    assert answers[-1] == last


def test_every_kind_has_a_limit_unless_it_is_given_otherwise() -> None:
    def read(value: str) -> Mapping[str, str]:
        return Settings.read({"DATABASE_URL": "sqlite://", "API_RATE": value}).api_rates

    assert read("") == API_RATES
    assert read("off") == {}
    assert read(" attempts = 5/hour , events=100/second,") == {
        **API_RATES,
        "attempts": "5/hour",
        "events": "100/second",
    }
    assert [Limits(read(value)) for value in ("", "off", "calls=1/minute")]


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        (
            "API_RATE",
            "lots",
            "lots is no rate, write off or for example strangers=300/minute; there are",
        ),
        ("API_RATE", "events=0/minute", "events=0/minute is no rate"),
        ("API_RATE", "events=5/minute,guests=5/minute", "guests=5/minute is no rate"),
        ("API_RATE", "events=5 per minute", "events=5 per minute is no rate"),
        ("WORKFLOW_SANDBOX", "yes", "yes is neither, write on or off"),
        ("DATABASE_MIGRATE", "never", "never is neither, write on or off"),
        ("API_CORS_ORIGINS", "*", "* is no origin, write for example https://app.example.org"),
        ("API_CORS_ORIGINS", "https://app.example.org/", "https://app.example.org/ is no origin"),
        ("API_CORS_ORIGINS", "http://app.example.org", "http://app.example.org is no origin"),
        ("API_CORS_ORIGINS", "https://a.example.org, null", "null is no origin"),
        ("API_FORWARDED_ALLOW_IPS", "proxy", "proxy is no address, write for example 10.0.0.7 or 10.0.0.0/8"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.0/99", "10.0.0.0/99 is no address"),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(setting: str, value: str, problem: str) -> None:
    with pytest.raises(BadInput) as wrong:
        Settings.read({"DATABASE_URL": "sqlite://", setting: value})

    assert wrong.value.field == setting
    assert wrong.value.problem.startswith(problem)


def test_our_own_name_for_the_proxies_goes_before_that_of_uvicorn() -> None:
    def read(**environ: str) -> str | None:
        return Settings.read({"DATABASE_URL": "sqlite://", **environ}).api_proxies

    assert read() is None
    assert read(FORWARDED_ALLOW_IPS="10.0.0.7") == "10.0.0.7"
    assert read(FORWARDED_ALLOW_IPS="*", API_FORWARDED_ALLOW_IPS="10.0.0.0/8, ::1") == "10.0.0.0/8,::1"
