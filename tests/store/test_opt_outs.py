"""What the owner of an address does not want holds whoever gives us the address, until they say otherwise."""

from domain.channels import Channel, Reach
from domain.outcomes import Gone
from domain.recipients import Address, OptOut
from domain.status import Role, Status
from tests.store.stage import EMAIL, PUSH, SMS, Stage, somebody

NUMBER, MAILBOX = "+15550100", "ana@example.org"


async def reach(stage: Stage, channel: Channel, status: Status, recipient_id: str = "c-42") -> Reach:
    person = await stage.store.find(recipient_id)
    assert person
    return person.reach(status, channel, Role.CUSTOMER)


async def test_stop_switches_a_channel_off_for_everybody_with_that_number(stage: Stage) -> None:
    await stage.store.load([somebody("c-42"), somebody("c-43"), somebody("c-44", phone="+15550144")])

    await stage.store.opt_out(SMS, NUMBER, OptOut.EVERYTHING, "STOP")

    reaches = [await reach(stage, SMS, Status.DELIVERED, who) for who in ("c-42", "c-43", "c-44")]
    assert reaches == [Reach.OFF, Reach.OFF, Reach.ON]
    assert await reach(stage, EMAIL, Status.DELIVERED) is Reach.ON


async def test_what_was_opted_out_of_outlives_a_new_list_of_recipients(stage: Stage) -> None:
    await stage.store.opt_out(SMS, NUMBER, OptOut.EVERYTHING, "STOP")

    await stage.store.load([somebody(preferences={"DELIVERED": {"sms": "on"}})])

    assert await reach(stage, SMS, Status.DELIVERED) is Reach.OFF


async def test_start_brings_everything_back(stage: Stage) -> None:
    await stage.store.opt_out(SMS, NUMBER, OptOut.EVERYTHING, "STOP")
    await stage.store.opt_in(SMS, NUMBER)

    assert await reach(stage, SMS, Status.DELIVERED) is Reach.ON
    assert await stage.store.opted_out_of(SMS, NUMBER) is None


async def test_one_click_leaves_the_records(stage: Stage) -> None:
    await stage.store.opt_out(EMAIL, MAILBOX, OptOut.OPTIONAL, "one-click")

    assert await reach(stage, EMAIL, Status.NEARBY) is Reach.OFF
    assert await reach(stage, EMAIL, Status.PLACED) is Reach.ON


async def test_the_last_word_counts(stage: Stage) -> None:
    await stage.store.opt_out(EMAIL, MAILBOX, OptOut.EVERYTHING, "complaint")
    await stage.store.opt_out(EMAIL, MAILBOX, OptOut.OPTIONAL, "preference page")

    assert await stage.store.opted_out_of(EMAIL, MAILBOX) is OptOut.OPTIONAL


async def test_a_provider_that_names_an_opt_out_is_taken_at_its_word(stage: Stage) -> None:
    await stage.store.mark_gone("c-42", Address(SMS, NUMBER), Gone("answered STOP", opted_out=True))

    assert await stage.store.opted_out_of(SMS, NUMBER) is OptOut.EVERYTHING
    assert await stage.store.gone("c-42") == (), "the number works, and START brings it back"


async def test_the_one_address_of_a_channel_is_known_until_it_is_gone(stage: Stage) -> None:
    assert await stage.store.address_of("c-42", EMAIL) == MAILBOX

    await stage.store.mark_only_one_gone("c-42", EMAIL, "bounced")

    assert await stage.store.address_of("c-42", EMAIL) is None
    assert await stage.store.address_of("c-42", SMS) == NUMBER
    assert [one.reason for one in await stage.store.gone("c-42")] == ["bounced"]
    assert await stage.store.address_of("nobody", PUSH) is None
