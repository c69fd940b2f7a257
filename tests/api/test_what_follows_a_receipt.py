"""What an order does next when a provider says what became of what it took: PROVIDERS.md, sections 2 and 5.

The receipt comes in over HTTP, signed. What did not arrive has failed on its channel, so that the order
goes to the next one that its recipient has; the stories show it go. None is sent again as it was: another
channel is sooner, and a copy cannot arrive beside it.
"""

from collections.abc import Callable
from typing import Any

import pytest

from activities.channels.twilio_codes import ERRORS, FAILURES
from domain.channels import Channel
from domain.outcomes import Gone
from domain.recipients import OptOut
from tests.answers import DEAD, NEXT_CHANNEL, OPERATOR, SILENCED, row
from tests.api.amazon import bounce, event
from tests.api.stage import EMAIL, SMS, Door

ARRIVED = "it has arrived"
READ = "it was read"
NOTHING = "nothing, it is still under way"
STATES = {"delivered": ARRIVED, "read": READ, "undelivered": NEXT_CHANNEL, "bounced": NEXT_CHANNEL}
ROWS = {NOTHING: "SENT", ARRIVED: "DELIVERED", READ: "READ", NEXT_CHANNEL: "FAILED"}
ANA = {SMS: "+15550100", EMAIL: "ana@example.org"}


async def follows(door: Door, told: str, channel: Channel, said: Callable[[], list[str]]) -> set[str]:
    """What the order was told to do next, which its row in the ledger must agree with."""
    states = [receipt.state for _, receipt in door.orders.told]
    (then,) = {STATES[state] for state in states} or {NOTHING}
    assert await door.status(told) == ROWS[then]
    opted_out = await door.store.opted_out_of(channel, ANA[channel]) is OptOut.EVERYTHING
    side_effects = {
        DEAD: bool(await door.store.gone("c-42")),
        SILENCED: opted_out,
        OPERATOR: any("needs an operator" in line for line in said()),
    }
    return {then, *(words for words, is_so in side_effects.items() if is_so)}


TWILIO = [
    row("queued", ("queued", ""), NOTHING),
    row("sending", ("sending", ""), NOTHING),
    row("sent", ("sent", ""), NOTHING),
    row("accepted", ("accepted", ""), NOTHING),
    row("scheduled", ("scheduled", ""), NOTHING),
    row("partially_delivered", ("partially_delivered", ""), NOTHING),
    row("delivered", ("delivered", ""), ARRIVED),
    row("read", ("read", ""), READ),
    row("canceled", ("canceled", ""), NEXT_CHANNEL),
    row("failed without a code", ("failed", ""), NEXT_CHANNEL),
    row("30001", ("failed", "30001"), NEXT_CHANNEL),
    row("30500", ("failed", "30500"), NEXT_CHANNEL),
    row("30036", ("undelivered", "30036"), NEXT_CHANNEL),
    row("30002", ("failed", "30002"), NEXT_CHANNEL, OPERATOR),
    row("30003", ("undelivered", "30003"), NEXT_CHANNEL),
    row("30004", ("undelivered", "30004"), NEXT_CHANNEL),
    row("30005", ("undelivered", "30005"), NEXT_CHANNEL, DEAD),
    row("30006", ("undelivered", "30006"), NEXT_CHANNEL, DEAD),
    row("30007", ("undelivered", "30007"), NEXT_CHANNEL),
    row("30008", ("undelivered", "30008"), NEXT_CHANNEL),
    row("a code that is new to us", ("undelivered", "63038"), NEXT_CHANNEL),
    # What a messaging service finds out after it took the text.
    row("21211", ("failed", "21211"), NEXT_CHANNEL, DEAD),
    row("21614", ("failed", "21614"), NEXT_CHANNEL, DEAD),
    row("21635", ("failed", "21635"), NEXT_CHANNEL, DEAD),
    row("21610", ("failed", "21610"), NEXT_CHANNEL, SILENCED),
    row("21611", ("failed", "21611"), NEXT_CHANNEL),
    row("21612", ("failed", "21612"), NEXT_CHANNEL, OPERATOR),
]


@pytest.mark.parametrize(("callback", "expected"), TWILIO)
async def test_after_a_callback_of_twilios(
    door: Door, said: Callable[[], list[str]], callback: tuple[str, str], expected: set[str]
) -> None:
    status, code = callback
    text = await door.sent(SMS)

    answer = await door.twilio_says(text, status, **({"ErrorCode": code} if code else {}))

    assert answer.status_code == 200
    assert await follows(door, text, SMS, said) == expected


def test_what_we_know_of_callbacks_by_name_has_its_row() -> None:
    marked = {code for code, outcome in ERRORS.items() if isinstance(outcome, Gone)}
    assert {str(code) for code in (*FAILURES, *marked)} <= {one.id for one in TWILIO}


def bounces(kind: str, subtypes: str, *then: str) -> list[Any]:
    return [row(f"Bounce {kind} {one}", ("Bounce", kind, one), *then) for one in subtypes.split()]


SES = [
    row("Send", ("Send",), NOTHING),
    row("DeliveryDelay", ("DeliveryDelay",), NOTHING),
    row("Click", ("Click",), NOTHING),
    row("Delivery", ("Delivery",), ARRIVED),
    row("Open", ("Open",), READ),
    row("Reject", ("Reject",), NEXT_CHANNEL),
    *bounces("Permanent", "General NoEmail Suppressed OnAccountSuppressionList", NEXT_CHANNEL, DEAD),
    *bounces("Transient", "General MailboxFull MessageTooLarge", NEXT_CHANNEL),
    *bounces("Transient", "ContentRejected AttachmentRejected", NEXT_CHANNEL),
    *bounces("Undetermined", "Undetermined", NEXT_CHANNEL),
    row("Complaint", ("Complaint",), ARRIVED, SILENCED),
    row("an event that is new to us", ("SomethingNew",), NOTHING),
]


@pytest.mark.parametrize(("happened", "expected"), SES)
async def test_after_an_event_of_amazons(
    door: Door, said: Callable[[], list[str]], happened: tuple[str, ...], expected: set[str]
) -> None:
    mail = await door.sent(EMAIL)
    kind, *details = happened

    answer = await door.ses_says(bounce(mail, *details) if details else event(kind, mail))

    assert answer.status_code == 200
    assert await follows(door, mail, EMAIL, said) == expected
