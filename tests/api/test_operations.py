"""Operators' programs look at dead letters, providers and orders by HTTP, and decide: as the commands do."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from activities.breakers import Tally
from domain.breaker import BreakerState
from domain.callers import Scope
from domain.status import Status
from domain.telling import Batch, DeadLetter
from operating.because import LONGEST
from tests.api.stage import FORM, PUBLIC_URL, SMS, Door
from tests.store.stage import MINUTE, NOON, batch, news

READ, WRITE = Scope.READ_OPERATIONS, Scope.WRITE_OPERATIONS
LETTERS, PROVIDERS, LEDGER = "/v1/dead-letters", "/v1/providers", "/v1/ledger"
GROUP = "unreachable: push no device"


def letter(number: int) -> str:
    """The id of one of the letters that a test may keep."""
    return f"0055052f-62a0-5887-a925-e1ea1724000{number}"


CHANGES: Mapping[str, Any] = {
    f"{LETTERS}/redrive": {"ids": [letter(1)]},
    f"{LETTERS}/{letter(1)}/discard": {"because": "over"},
    f"{PROVIDERS}/smtp/force": {"state": "open", "because": "maintenance"},
    f"{PROVIDERS}/smtp/release": {},
}
LOOKS = (LETTERS, f"{LETTERS}/{letter(1)}", PROVIDERS, f"{LEDGER}?order_id=A17")


def unreached(number: int = 1, *, content: Batch | None = None, **given: Any) -> DeadLetter:
    """A batch that reached nobody."""
    usual = {
        "dead_letter_id": letter(number),
        "order_id": "A17",
        "source": "delivery",
        "reason": "reached customer c-42 on no channel: push: no device",
        "recipient_id": "c-42",
        "batch": 1,
        "content": content or batch(Status.OUT_FOR_DELIVERY),
        "at": NOON + number * MINUTE,
    }
    return DeadLetter.model_validate({**usual, **given})


UNREADABLE: Mapping[str, Any] = {
    "source": "status_changed",
    "field": "status",
    "reason": "status: unknown status",
    "raw": '{"status": "<b>LOST</b>"}',
    "content": None,
    "recipient_id": None,
    "batch": None,
}


async def key(door: Door, *scopes: Scope) -> dict[str, str]:
    made = await door.store.api_keys.make("desk", scopes)
    return {"Authorization": f"Bearer {made.text}"}


@pytest.fixture
async def desk(door: Door) -> Door:
    """The API, called by somebody who may do everything that operators do."""
    door.http.headers.update(await key(door, READ, WRITE))
    return door


# Who may


@pytest.mark.parametrize("path", [*LOOKS, *CHANGES, f"{LETTERS}/preview"])
async def test_nobody_without_a_key_sees_or_changes_anything(door: Door, path: str) -> None:
    await door.store.keep(unreached())
    token = {"Authorization": f"Bearer {door.links.recipient_token('c-42')}"}

    for headers in ({}, token, {"Authorization": "Bearer onk_0123_made-up"}, {"Authorization": "Basic x"}):
        answer = await _call(door, path, headers)
        assert answer.status_code == 401, headers
        assert answer.headers["www-authenticate"] == "Bearer"

    assert len(await door.store.dead_letters()) == 1
    assert await door.store.healths() == []


@pytest.mark.parametrize("path", CHANGES)
async def test_a_key_that_may_only_look_changes_nothing(door: Door, path: str) -> None:
    await door.store.keep(unreached())

    answer = await _call(door, path, await key(door, READ, Scope.WRITE_EVENTS))

    assert answer.status_code == 403
    assert answer.json() == {"detail": "the key does not have the scope operations:write"}
    assert (len(await door.store.dead_letters()), door.redrives.redriven) == (1, [])


@pytest.mark.parametrize("path", LOOKS)
async def test_a_key_for_other_things_sees_nothing(door: Door, path: str) -> None:
    others = await key(door, *(set(Scope) - {READ}))

    assert (await door.http.get(path, headers=others)).status_code == 403


async def test_a_browser_that_is_signed_in_may_look_and_changes_only_what_a_page_of_ours_asks_for(
    door: Door,
) -> None:
    await door.store.keep(unreached())
    made = await door.store.api_keys.make("desk", [READ, WRITE])
    door.http.cookies.set("operator", door.links.operator_session(made.key_id))
    path = f"{LETTERS}/{letter(1)}/discard"

    assert (await door.http.get(LETTERS)).status_code == 200
    for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert (await door.http.post(path, json={"because": "x"}, headers=origin)).status_code == 401
    ours = await door.http.post(path, json={"because": "x"}, headers={"Origin": PUBLIC_URL})
    assert ours.status_code == 200


async def _call(door: Door, path: str, headers: Mapping[str, str]) -> httpx.Response:
    if path in LOOKS:
        return await door.http.get(path, headers=dict(headers))
    body = CHANGES.get(path, {"ids": [letter(1)]})
    return await door.http.post(path, json=body, headers=dict(headers))


# Dead letters


async def test_letters_are_listed_by_group_and_page_without_what_they_hold(desk: Door) -> None:
    for number in range(1, 6):
        await desk.store.keep(unreached(number))
    await desk.store.keep(unreached(9, **UNREADABLE))

    first = (await desk.http.get(LETTERS, params={"reason": GROUP, "limit": 3})).json()
    second = (
        await desk.http.get(LETTERS, params={"reason": GROUP, "limit": 3, "after": first["next"]})
    ).json()

    assert first["groups"] == {GROUP: 5, "unreadable: status": 1}
    assert [one["dead_letter_id"] for one in first["letters"]] == [letter(1), letter(2), letter(3)]
    assert [one["dead_letter_id"] for one in second["letters"]] == [letter(4), letter(5)]
    assert second["next"] is None
    assert not {"raw", "content"} & set(first["letters"][0])


async def test_a_page_goes_on_where_it_ended_although_that_letter_was_decided_on_since(desk: Door) -> None:
    for number in (1, 2):
        await desk.store.keep(unreached(number, at=NOON))
    await desk.store.resolve(letter(1), "discarded: over")

    left = (await desk.http.get(LETTERS, params={"after": letter(1)})).json()

    assert [one["dead_letter_id"] for one in left["letters"]] == [letter(2)]


async def test_one_letter_is_shown_with_all_it_holds_and_every_attempt(desk: Door) -> None:
    await desk.sent(SMS)
    await desk.store.keep(unreached())
    await desk.store.keep(unreached(2, **UNREADABLE))

    whole = await desk.http.get(f"{LETTERS}/{letter(1)}")
    unreadable = (await desk.http.get(f"{LETTERS}/{letter(2)}")).json()

    assert whole.headers["cache-control"] == "no-store"
    assert whole.json()["content"]["news"][0]["status"] == "OUT_FOR_DELIVERY"
    tried = {one["channel"]: one["status"] for one in whole.json()["channels"]}
    assert tried == {"push": "PENDING", "sms": "SENT", "in_app": "DELIVERED"}
    assert unreadable["raw"] == UNREADABLE["raw"]


async def test_a_preview_says_what_would_be_told_in_which_words_or_why_not(desk: Door) -> None:
    just_now = news(Status.READY_FOR_PICKUP, at=datetime.now(UTC))
    fresh = batch(just_now, order_id="A18", facts={"merchant_name": "Burger Barn"})
    await desk.store.keep(unreached(1, order_id="A18", content=fresh))
    await desk.store.keep(unreached(2))
    await desk.store.keep(unreached(3, **UNREADABLE))

    seen = await desk.http.post(f"{LETTERS}/preview", json={"ids": [letter(1), letter(2), letter(3)]})

    assert seen.status_code == 200
    assert (seen.json()["redriven"], seen.json()["refused"]) == (1, 2)
    told, late, unread = seen.json()["letters"]
    assert (told["would_be"], told["role"]) == ("redriven", "customer")
    assert told["statuses"] == ["READY_FOR_PICKUP"]
    channels = {one["channel"]: one for one in told["channels"]}
    assert (channels["push"]["verdict"], channels["email"]["verdict"]) == ("send", "held")
    assert "Burger Barn" in channels["push"]["text"]
    assert (channels["sms"]["verdict"], channels["sms"]["text"]) == ("off", None)
    assert late["refusal"].startswith("it was of use until ")
    assert unread["refusal"] == "event_id: missing"
    assert desk.redrives.redriven == []


async def test_letters_are_redriven_by_their_ids_or_all_of_a_reason(desk: Door) -> None:
    for number in (1, 2):
        await desk.store.keep(unreached(number))
    await desk.store.keep(unreached(3, **UNREADABLE))

    some = await desk.http.post(f"{LETTERS}/redrive", json={"ids": [letter(3), letter(3)]})
    whole = await desk.http.post(f"{LETTERS}/redrive", json={"all": True, "reason": GROUP})

    assert some.json()["letters"] == [
        {"dead_letter_id": letter(3), "outcome": "redriven", "how": "push SENT"}
    ]
    assert (whole.json()["counts"], whole.json()["next"]) == ({"redriven": 2}, None)
    assert desk.redrives.redriven == [letter(3), letter(1), letter(2)]


async def test_a_group_too_large_for_one_call_is_taken_in_parts(
    desk: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.letters.MOST_AT_ONCE", 2)
    for number in (1, 2, 3):
        await desk.store.keep(unreached(number))

    first = (await desk.http.post(f"{LETTERS}/redrive", json={"all": True, "reason": GROUP})).json()
    rest = {"all": True, "reason": GROUP, "after": first["next"]}
    second = (await desk.http.post(f"{LETTERS}/redrive", json=rest)).json()

    assert (first["next"], second["next"]) == (letter(2), None)
    assert desk.redrives.redriven == [letter(1), letter(2), letter(3)]


async def test_a_redrive_while_temporal_is_away_is_to_be_asked_for_again(desk: Door) -> None:
    await desk.store.keep(unreached())
    desk.redrives.are_away = True

    answer = await desk.http.post(f"{LETTERS}/redrive", json={"ids": [letter(1)]})

    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


async def test_discarding_is_written_down_with_its_reason_and_whose_it_was_once(desk: Door) -> None:
    await desk.store.keep(unreached())
    path = f"{LETTERS}/{letter(1)}/discard"

    done = await desk.http.post(path, json={"because": " picked up already "})
    again = await desk.http.post(path, json={"because": "once more"})

    assert done.json()["resolution"] == "discarded: picked up already (desk)"
    assert (again.status_code, (await desk.store.dead_letters())) == (409, ())
    kept = await desk.store.kept_letter(letter(1))
    assert kept
    assert kept.resolution == "discarded: picked up already (desk)"


@pytest.mark.parametrize("what", ["preview", "redrive"])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "body: give ids, or all together with reason"),
        ({"ids": []}, "body: give ids, or all together with reason"),
        ({"all": True}, "body: give ids, or all together with reason"),
        ({"ids": [letter(1)], "reason": GROUP}, "body: give ids, or all together with reason"),
        ({"all": True, "reason": "none"}, "reason: no dead letter waits for it, see GET /v1/dead-letters"),
        ({"ids": [letter(1), "nobody-knows"]}, "ids.1: no such dead letter, see GET /v1/dead-letters"),
        ({"ids": ["a\0"]}, "ids.0: has a character that is not allowed here"),
        ({"ids": ["\ud800"]}, "ids.0: "),
        ({"ids": letter(1)}, "ids: "),
        ({"ids": [7]}, "ids.0: "),
        ({"ids": ["x"] * 501}, "ids: "),
        ({"all": True, "reason": GROUP, "after": "nobody-knows"}, "after: no such dead letter"),
    ],
)
async def test_a_selection_that_is_none_is_refused_with_its_field_before_anything_is_done(
    desk: Door, what: str, body: Any, says: str
) -> None:
    await desk.store.keep(unreached())

    answer = await desk.http.post(f"{LETTERS}/{what}", content=json.dumps(body), headers=_IS_JSON)

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(says)
    assert desk.redrives.redriven == []


_IS_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("because", ["", "  ", "x" * (LONGEST + 1), None, 7, ["x"]])
async def test_discarding_and_forcing_take_a_reason(desk: Door, because: Any) -> None:
    await desk.store.keep(unreached())

    for path in (f"{LETTERS}/{letter(1)}/discard", f"{PROVIDERS}/smtp/force"):
        answer = await desk.http.post(path, json={"because": because, "state": "open"})
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("because: ")

    assert (len(await desk.store.dead_letters()), await desk.store.healths()) == (1, [])


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "after=nobody", "reason=%00", "after=%ff", "limit=1e9"]
)
async def test_a_query_that_is_none_is_refused_with_its_field(desk: Door, query: str) -> None:
    answer = await desk.http.get(f"{LETTERS}?{query}")

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{query.partition('=')[0]}: ")


@pytest.mark.parametrize("which", ["nobody-knows", "%00", "%ff%fe", "x" * 5000])
async def test_a_letter_that_is_not_there_is_not_found(desk: Door, which: str) -> None:
    shown = await desk.http.get(f"{LETTERS}/{which}")
    discarded = await desk.http.post(f"{LETTERS}/{which}/discard", json={"because": "x"})

    assert (shown.status_code, discarded.status_code) == (404, 404)


# Providers


async def test_providers_are_those_configured_and_those_called(desk: Door) -> None:
    await desk.store.settle_calls({"fcm": Tally(40, 38)}, datetime.now(UTC))

    fcm, smtp = (await desk.http.get(PROVIDERS)).json()

    assert (fcm["provider"], fcm["state"], fcm["calls"], fcm["failures"]) == ("fcm", "open", 40, 38)
    assert fcm["reason"] == "38 of 40 calls failed within 5 minutes"
    assert (smtp["provider"], smtp["state"], smtp["since"]) == ("smtp", "closed", None)


async def test_forcing_holds_until_it_is_released(desk: Door) -> None:
    asked = {"state": "open", "because": "maintenance until noon"}
    forced = (await desk.http.post(f"{PROVIDERS}/smtp/force", json=asked)).json()
    assert (forced["state"], forced["reason"]) == ("forced open", "maintenance until noon (desk)")
    (health,) = await desk.store.healths()
    assert health.state is BreakerState.FORCED_OPEN

    released = (await desk.http.post(f"{PROVIDERS}/smtp/release")).json()
    assert (released["state"], released["reason"]) == ("closed", "released by an operator (desk)")


async def test_releasing_leaves_a_breaker_alone_that_opened_by_itself(desk: Door) -> None:
    await desk.store.settle_calls({"fcm": Tally(40, 40)}, datetime.now(UTC))

    assert (await desk.http.post(f"{PROVIDERS}/fcm/release")).json()["state"] == "open"


@pytest.mark.parametrize("name", ["fmc", "%00", "smtp%0a"])
async def test_a_provider_that_is_unknown_is_not_found_and_not_made(desk: Door, name: str) -> None:
    forced = await desk.http.post(
        f"{PROVIDERS}/{name}/force", json={"state": "open", "because": "a slip of the pen"}
    )
    released = await desk.http.post(f"{PROVIDERS}/{name}/release")

    assert (forced.status_code, released.status_code) == (404, 404)
    assert forced.json() == {"detail": "no such provider, use one of smtp"}
    assert await desk.store.healths() == []


@pytest.mark.parametrize("state", ["forced open", "", None, "half"])
async def test_a_state_that_is_none_is_refused(desk: Door, state: Any) -> None:
    answer = await desk.http.post(f"{PROVIDERS}/smtp/force", json={"state": state, "because": "x"})

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("state: ")


# One order


async def test_an_order_is_found_with_its_ledger_and_its_dead_letters(desk: Door) -> None:
    message_id = await desk.sent(SMS)
    await desk.store.keep(unreached())

    found = (await desk.http.get(LEDGER, params={"order_id": "A17"})).json()

    (sms,) = [row for row in found["ledger"] if row["channel"] == "sms"]
    assert (sms["message_id"], sms["status"], sms["recipient_id"]) == (message_id, "SENT", "c-42")
    assert [one["dead_letter_id"] for one in found["dead_letters"]] == [letter(1)]
    assert (found["workflow"], found["unasked"]) == (
        None,
        "Temporal does not know its workflow, or not any more",
    )
    assert found["temporal_ui"] == "https://temporal.example.org/namespaces/default/workflows/order-A17"


@pytest.mark.parametrize("query", ["", "order_id=", "order_id=%00", f"order_id={'x' * 201}"])
async def test_an_order_id_that_is_none_is_refused(desk: Door, query: str) -> None:
    answer = await desk.http.get(f"{LEDGER}?{query}")

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("order_id: ")


async def test_an_order_id_of_any_kind_is_looked_for(desk: Door) -> None:
    found = await desk.http.get(LEDGER, params={"order_id": "a/b?c#d e'\N{PILE OF POO}"})

    assert (found.status_code, found.json()["ledger"]) == (200, [])
    assert found.json()["temporal_ui"].endswith("/order-a%2Fb%3Fc%23d%20e%27%F0%9F%92%A9")


# The pages, as far as no browser is needed


@pytest.mark.parametrize(
    "path",
    [
        "dead-letters?reason=%00",
        "dead-letters?reason=x&after=%00",
        "dead-letters/%00",
        "dead-letters?reason=x&after=nobody",
        "providers?changed=%00",
        "orders?order_id=%00",
        f"orders?order_id={'x' * 999}",
    ],
)
async def test_no_page_stumbles_over_what_it_is_asked_for(desk: Door, path: str) -> None:
    answer = await desk.http.get(f"/operators/{path}")

    assert answer.status_code in {200, 404, 422}
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("what", ["preview", "redrive", "discard"])
@pytest.mark.parametrize("body", ["", "letters=", "letter=nobody", "letter=%00", "letter=x&" * 200, "%ff=1"])
async def test_a_form_that_is_none_gets_a_page_that_says_so(desk: Door, what: str, body: str) -> None:
    answer = await desk.http.post(
        f"/operators/dead-letters/{what}", content=body, headers={"Content-Type": FORM}
    )

    assert answer.status_code in {400, 404, 422}
    assert 'role="alert"' in answer.text


async def test_a_store_that_is_away_is_said_on_a_page_and_by_the_api(desk: Door) -> None:
    async with desk.store_is_away():
        for path in ("/operators/dead-letters", "/operators/providers", LETTERS, PROVIDERS):
            assert (await desk.http.get(path)).status_code == 503
        signing_in = await desk.http.post(
            "/operators/sign-in", data={"key": "onk_1_2"}, headers={"Origin": PUBLIC_URL}
        )
        assert signing_in.status_code == 503


async def test_pages_are_strict_about_what_a_browser_may_do(desk: Door) -> None:
    for path in ("/operators/dead-letters", "/operators/sign-in", "/operators/orders"):
        headers = (await desk.http.get(path)).headers
        assert headers["cache-control"] == "no-store"
        assert "unsafe" not in headers["content-security-policy"]
        assert "form-action 'self'" in headers["content-security-policy"]
