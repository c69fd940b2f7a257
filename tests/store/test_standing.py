"""What waits in the store is counted for whoever watches it, by indexes alone, on both databases."""

from sqlalchemy import text

from activities.store import standing
from domain.ledger import NotificationStatus
from domain.messages import Attempt
from domain.status import Status
from domain.telling import DeadLetter
from tests.store.stage import MINUTE, NOON, PUSH, SMS, Stage, batch, run_sql, sent


def letter(number: int, source: str) -> DeadLetter:
    return DeadLetter(
        dead_letter_id=f"letter-{number}", order_id="A17", source=source, reason="why not", at=NOON
    )


async def test_an_empty_store_has_nothing_waiting(stage: Stage) -> None:
    now = await stage.store.standing()

    assert (now.unsettled, now.oldest, now.dead_letters) == (0, None, {})


async def test_what_is_not_settled_counts_from_when_it_was_last_written_to(stage: Stage) -> None:
    told = batch(Status.OUT_FOR_DELIVERY)
    await stage.plan(told, carried={PUSH, SMS})
    retrying = Attempt(status=NotificationStatus.RETRYING, at=NOON + 9 * MINUTE, failures=1, reason="busy")
    await stage.store.record(told.message_id(PUSH), retrying)

    both = await stage.store.standing()
    await stage.store.record(told.message_id(SMS), sent())
    one = await stage.store.standing()
    await stage.store.record(told.message_id(PUSH), sent())
    none = await stage.store.standing()

    assert (both.unsettled, both.oldest) == (2, told.told_at)
    assert (one.unsettled, one.oldest) == (1, NOON + 9 * MINUTE)
    assert (none.unsettled, none.oldest) == (0, None)


async def test_letters_count_by_where_they_came_from_until_somebody_decides(stage: Stage) -> None:
    for number, source in enumerate(("delivery", "delivery", "receipt")):
        await stage.store.keep(letter(number, source))
    await stage.store.resolve("letter-0", "discarded: told by phone")

    assert (await stage.store.standing()).dead_letters == {"delivery": 1, "receipt": 1}


async def test_neither_question_reads_a_whole_table(stage: Stage) -> None:
    """As the database explains it: PostgreSQL would read a small table whole, so that is made dear."""
    plans = [await explained(stage.url, str(asked)) for asked in (standing.UNSETTLED, standing.LETTERS)]

    assert "ix_notifications_unsettled" in plans[0]
    assert "ix_dead_letters_resolved_at_created_at" in plans[1]


async def explained(url: str, asked: str) -> str:
    if url.startswith("sqlite"):
        return str(await run_sql(url, text(f"EXPLAIN QUERY PLAN {asked}")))
    return str(await run_sql(f"{url}&options=-c%20enable_seqscan%3Doff", text(f"EXPLAIN {asked}")))
