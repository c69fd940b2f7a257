"""A notification only moves forward, whoever asks: an attempt, a receipt or a settlement."""

import asyncio

import pytest

from domain.ledger import MAY_COME_FROM, UNSETTLED, NotificationStatus
from domain.messages import Attempt
from domain.orders import Receipt
from domain.status import Status
from domain.telling import Settle
from tests.store.stage import MINUTE, NOON, PUSH, Stage, batch, sent

N = NotificationStatus
LATER = NOON + 5 * MINUTE
RECEIPTS = {"delivered": N.DELIVERED, "read": N.READ, "undelivered": N.FAILED, "bounced": N.FAILED}


@pytest.fixture
async def push(stage: Stage) -> str:
    """The id of a push notification that waits to be sent."""
    told = batch(Status.OUT_FOR_DELIVERY)
    await stage.plan(told)
    return told.message_id(PUSH)


async def one_of_each_status(stage: Stage) -> dict[N, str]:
    """The id of a notification in every status there is."""
    orders = {status: batch(Status.OUT_FOR_DELIVERY, order_id=f"is-{status}") for status in N}
    for told in orders.values():
        await stage.plan(told)
    ids = {status: told.message_id(PUSH) for status, told in orders.items()}
    await stage.are_now({message_id: status for status, message_id in ids.items()})
    return ids


async def where_they_are(stage: Stage) -> dict[N, str]:
    return {status: (await stage.statuses(f"is-{status}"))[PUSH] for status in N}


def where_the_table_lets_them_go(new: N) -> dict[N, N]:
    return {before: new if before in MAY_COME_FROM[new] else before for before in N}


@pytest.mark.parametrize("new", N)
async def test_an_attempt_moves_a_row_only_as_the_table_allows(stage: Stage, new: N) -> None:
    ids = await one_of_each_status(stage)

    attempt = Attempt(status=new, at=LATER, failures=1, reason="tried")
    heard = {before: await stage.store.record(message_id, attempt) for before, message_id in ids.items()}

    assert heard == where_the_table_lets_them_go(new)
    assert await where_they_are(stage) == heard
    for before in N:
        row = (await stage.rows(f"is-{before}"))[PUSH]
        assert (row.reason == "tried") == (row.updated_at == LATER) == (before in MAY_COME_FROM[new])


@pytest.mark.parametrize(("state", "new"), RECEIPTS.items())
async def test_a_receipt_moves_a_row_only_as_the_table_allows(stage: Stage, state: str, new: N) -> None:
    for message_id in (await one_of_each_status(stage)).values():
        await stage.store.record_receipt(Receipt(message_id=message_id, state=state, at=LATER))

    assert await where_they_are(stage) == where_the_table_lets_them_go(new)


@pytest.mark.parametrize("new", N)
async def test_settling_moves_only_what_is_unsettled(stage: Stage, new: N) -> None:
    ids = await one_of_each_status(stage)

    await stage.store.settle(Settle(message_ids=tuple(ids.values()), status=new, reason="given up"))

    allowed = where_the_table_lets_them_go(new)
    assert await where_they_are(stage) == {
        before: allowed[before] if before in UNSETTLED else before for before in N
    }


async def test_of_two_answers_at_once_one_wins_and_both_hear_which(stage: Stage, push: str) -> None:
    refused = Attempt(status=N.EXPIRED, at=LATER, failures=1, reason="too late")

    heard = await asyncio.gather(stage.store.record(push, sent()), stage.store.record(push, refused))

    assert heard[0] == heard[1] == (await stage.rows())[PUSH].status
    assert (await stage.rows())[PUSH].reason == (None if heard[0] == N.SENT else "too late")


async def test_a_row_remembers_when_it_began_to_fail_and_when_it_was_sent(stage: Stage, push: str) -> None:
    await stage.store.record(
        push, Attempt(status=N.RETRYING, at=NOON, failures=1, reason="busy", provider="fcm")
    )
    await stage.store.record(
        push, Attempt(status=N.RETRYING, at=NOON + MINUTE, failures=2, reason="still busy")
    )
    failing = (await stage.rows())[PUSH]
    await stage.store.record(push, Attempt(status=N.SENT, at=LATER, failures=2, reference="ref-1"))

    assert (failing.retry_count, failing.reason, failing.failing_since) == (2, "still busy", NOON)
    row = (await stage.rows())[PUSH]
    assert (row.retry_count, row.reason, row.failing_since) == (2, None, NOON)
    assert (row.sent_at, row.updated_at, row.delivered_at) == (LATER, LATER, None)
    assert (row.provider, row.provider_reference) == ("fcm", "ref-1")


async def test_what_may_have_arrived_once_stays_in_doubt(stage: Stage, push: str) -> None:
    before = await stage.store.envelope(push)
    doubtful = Attempt(status=N.RETRYING, at=NOON, failures=1, reason="no answer", is_in_doubt=True)
    await stage.store.record(push, doubtful)
    await stage.store.record(push, Attempt(status=N.RETRYING, at=LATER, failures=2, reason="busy"))
    after = await stage.store.envelope(push)

    assert before is not None
    assert after is not None
    assert (before.is_in_doubt, after.is_in_doubt) == (False, True)
    assert (after.failures, after.first_failed_at) == (2, NOON)


async def test_a_receipt_says_when_and_why(stage: Stage, push: str) -> None:
    await stage.store.record(push, sent())
    await stage.store.record_receipt(Receipt(message_id=push, state="undelivered", code="30003", at=LATER))

    row = (await stage.rows())[PUSH]
    assert (row.status, row.reason, row.delivered_at) == ("FAILED", "30003", None)


@pytest.mark.parametrize("states", [("delivered", "read"), ("read", "delivered")])
async def test_receipts_in_any_order_say_when_it_arrived_first(
    stage: Stage, push: str, states: tuple[str, str]
) -> None:
    await stage.store.record(push, sent())
    for state, at in zip(states, (NOON + 2 * MINUTE, LATER), strict=True):
        await stage.store.record_receipt(Receipt(message_id=push, state=state, at=at))

    row = (await stage.rows())[PUSH]
    assert (row.status, row.delivered_at) == ("READ", NOON + 2 * MINUTE)


async def test_a_receipt_for_something_we_never_sent_is_ignored(stage: Stage) -> None:
    await stage.store.record_receipt(Receipt(message_id="no-such-id", state="delivered"))

    assert await stage.store.history("A17") == ()


async def test_an_attempt_at_something_that_is_not_there_is_our_own_mistake(stage: Stage) -> None:
    with pytest.raises(LookupError, match="no notification no-such-id"):
        await stage.store.record("no-such-id", sent())


async def test_what_stays_under_way_too_long_can_be_found(stage: Stage, push: str) -> None:
    started = batch(Status.OUT_FOR_DELIVERY).told_at

    assert await stage.store.unsettled(before=started) == ()
    assert push in {row.message_id for row in await stage.store.unsettled(before=started + MINUTE)}
    await stage.store.record(push, sent())
    assert push not in {row.message_id for row in await stage.store.unsettled(before=LATER + MINUTE)}
