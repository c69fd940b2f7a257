"""What becomes of a row whose order cannot end it: the hard cases, decided without a workflow."""

from datetime import timedelta

import pytest

from activities.store.notifications import Notification
from activities.unowned import by_its_order, without_an_owner
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.status import Status
from domain.sweeping import Account
from tests.store.stage import EMAIL, MINUTE, NOON, PUSH, Stage, batch, sent

N = NotificationStatus
PLACED, OUT = Status.PLACED, Status.OUT_FOR_DELIVERY
SOON = NOON + 16 * MINUTE


@pytest.fixture
async def rows(stage: Stage) -> tuple[Notification, ...]:
    """PLACED waits by push and e-mail; OUT_FOR_DELIVERY, which is newer, was pushed."""
    newer = batch(OUT, number=2)
    await stage.plan(batch(PLACED))
    await stage.plan(newer)
    await stage.store.record(newer.message_id(PUSH), sent())
    return await stage.store.history("A17")


def placed(rows: tuple[Notification, ...], channel: Channel) -> Notification:
    return next(row for row in rows if row.channel is channel and row.batch == 1)


async def test_a_record_is_the_recipients_to_keep_whatever_newer_news_was_told(
    rows: tuple[Notification, ...],
) -> None:
    assert without_an_owner(placed(rows, PUSH), rows, SOON).status is N.SUPERSEDED
    assert without_an_owner(placed(rows, EMAIL), rows, SOON).status is N.FAILED


async def test_only_news_told_to_the_same_recipient_takes_its_place(rows: tuple[Notification, ...]) -> None:
    push = placed(rows, PUSH)
    others = [row for row in rows if row.status not in {N.SENT, N.DELIVERED}]

    assert without_an_owner(push, others, SOON).status is N.FAILED


async def test_its_deadline_is_when_it_expires(rows: tuple[Notification, ...]) -> None:
    push = placed(rows, PUSH)

    assert without_an_owner(push, [], push.deadline).status is N.EXPIRED
    assert without_an_owner(push, [], push.deadline - timedelta(seconds=1)).status is N.FAILED


async def test_an_open_order_may_end_what_it_no_longer_speaks_of(rows: tuple[Notification, ...]) -> None:
    push = placed(rows, PUSH)

    assert by_its_order(push, Account(is_open=True, remembers_from=2), [push], SOON) is None
    for account in (Account(is_open=True, remembers_from=1), Account(is_open=False, remembers_from=2)):
        end = by_its_order(push, account, [push], SOON)
        assert end is not None
        assert end.status is N.FAILED
