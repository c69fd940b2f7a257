"""Recipients are read as they were loaded, without gone addresses, and with the row that a send needs."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from activities.store import Store
from domain.channels import Channel
from domain.consents import RECIPIENT, By
from domain.editing import adding
from domain.outcomes import Gone
from domain.recipients import Address, Device, Kind
from domain.status import Role, Status
from tests.store.stage import MINUTE, NOON, PUSH, SMS, Stage, batch, somebody

TOKEN_1 = Address(Channel.PUSH, "tok-1", "android", "production")
PHONE = Address(Channel.SMS, "+15550100")


async def test_a_recipient_is_read_as_loaded(stage: Stage) -> None:
    someone = somebody(
        "c-1",
        locale="de",
        time_zone="America/New_York",
        devices=[
            {"platform": "ios", "token": "tok-9", "environment": "sandbox"},
            {"platform": "android", "token": "tok-1"},
        ],
        preferences={"OUT_FOR_DELIVERY": {"sms": "on"}, "PREPARING": {"push": "off", "email": "fallback"}},
        quiet_hours={"start": "22:00", "end": "07:00"},
    )
    await stage.store.load([someone])

    assert await stage.store.find("c-1") == someone


async def test_a_recipient_without_anything_is_read_as_loaded(stage: Stage) -> None:
    someone = somebody("c-1", email=None, phone=None, devices=[])
    await stage.store.load([someone])

    assert await stage.store.find("c-1") == someone


async def test_an_id_that_nobody_loaded_is_nobody(stage: Stage) -> None:
    assert await stage.store.find("c-unknown") is None


async def test_loading_again_replaces_everything(stage: Stage) -> None:
    await stage.store.load([somebody(preferences={"PLACED": {"sms": "on"}}, phone="+15550101")])
    now = somebody(phone=None, devices=[{"platform": "android", "token": "tok-3"}])
    await stage.store.load([now])

    assert await stage.store.find("c-42") == now


async def test_of_somebody_listed_twice_the_last_word_counts(stage: Stage) -> None:
    twice = [{"platform": "android", "token": "tok-1"}] * 2
    await stage.store.load([somebody("c-1"), somebody("c-1", phone="+15550101", devices=twice)])

    found = await stage.store.find("c-1")
    assert found is not None
    assert found.phone == "+15550101"
    assert [device.token for device in found.devices] == ["tok-1"]


async def test_loading_nobody_is_no_trouble(stage: Stage) -> None:
    await stage.store.load([])


async def test_a_push_token_may_be_as_long_as_its_provider_likes(stage: Stage) -> None:
    long = "".join(f"{number:x}" for number in range(2000))[:4096]
    await stage.store.load([somebody(devices=[{"platform": "android", "token": long}])])

    found = await stage.store.find("c-42")
    assert found is not None
    assert found.devices[0].token == long


async def test_a_gone_address_is_not_used_and_not_forgotten(stage: Stage) -> None:
    devices = [{"platform": "android", "token": token} for token in ("tok-1", "tok-2")]
    await stage.store.load([somebody(devices=devices)])
    await stage.store.mark_gone("c-42", TOKEN_1, Gone("unregistered"))

    found = await stage.store.find("c-42")
    assert found is not None
    assert [device.token for device in found.devices] == ["tok-2"]
    [gone] = await stage.store.gone("c-42")
    assert (gone.address, gone.reason) == (TOKEN_1, "unregistered")


async def test_gone_is_said_of_one_address_of_one_recipient(stage: Stage) -> None:
    await stage.store.load([somebody("c-1")])
    await stage.store.mark_gone("c-42", PHONE, Gone("no such number"))

    found, other = await stage.store.find("c-42"), await stage.store.find("c-1")
    assert found is not None
    assert other is not None
    assert (found.phone, found.email, len(found.devices)) == (None, "ana@example.org", 2)
    assert other.phone == "+15550100"


async def test_an_address_given_anew_is_alive_again(stage: Stage) -> None:
    await stage.store.mark_gone("c-42", PHONE, Gone("no such number"))
    await stage.store.load([somebody()])

    assert await stage.store.find("c-42") == somebody()
    assert await stage.store.gone("c-42") == ()


async def test_the_envelope_holds_all_a_send_needs(stage: Stage) -> None:
    told = batch(Status.OUT_FOR_DELIVERY, facts={"eta_minutes": 12, "merchant_name": "Burger Barn"})
    await stage.plan(told)
    await stage.store.mark_gone("c-42", TOKEN_1, Gone("unregistered"))

    envelope = await stage.store.envelope(told.message_id(PUSH))

    assert envelope is not None
    assert (envelope.message_id, envelope.order_id) == (told.message_id(PUSH), "A17")
    assert (envelope.channel, envelope.role, envelope.path) == (
        PUSH,
        Role.CUSTOMER,
        (Status.OUT_FOR_DELIVERY,),
    )
    assert envelope.facts == {"eta_minutes": 12, "merchant_name": "Burger Barn"}
    assert (envelope.priority, envelope.deadline) == (1, told.deadline)
    assert (envelope.status, envelope.reason, envelope.provider) == ("PENDING", None, None)
    assert (envelope.failures, envelope.first_failed_at) == (0, None)
    assert [address.value for address in envelope.recipient.addresses(PUSH)] == ["tok-2"]
    assert [address.value for address in envelope.recipient.addresses(SMS)] == ["+15550100"]


async def test_the_envelope_of_somebody_nobody_loaded_has_no_address(stage: Stage) -> None:
    told = batch(Status.PLACED, recipient_id="c-unknown")
    await stage.plan(told)

    envelope = await stage.store.envelope(told.message_id(PUSH))

    assert envelope is not None
    assert envelope.recipient.recipient_id == "c-unknown"
    assert envelope.recipient.addresses(PUSH) == ()


async def test_there_is_no_envelope_without_a_row(stage: Stage) -> None:
    assert await stage.store.envelope("no-such-id") is None


async def test_the_inbox_lists_the_newest_first(stage: Stage) -> None:
    await stage.plan(batch(Status.PLACED))
    await stage.plan(batch(Status.OUT_FOR_DELIVERY, number=2))

    messages = await stage.store.inbox("c-42")
    assert [message.text.strip() for message in messages] == ["OUT_FOR_DELIVERY", "PLACED"]
    assert messages[1].created_at == NOON


IPHONE = Device(platform="ios", token="tok-2", live_activity_token="5747")  # noqa: S106 a device's
TOKEN_2 = Address(PUSH, "tok-2", "ios", "production")
START = Address(PUSH, "5747", "ios", "production", Kind.LIVE_START)
BY_HERSELF = By(RECIPIENT, "PUT /v1/me/devices")


class Phone:
    """The iPhone of c-42, and what it still gets; the time is what a test says."""

    def __init__(self, store: Store, clock: list[datetime]) -> None:
        self.store, self._clock = store, clock

    async def registers(self, minute: int) -> None:
        self._clock[0] = NOON + minute * MINUTE
        change = self.store.people.change
        assert await change("c-42", adding(IPHONE), BY_HERSELF, registers=IPHONE)

    async def is_found_dead(self, minute: int | None, address: Address = TOKEN_2) -> None:
        """What Apple says, which may have found out long before we ask."""
        since = None if minute is None else NOON + minute * MINUTE
        await self.store.mark_gone("c-42", address, Gone("unregistered", since=since))

    async def gets(self) -> set[str]:
        person = await self.store.find("c-42")
        assert person
        tokens = {device.token: "alerts" for device in person.devices}
        starts = {device.live_activity_token: "live activities" for device in person.devices}
        return {what for token, what in {**tokens, **starts}.items() if token in {"tok-2", "5747"}}


@pytest.fixture
async def phone(url: str) -> AsyncIterator[Phone]:
    clock = [NOON]
    async with Store(url, lambda: clock[0]) as store:
        await store.load([somebody()])
        yield Phone(store, clock)


async def test_a_token_found_dead_after_it_was_registered_is_gone(phone: Phone) -> None:
    await phone.registers(minute=1)

    await phone.is_found_dead(minute=2)

    assert await phone.gets() == set()


async def test_a_token_registered_again_since_it_was_found_dead_is_kept(phone: Phone) -> None:
    await phone.registers(minute=1)
    await phone.registers(minute=3)

    await phone.is_found_dead(minute=2)
    assert await phone.gets() == {"alerts", "live activities"}
    assert await phone.store.gone("c-42") == ()

    await phone.is_found_dead(minute=None)
    assert await phone.gets() == set(), "not every provider says since when"


async def test_a_dead_token_that_its_device_gives_again_is_alive_and_stays_so(phone: Phone) -> None:
    await phone.registers(minute=1)
    await phone.is_found_dead(minute=2)
    await phone.registers(minute=3)

    await phone.is_found_dead(minute=2)

    assert await phone.gets() == {"alerts", "live activities"}


async def test_a_list_with_a_token_says_nothing_of_when_it_was_registered(phone: Phone) -> None:
    await phone.registers(minute=2)
    await phone.store.load([somebody(devices=[IPHONE])])
    await phone.store.people.change(
        "c-42", lambda person: person.model_copy(update={"locale": "es"}), BY_HERSELF
    )

    await phone.is_found_dead(minute=1)
    assert await phone.gets() == {"alerts", "live activities"}
    await phone.is_found_dead(minute=3)
    assert await phone.gets() == set()


async def test_of_a_token_that_only_a_list_had_it_is_believed_that_it_is_dead(phone: Phone) -> None:
    await phone.store.load([somebody(devices=[IPHONE])])

    await phone.is_found_dead(minute=-1_000_000)

    assert await phone.gets() == set()


async def test_the_same_token_of_somebody_else_is_registered_by_them_alone(phone: Phone) -> None:
    await phone.store.load([somebody("c-43", devices=[IPHONE])])
    await phone.registers(minute=3)

    await phone.store.mark_gone("c-43", TOKEN_2, Gone("unregistered", since=NOON))

    other = await phone.store.find("c-43")
    assert other
    assert other.devices == ()
    assert "alerts" in await phone.gets()


async def test_a_start_token_given_again_since_it_was_found_dead_is_kept(phone: Phone) -> None:
    await phone.registers(minute=3)

    await phone.is_found_dead(2, START)
    assert await phone.gets() == {"alerts", "live activities"}
    await phone.is_found_dead(4, START)
    assert await phone.gets() == {"alerts"}
