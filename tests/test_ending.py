"""The end of a Live Activity where no provider of ours can send it: what becomes of its token."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.ending import Ending
from activities.store import Store
from activities.store.migrating import migrate
from domain.consents import By
from domain.live_activities import LiveActivity
from domain.recipients import Address, Kind
from domain.status import Status
from domain.telling import EndLiveActivities
from tests.store.stage import PUSH, PlainWording, Stage, as_url, batch, somebody


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """One that knows an order on the lock screen of c-42."""
    url = as_url(tmp_path / "ledger.db")
    await migrate(url)
    async with Store(url) as store:
        iphone = {"platform": "ios", "token": "device", "live_activity_token": "start"}
        await store.load([somebody(devices=[iphone])])
        news = batch(Status.PLACED)
        await Stage(store, url).plan(news)
        push = await store.envelope(news.message_id(PUSH))
        assert push
        await store.note_live_activity(push, Address(PUSH, "start", "ios", "production", Kind.LIVE_START))
        begun = LiveActivity("A17", "c-42", "device", "production")
        await store.register_live_activity(begun.activity_id, "live")
        yield store


async def ends_without_apns(store: Store) -> None:
    ending = Ending(store, PlainWording(), providers=())
    await ActivityEnvironment().run(ending.end, EndLiveActivities(order_id="A17"))


async def test_what_cannot_be_ended_now_is_left_to_the_sweep(store: Store) -> None:
    await ends_without_apns(store)

    assert await store.live_activities("A17")


async def test_of_somebody_erased_what_cannot_be_ended_is_not_kept_either(store: Store) -> None:
    await store.people.erase("c-42", By("privacy", "DELETE"))

    await ends_without_apns(store)

    assert await store.live_activities("A17") == ()
