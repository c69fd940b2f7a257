"""A recipient's inbox over HTTP: their own and nobody else's, page by page, with marks."""

import pytest

from domain.callers import Scope
from domain.status import Status
from tests.api.inboxes import ANA, BEN, INBOX, STREAM, token, told
from tests.api.stage import PUBLIC_URL, Door

MARKS = ("seen", "read", "archive", "unarchive")


async def cards(door: Door, **params: str | int | bool) -> list[str]:
    answer = await door.http.get(INBOX, headers=token(door), params=params)
    assert answer.status_code == 200
    return [card["order_id"] for card in answer.json()["cards"]]


async def counts(door: Door) -> dict[str, int]:
    found: dict[str, int] = (await door.http.get(f"{INBOX}/counts", headers=token(door))).json()
    return found


async def mark(door: Door, path: str, **params: int) -> int:
    answer = await door.http.post(f"{INBOX}/{path}", headers=token(door), params=params)
    return answer.status_code


async def test_an_inbox_is_a_card_for_each_order(door: Door) -> None:
    await told(door, "A17", Status.PLACED, Status.OUT_FOR_DELIVERY)
    await told(door, "A18", Status.PLACED, recipient_id=BEN)

    answer = await door.http.get(INBOX, headers=token(door))

    page = answer.json()
    assert (page["cursor"], page["change"], len(page["cards"])) == (None, 2, 1)
    [card] = page["cards"]
    newest = card["messages"][0]
    assert card == {
        "order_id": "A17",
        "role": "customer",
        "status": "OUT_FOR_DELIVERY",
        "title": newest["title"],
        "text": "OUT_FOR_DELIVERY Burger Barn",
        "at": newest["at"],
        "seen": False,
        "read": False,
        "archived": False,
        "number": 2,
        "change": 2,
        "messages": card["messages"],
    }
    assert [message["statuses"] for message in card["messages"]] == [["OUT_FOR_DELIVERY"], ["PLACED"]]


async def test_pages_follow_each_other_by_cursor(door: Door) -> None:
    for number in range(5):
        await told(door, f"A{number}", Status.PLACED)

    found, cursor = list[str](), None
    while not found or cursor:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await door.http.get(INBOX, headers=token(door), params=params)).json()
        found, cursor = [*found, *(card["order_id"] for card in page["cards"])], page["cursor"]

    assert found == ["A4", "A3", "A2", "A1", "A0"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cursor", "nonsense"),
        ("cursor", "\0"),
        ("cursor", "9" * 5000),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "many"),
        ("limit", "9" * 5000),
        ("archived", "perhaps"),
    ],
)
async def test_what_cannot_be_used_is_named(door: Door, field: str, value: str) -> None:
    answer = await door.http.get(INBOX, headers=token(door), params={field: value})

    assert answer.status_code == 422
    assert answer.json()["detail"].partition(":")[0] == field


async def test_a_card_is_seen_then_read_then_put_away_and_taken_out(door: Door) -> None:
    await told(door, "A17", Status.PLACED)
    assert await counts(door) == {"unseen": 1, "unread": 1}

    assert await mark(door, "A17/seen") == 200
    assert await counts(door) == {"unseen": 0, "unread": 1}
    assert await mark(door, "A17/read") == 200
    assert await counts(door) == {"unseen": 0, "unread": 0}
    assert await mark(door, "A17/archive") == 200
    assert (await cards(door), await cards(door, archived=True)) == ([], ["A17"])
    assert await mark(door, "A17/unarchive") == 200
    assert (await cards(door), await cards(door, archived=True)) == (["A17"], [])


async def test_what_was_read_is_read_in_the_ledger(door: Door) -> None:
    await told(door, "A17", Status.PLACED)

    await mark(door, "A17/read")

    in_app = next(row for row in await door.store.history("A17") if row.channel == "in_app")
    assert in_app.status == "READ"


async def test_all_can_be_marked_at_once(door: Door) -> None:
    await told(door, "A17", Status.PLACED)
    await told(door, "A18", Status.PLACED)

    answer = await door.http.post(f"{INBOX}/read", headers=token(door))

    assert answer.json() == {"unseen": 0, "unread": 0}
    assert await mark(door, "archive") == 200
    assert await cards(door) == []


async def test_news_that_somebody_did_not_know_of_is_not_put_away(door: Door) -> None:
    await told(door, "A17", Status.PLACED, Status.OUT_FOR_DELIVERY)

    assert await mark(door, "A17/archive", number=1) == 200
    assert await cards(door) == ["A17"]
    assert await mark(door, "A17/archive", number=2) == 200
    assert await cards(door) == []


@pytest.mark.parametrize("which", MARKS)
async def test_an_order_of_another_is_as_unknown_as_one_that_is_none(door: Door, which: str) -> None:
    await told(door, "A18", Status.PLACED, recipient_id=BEN)

    for order_id in ("A18", "nobody-knows", "%00", "a%2Fb", "%20", "x" * 3000):
        answer = await door.http.post(f"{INBOX}/{order_id}/{which}", headers=token(door))
        assert (answer.status_code, answer.json()) == (404, {"detail": "no such order in this inbox"})
    card = await door.store.inboxes.card(BEN, "A18")
    assert card
    assert (card.is_seen, card.is_archived) == (False, False)


async def test_an_order_with_a_slash_in_its_id_can_be_marked(door: Door) -> None:
    await told(door, "shop/A17", Status.PLACED)

    assert await mark(door, "shop%2FA17/read") == 200
    assert await counts(door) == {"unseen": 0, "unread": 0}


CALLS = [
    ("GET", INBOX),
    ("GET", f"{INBOX}/counts"),
    ("GET", STREAM),
    *(("POST", f"{INBOX}/{which}") for which in MARKS),
    *(("POST", f"{INBOX}/A17/{which}") for which in MARKS),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_nobody_is_let_in_without_a_token_of_a_recipient(door: Door, method: str, path: str) -> None:
    await told(door, "A17", Status.PLACED)
    key = await door.store.api_keys.make("operator", list(Scope))
    strangers = [
        "nonsense",
        key.text,
        door.links.operator_session(key.key_id),
        door.links.recipient_token(ANA).swapcase(),
        door.preferences().rpartition("/")[2],
    ]

    for credentials in strangers:
        answer = await door.http.request(method, path, headers={"Authorization": f"Bearer {credentials}"})
        assert answer.status_code == 401, credentials
    assert await counts(door) == {"unseen": 1, "unread": 1}


async def test_a_browser_marks_with_its_cookie_from_our_own_pages_alone(door: Door) -> None:
    await told(door, "A17", Status.PLACED)
    cookie = {"Cookie": f"recipient={door.links.recipient_token(ANA)}"}

    foreign = [
        await door.http.post(f"{INBOX}/A17/read", headers={**cookie, **origin})
        for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"})
    ]
    ours = await door.http.post(f"{INBOX}/A17/read", headers={**cookie, "Origin": PUBLIC_URL})

    assert [answer.status_code for answer in foreign] == [401, 401, 401]
    assert ours.status_code == 200


async def test_the_inbox_is_away_with_the_store(door: Door) -> None:
    async with door.store_is_away():
        answers = [await door.http.request(*call, headers=token(door)) for call in CALLS]

    assert {answer.status_code for answer in answers} == {503}
    assert all(answer.headers["retry-after"] for answer in answers)


async def test_every_example_of_the_document_is_what_is_really_answered(door: Door) -> None:
    await told(door, "A17", Status.PLACED)
    schemas = (await door.http.get("/openapi.json")).json()["components"]["schemas"]

    page = (await door.http.get(INBOX, headers=token(door))).json()

    assert page.keys() == schemas["Page"]["examples"][0].keys()
    assert page["cards"][0].keys() == schemas["Card"]["examples"][0].keys()
    assert (await counts(door)).keys() == schemas["Counts"]["examples"][0].keys()
