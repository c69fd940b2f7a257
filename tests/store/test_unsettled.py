"""What is left unsettled is found page by page, whatever is left alone in front of it."""

from datetime import datetime

from domain.ledger import NotificationStatus
from domain.messages import Attempt
from domain.status import Status
from tests.store.stage import MINUTE, NOON, PUSH, Stage, batch

LATER = NOON + 60 * MINUTE


async def pages(stage: Stage, limit: int) -> list[list[str]]:
    """The message ids on each page."""
    found, after = list[list[str]](), (NOON - 60 * MINUTE, "")
    while page := await stage.store.unsettled(LATER, limit, after):
        found.append([row.message_id for row in page])
        after = (page[-1].updated_at, page[-1].message_id)
    return found


async def waiting(stage: Stage, order_id: str, since: datetime) -> str:
    """A push that waits since then."""
    told = batch(Status.OUT_FOR_DELIVERY, order_id=order_id)
    await stage.plan(told, carried={PUSH})
    message_id = told.message_id(PUSH)
    await stage.store.record(
        message_id, Attempt(status=NotificationStatus.RETRYING, at=since, failures=1, reason="busy")
    )
    return message_id


async def test_pages_have_every_row_once_the_oldest_first(stage: Stage) -> None:
    newer = await waiting(stage, "newer", NOON + MINUTE)
    at_once = [await waiting(stage, f"order-{number}", NOON) for number in range(5)]

    found = await pages(stage, limit=2)

    assert [len(page) for page in found] == [2, 2, 2]
    assert [message_id for page in found for message_id in page] == [*sorted(at_once), newer]


async def test_the_first_page_is_where_one_begins_without_saying(stage: Stage) -> None:
    oldest = await waiting(stage, "oldest", NOON)
    await waiting(stage, "newer", NOON + MINUTE)

    (first,) = await stage.store.unsettled(LATER, 1)

    assert first.message_id == oldest
