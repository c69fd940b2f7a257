"""What a provider's answer means to an operator, and which setting or page to look at next."""

from collections.abc import Mapping
from typing import assert_never

from domain.outcomes import Accepted, Gone, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address
from operating.remedies import REMEDIES

# By the platform of a device, or the channel.
_ARRIVES: Mapping[str, str] = {
    "ios": "Look at the device. If it stays silent: does it allow notifications of the app, without a Focus?",
    "android": "Look at the device. If it stays silent: does it allow notifications of the app?",
    "sms": "Look at the phone. If nothing comes, the log in Twilio's console says why, by the reference.",
    "email": (
        "Look into the mailbox, then into its spam. If nothing comes, look for the reference in the relay's"
        " log or Amazon's events; bounces go to EMAIL_FROM."
    ),
}


def answer_of(outcome: Outcome) -> str:
    """Which of the outcomes it is, and the provider's reason or reference."""
    match outcome:
        case Accepted(reference):
            return f"accepted, its reference there is {reference}"
        case Refused(reason):
            return f"refused: {reason}"
        case Gone(reason):
            return f"gone: {reason}"
        case TryLater(reason, wait, ours):
            after = "" if wait is None else f", in {wait:.0f} s at the earliest"
            return f"our own mistake: {reason}" if ours else f"try later: {reason}{after}"
        case Unknown(reason):
            return f"unknown: {reason}"
    assert_never(outcome)


def meaning_of(outcome: Outcome) -> str:
    """What such an answer says, and what would follow for a recipient's news."""
    match outcome:
        case Accepted():
            return "The provider has it. Whether it arrives it does not say yet."
        case Refused():
            return "Nothing was sent: the provider never takes this message. News would go another way."
        case Gone(opted_out=True):
            return (
                "Nothing was sent: its owner wants nothing there. Nor would a recipient get anything there."
            )
        case Gone():
            return "Nothing was sent: the address is dead, or not of ours. A recipient's would be given up."
        case TryLater(ours=True):
            return "Nothing was sent: something on our side has to be put right. News would go another way."
        case TryLater():
            return "Nothing was sent: the provider cannot take it now. A worker would try again by itself."
        case Unknown():
            return "The call went out, but no answer that we understand came back. It may arrive or not."
    assert_never(outcome)


def next_step(outcome: Outcome, provider: str, address: Address) -> str:
    """What to do: the remedy of this very reason, or what is always worth a look."""
    settings = f"the settings {provider.partition('_')[0].upper()}_... in docs/settings.md"
    match outcome:
        case Accepted():
            return _ARRIVES[address.platform or address.channel]
        case Unknown():
            return f"Look whether it arrives before you send another. If this goes on, look at {settings}."
        case Refused(reason) | Gone(reason):
            return _remedy(reason) or "Check --to, and what the provider's own pages say of this answer."
        case TryLater(reason, ours=True):
            return _remedy(reason) or f"Look at {settings}, and at the provider's own page of this answer."
        case TryLater(reason):
            return (
                _remedy(reason) or "Try again in a minute. If this goes on, see the provider's status page."
            )
    assert_never(outcome)


def _remedy(reason: str) -> str | None:
    fits = [beginning for beginning in REMEDIES if reason.startswith(beginning)]
    return REMEDIES[max(fits, key=len)] if fits else None
