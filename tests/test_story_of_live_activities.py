"""An order on the lock screen of an iPhone: begun, kept up to date, ended in every way an order can end."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4
from zlib import crc32

import pytest
from sqlalchemy import text
from temporalio.client import WorkflowFailureError

from domain.consents import By
from domain.live_activities import LiveActivity
from domain.orders import ORDERS_QUEUE
from domain.status import Status
from simulator import Fault
from tests.stage import City, OrderStory, Person, Stage
from tests.store.stage import run_sql
from tests.test_story_of_trust import hears_often, run_of
from workflows.policy import SIGNALS_A_RUN
from workflows.sweep import Sweep

PLACED, PREPARING, READY, OUT, DELIVERED, CANCELLED = (
    Status.PLACED,
    Status.PREPARING,
    Status.READY_FOR_PICKUP,
    Status.OUT_FOR_DELIVERY,
    Status.DELIVERED,
    Status.CANCELLED,
)
PUSH_ALONE = {status: {"sms": "off", "email": "off", "in_app": "off"} for status in Status}


@pytest.fixture(autouse=True)
async def right_time_afterwards(stage: Stage) -> AsyncIterator[None]:
    """No story's clock is the next one's."""
    yield
    stage.clock.is_right_again()


@dataclass
class IPhone:
    """A phone that shows orders as Live Activities: what its screen got, and its app's part in it."""

    stage: Stage
    owner: Person
    token: str
    start_token: str
    live_token: str

    @classmethod
    async def of_a_customer(cls, city: City, number: int = 1) -> "IPhone":
        seed = f"{crc32(f'{city.story} {number}'.encode()):08x}"
        token, start, live = (f"{number}{seed}" * 7 + "0" for number in "abc")
        device = {"platform": "ios", "token": token, "live_activity_token": start}
        owner = await city.customer(devices=[device], preferences=PUSH_ALONE)
        return cls(city.stage, owner, token, start, live)

    @property
    def shown(self) -> list[str]:
        """Every push by what it was: an alert, or an event of a Live Activity."""
        return [push["aps"].get("event", "alert") for push in self.pushes]

    @property
    def pushes(self) -> list[dict[str, Any]]:
        """Every push there was, as its screen or its Live Activities got it."""
        here = {self.token, self.start_token, self.live_token}
        return [json.loads(one.raw.body) for one in self.stage.simulator.received if one.address in here]

    def begun_by(self, order: OrderStory) -> LiveActivity:
        """What the order began on this phone."""
        return LiveActivity(order.order_id, self.owner.id, self.token, "production")

    async def hands_in_its_token(self, order: OrderStory) -> None:
        """What the app does once iOS has begun the activity."""
        begun = self.begun_by(order)
        assert await self.stage.store.register_live_activity(begun.activity_id, self.live_token)

    async def owner_is_erased(self) -> None:
        """What the service does when somebody asks to be forgotten."""
        assert await self.stage.store.people.erase(self.owner.id, By("privacy", "DELETE"))

    async def what_is_kept(self, order: OrderStory) -> str:
        """Everything the store has of what showed an order."""
        rows = text("SELECT * FROM live_activities WHERE order_id = :order_id")
        return str(await run_sql(self.stage.settings.database_url, rows, {"order_id": order.order_id}))

    async def is_clear(self, order: OrderStory) -> bool:
        """Whether nothing of the order is shown any more."""
        return not await self.stage.store.live_activities(order.order_id)


@pytest.fixture
async def phone(city: City) -> IPhone:
    return await IPhone.of_a_customer(city)


async def shown_order(city: City, phone: IPhone) -> OrderStory:
    """An order that is on the screen."""
    order = city.order(phone.owner, linger_seconds=60)
    await order.becomes(PLACED)
    await phone.hands_in_its_token(order)
    assert phone.shown == ["start"]
    return order


async def sweep(stage: Stage) -> None:
    stage.clock.passes(61)
    await stage.client.execute_workflow(
        Sweep.run, id=f"sweep-{uuid4()}", task_queue=ORDERS_QUEUE, execution_timeout=timedelta(minutes=1)
    )


async def test_an_order_is_begun_updated_and_ended_on_the_lock_screen(city: City, phone: IPhone) -> None:
    order = await shown_order(city, phone)

    await order.becomes(PREPARING, READY)
    await order.passes(61)
    assert phone.shown == ["start", "update"], "news that can wait rings nowhere"
    await order.becomes(OUT)
    assert sorted(phone.shown[2:]) == ["alert", "update"]
    await order.becomes(DELIVERED)

    assert sorted(phone.shown[4:]) == ["alert", "end"]
    assert await phone.is_clear(order)
    await order.passes(61)
    assert await order.status() == "COMPLETED"


async def test_until_the_app_has_handed_in_its_token_news_comes_as_alerts(city: City, phone: IPhone) -> None:
    order = city.order(phone.owner)
    await order.becomes(PLACED)

    await order.becomes(OUT)

    assert phone.shown == ["start", "alert"]


async def test_an_activity_that_was_swiped_away_gives_its_place_back_to_alerts(
    city: City, phone: IPhone
) -> None:
    order = await shown_order(city, phone)
    city.fails(Fault(kind="dead", provider="apns", address=phone.live_token))

    await order.becomes(PREPARING)
    await order.passes(61)
    city.fails()
    await order.becomes(OUT)

    assert phone.shown == ["start", "alert", "alert"]
    assert await order.lines(phone.owner) == {"push": "SENT", "sms": None, "email": None, "in_app": None}


async def test_a_phone_that_wants_no_activities_any_more_gets_alerts(city: City, phone: IPhone) -> None:
    city.fails(Fault(kind="dead", provider="apns", address=phone.start_token))
    order = city.order(phone.owner)

    await order.becomes(PLACED)

    assert phone.shown == ["alert"]


async def test_a_cancelled_order_is_ended_at_once(city: City, phone: IPhone) -> None:
    order = await shown_order(city, phone)

    await order.becomes(CANCELLED)

    assert sorted(phone.shown[1:]) == ["alert", "end"]
    assert await phone.is_clear(order)


async def test_ending_is_tried_until_apple_takes_it(city: City, phone: IPhone) -> None:
    order = await shown_order(city, phone)
    city.fails(Fault(kind="error", provider="apns", address=phone.live_token, status=503))
    await order.becomes(DELIVERED)
    assert "end" not in phone.shown
    city.fails()

    await order.passes(30)

    assert phone.shown[-1] == "end"
    assert await phone.is_clear(order)


async def test_an_ending_that_apple_never_takes_is_said_in_the_log(
    city: City, phone: IPhone, caplog: pytest.LogCaptureFixture
) -> None:
    order = await shown_order(city, phone)
    city.fails(Fault(kind="refuse", provider="apns", address=phone.live_token))

    await order.becomes(DELIVERED)

    begun = phone.begun_by(order).activity_id
    (said,) = [line for line in caplog.messages if "is not ended" in line]
    assert said.startswith(
        f"live activity {begun} of order {order.order_id} is not ended: APNs PayloadTooLarge"
    )
    assert phone.live_token not in caplog.text
    assert await phone.is_clear(order), "it is not tried again"


async def test_an_ending_that_apple_has_not_taken_goes_on_in_the_orders_next_run(
    city: City, phone: IPhone
) -> None:
    order = await shown_order(city, phone)
    city.fails(Fault(kind="error", provider="apns", address=phone.live_token, status=503))
    delivered = order.event(DELIVERED, occurred_at=await order.timestamp())
    await order.hears(delivered)
    first_run = await run_of(order)

    await hears_often(order, delivered, SIGNALS_A_RUN)
    assert await run_of(order) != first_run
    assert "end" not in phone.shown
    city.fails()
    await order.passes(61)

    assert phone.shown[-1] == "end"
    assert await phone.is_clear(order)
    assert await order.status() == "COMPLETED"


async def test_an_order_that_is_given_up_is_ended(city: City, phone: IPhone) -> None:
    order = await shown_order(city, phone)

    await order.passes(timedelta(days=31).total_seconds())

    assert phone.shown == ["start", "end"]
    assert await phone.is_clear(order)
    assert await order.status() == "FAILED"


@pytest.mark.parametrize("way", ["terminated", "cancelled"])
async def test_an_order_that_an_operator_stops_is_ended_by_the_sweep(
    city: City, phone: IPhone, way: str
) -> None:
    order = await shown_order(city, phone)
    await (order.handle.terminate() if way == "terminated" else order.handle.cancel())
    await order.settles()

    await sweep(city.stage)

    assert phone.shown == ["start", "end"]
    assert await phone.is_clear(order)


async def test_an_order_whose_client_gave_it_too_little_time_is_ended_by_the_sweep(
    city: City, phone: IPhone
) -> None:
    order = city.order(phone.owner)
    await order.is_started(execution_timeout=timedelta(hours=1))
    await order.becomes(PLACED)
    await phone.hands_in_its_token(order)

    await order.skip(3601)
    with pytest.raises(WorkflowFailureError):
        await order.ends()
    assert await order.status() == "TIMED_OUT"

    await sweep(city.stage)

    assert phone.shown == ["start", "end"]
    assert await phone.is_clear(order)


async def test_a_token_that_is_handed_in_after_the_order_ended_is_ended_by_the_sweep(
    city: City, phone: IPhone
) -> None:
    order = city.order(phone.owner, linger_seconds=0)
    await order.becomes(PLACED)
    await order.becomes(DELIVERED)
    await order.ends()
    await phone.hands_in_its_token(order)

    await sweep(city.stage)

    assert phone.shown[-1] == "end"
    assert await phone.is_clear(order)


async def test_the_sweep_leaves_an_open_order_on_the_screen(city: City, phone: IPhone) -> None:
    order = await shown_order(city, phone)

    await sweep(city.stage)

    assert phone.shown == ["start"]
    assert not await phone.is_clear(order)


async def test_whoever_is_erased_has_their_order_taken_off_the_screen(city: City, phone: IPhone) -> None:
    order = await shown_order(city, phone)

    await phone.owner_is_erased()
    assert phone.token not in await phone.what_is_kept(order)
    await sweep(city.stage)

    assert phone.shown == ["start", "end"]
    left = phone.pushes[-1]["aps"]
    assert left["dismissal-date"] < left["timestamp"], "it leaves at once"
    assert await phone.what_is_kept(order) == "[]"
    await order.becomes(OUT, DELIVERED)
    await order.passes(61)
    assert phone.shown == ["start", "end"]
    assert await order.status() == "COMPLETED"


async def test_an_order_that_ends_before_the_sweep_comes_clears_the_screen_of_whoever_was_erased(
    city: City, phone: IPhone
) -> None:
    order = await shown_order(city, phone)
    await phone.owner_is_erased()

    await order.becomes(DELIVERED)

    assert phone.shown == ["start", "end"]
    assert await phone.what_is_kept(order) == "[]"


async def test_who_was_not_erased_keeps_the_same_order_on_the_screen(city: City, phone: IPhone) -> None:
    order, other = await shown_order(city, phone), await IPhone.of_a_customer(city, 2)
    await order.hears(order.event(PREPARING, customer_id=other.owner.id))
    await order.passes(61)
    await other.hands_in_its_token(order)

    await phone.owner_is_erased()
    await sweep(city.stage)

    assert (phone.shown, other.shown) == (["start", "end"], ["start"])


async def test_no_token_of_an_activity_is_in_any_history(city: City, phone: IPhone) -> None:
    order = await shown_order(city, phone)
    await order.becomes(DELIVERED)

    kept = await city.stage.everything_temporal_knows_of(order.order_id)

    assert not [
        token for token in (phone.token, phone.start_token, phone.live_token) if token.encode() in kept
    ]
