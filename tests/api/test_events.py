"""An order service hands its events over by HTTP: each is taken once, or refused by the name of the field."""

from typing import Any

import httpx
import pytest

from api.handing_over import UNREAD, Handover
from domain.callers import Scope
from tests.api.stage import Door

NOON = "2026-11-22T12:00:00Z"


def event(event_id: str = "evt-1", status: str = "PLACED", **given: Any) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "status": status,
        "occurred_at": NOON,
        "customer_id": "c-42",
        **given,
    }


@pytest.fixture
async def key(door: Door) -> dict[str, str]:
    return await door.key(Scope.WRITE_EVENTS)


async def announce(
    door: Door, key: dict[str, str], body: Any, order_id: str = "A17", query: str = "", **headers: str
) -> httpx.Response:
    path = f"/v1/orders/{order_id}/events{query}"
    return await door.http.post(path, json=body, headers={**key, **headers})


async def announce_all(door: Door, key: dict[str, str], *events: Any, query: str = "") -> httpx.Response:
    return await door.http.post(f"/v1/events{query}", json={"events": list(events)}, headers=key)


def outcomes(answer: httpx.Response) -> list[str]:
    return [result["outcome"] for result in answer.json()["results"]]


async def test_an_event_is_accepted_and_then_a_duplicate(door: Door, key: dict[str, str]) -> None:
    first = await announce(door, key, event())
    again = await announce(door, key, event(order_id="A17"))

    assert first.status_code == again.status_code == 202
    assert first.json() == {
        "outcome": "accepted",
        "order_id": "A17",
        "event_id": "evt-1",
        "reason": None,
    }
    assert again.json()["outcome"] == "duplicate"
    assert door.orders.announced[0].customer_id == "c-42"


async def test_an_event_of_an_order_that_is_over_is_closed(door: Door, key: dict[str, str]) -> None:
    door.orders.over.add("A17")

    for query in ("", "?wait=false"):
        answer = await announce(door, key, event(), query=query)
        assert (answer.status_code, answer.json()["outcome"]) == (202, "closed")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "event_id: missing"),
        (event(status="EATEN"), "status: unknown status, use one of PLACED,"),
        (event(occurred_at="2026-11-22T12:00:00"), "occurred_at: has no time zone, write for example"),
        (event(facts={"note": "mail ana@example.org"}), "facts.note: looks like a contact detail"),
        (event(order_id="A18"), "order_id: is not the one in the path, correct it or leave it out"),
        (event(order_id=7), "order_id: is not the one in the path"),
        (event(order_id=None), "order_id: is not the one in the path"),
        (event("x" * 201), "event_id: String should have at most 200 characters"),
    ],
)
async def test_a_bad_event_is_refused_by_its_field_and_nobody_hears_of_it(
    door: Door, key: dict[str, str], body: Any, problem: str
) -> None:
    answer = await announce(door, key, body)

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(problem)
    assert "ana@example.org" not in answer.text
    assert door.orders.announced == []


@pytest.mark.parametrize("order_id", ["%00", "a%20b", "x" * 201, "%E2%80%A9", "ana@example.org"])
async def test_an_order_id_that_is_none_is_refused(door: Door, key: dict[str, str], order_id: str) -> None:
    answer = await announce(door, key, event(), order_id)

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("order_id: ")


async def test_an_order_may_be_called_anything_else(door: Door, key: dict[str, str]) -> None:
    for order_id in ("2026/17", "2026%2F18", "events", "%F0%9F%8D%94", "A17/events"):
        assert (await announce(door, key, event(), order_id)).status_code == 202

    assert [told.order_id for told in door.orders.announced] == [
        "2026/17",
        "2026/18",
        "events",
        "\N{HAMBURGER}",
        "A17/events",
    ]


@pytest.mark.parametrize("wait", ["maybe", "", "2"])
async def test_a_query_that_is_none_is_refused_by_its_name(
    door: Door, key: dict[str, str], wait: str
) -> None:
    answer = await announce(door, key, event(), query=f"?wait={wait}")

    assert (answer.status_code, answer.json()) == (422, {"detail": "wait: is neither true nor false"})


async def test_an_event_that_no_worker_answers_for_is_left_with_the_server(
    door: Door, key: dict[str, str]
) -> None:
    door.orders.have_a_worker = False

    answer = await announce(door, key, event())

    assert (answer.status_code, answer.json()["outcome"]) == (202, "accepted")
    assert answer.json()["reason"] == UNREAD
    assert [told.event_id for told in door.orders.announced] == ["evt-1"]


@pytest.mark.parametrize(
    ("query", "headers"), [("?wait=false", {}), ("", {"Prefer": "respond-async, wait=10"})]
)
async def test_whoever_does_not_wait_hears_that_the_server_has_it(
    door: Door, key: dict[str, str], query: str, headers: dict[str, str]
) -> None:
    for _ in range(2):
        answer = await announce(door, key, event(), query=query, **headers)
        assert (answer.status_code, answer.json()["outcome"]) == (202, "accepted")

    assert answer.headers.get("Preference-Applied") == ("respond-async" if headers else None)
    assert len(door.orders.announced) == 2, "what a duplicate is, only the order itself knows"


async def test_without_temporal_the_answer_is_to_come_again(door: Door, key: dict[str, str]) -> None:
    with door.temporal_is_away():
        for query in ("", "?wait=false"):
            answer = await announce(door, key, event(), query=query)
            assert answer.status_code == 503
            assert answer.json() == {"detail": "Temporal does not answer, try again later"}
            assert int(answer.headers["Retry-After"]) > 0


async def test_many_events_have_a_result_each_in_their_place(door: Door, key: dict[str, str]) -> None:
    door.orders.over.add("A19")

    answer = await announce_all(
        door,
        key,
        event("a", order_id="A17"),
        event("b", order_id="A18"),
        event("c", order_id="A19"),
        event("d", order_id="A17"),
        event("a", order_id="A17"),
    )

    assert answer.status_code == 202
    assert outcomes(answer) == ["accepted", "accepted", "closed", "accepted", "duplicate"]
    assert [result["event_id"] for result in answer.json()["results"]] == ["a", "b", "c", "d", "a"]


async def test_events_of_one_order_are_taken_in_the_order_they_are_listed_in(
    door: Door, key: dict[str, str]
) -> None:
    events = [event(f"{order}-{n}", order_id=f"O{order}") for n in range(20) for order in range(25)]

    assert set(outcomes(await announce_all(door, key, *events))) == {"accepted"}

    for order in range(25):
        told = [one.event_id for one in door.orders.announced if one.order_id == f"O{order}"]
        assert told == [f"{order}-{n}" for n in range(20)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (event("b", order_id="A17", status="EATEN"), "status: unknown status"),
        (event("b"), "order_id: missing"),
        ({"order_id": {}}, "event_id: missing"),
        ("event", "event: is not a JSON object"),
        (None, "event: is not a JSON object"),
        ([], "event: is not a JSON object"),
    ],
)
async def test_a_bad_one_among_many_is_refused_alone(
    door: Door, key: dict[str, str], bad: Any, reason: str
) -> None:
    answer = await announce_all(door, key, event("a", order_id="A17"), bad, event("c", order_id="A17"))

    assert answer.status_code == 207
    assert outcomes(answer) == ["accepted", "refused", "accepted"]
    assert answer.json()["results"][1]["reason"].startswith(reason)
    assert [told.event_id for told in door.orders.announced] == ["a", "c"]


async def test_what_follows_an_event_that_nobody_took_is_not_told_before_it(
    door: Door, key: dict[str, str]
) -> None:
    """Temporal is away in the middle of a batch, and there again for its end."""
    door.orders.away_for.add("a")

    answer = await announce_all(
        door, key, event("a", order_id="A17"), event("b", order_id="A17"), event("c", order_id="A18")
    )

    assert answer.status_code == 207
    assert outcomes(answer) == ["unavailable", "unavailable", "accepted"]
    assert set(door.orders.asked) == {"a", "c"}


async def test_many_of_which_none_could_be_taken_are_to_be_sent_again(
    door: Door, key: dict[str, str]
) -> None:
    with door.temporal_is_away():
        answer = await announce_all(door, key, event("a", order_id="A17"), event("b", order_id="A18"))

    assert answer.status_code == 503


async def test_many_events_wait_for_a_worker_once(door: Door, key: dict[str, str]) -> None:
    door.orders.have_a_worker = False

    answer = await announce_all(door, key, *(event(str(n), order_id="A17") for n in range(50)))

    assert set(outcomes(answer)) == {"accepted"}
    assert door.orders.asked == ["0"]
    assert len(door.orders.announced) == 50


async def test_a_batch_that_takes_too_long_no_longer_waits_for_answers(door: Door) -> None:
    events = [event(str(n), order_id="A17") for n in range(3)]

    handed = await Handover(door.orders, wait=True, patience=0).take_all(events)

    assert {(one.outcome, one.reason) for one in handed} == {("accepted", UNREAD)}
    assert door.orders.asked == []
    assert len(door.orders.announced) == 3


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "events: missing, give a list of order events"),
        ({"events": []}, "events: missing, give a list of order events"),
        ({"events": {"event_id": "a"}}, "events: missing, give a list of order events"),
        ({"events": [{}] * 501}, "events: are more than 500, send them in several calls"),
    ],
)
async def test_no_events_and_too_many_are_refused(
    door: Door, key: dict[str, str], body: Any, problem: str
) -> None:
    answer = await door.http.post("/v1/events", json=body, headers=key)

    assert (answer.status_code, answer.json()) == (422, {"detail": problem})


async def test_five_hundred_full_events_fit_into_one_call(door: Door, key: dict[str, str]) -> None:
    facts = {f"fact_{n}": "x" * 150 for n in range(20)}
    events = [event(f"evt-{n}", order_id=f"A{n % 50}", facts=facts) for n in range(500)]

    assert (await announce_all(door, key, *events)).status_code == 202
    assert len(door.orders.announced) == 500
