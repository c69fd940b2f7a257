"""What Twilio's error codes mean to us, when sending and in status callbacks alike.

Errors: https://www.twilio.com/docs/api/errors, of which these tables hold what messages can meet.
"""

import re
from collections.abc import Mapping

from domain.outcomes import Gone, Outcome, Refused, TryLater, Unknown


def ours(reason: str) -> TryLater:
    """Something that an operator has to put right."""
    return TryLater(reason, ours=True)


# Only a "no" about this very message or number is a refusal. A wrong sender or token is our fault, which
# is also what lets the account's next sender try: Gone and Unknown end the matter for all of them.
ERRORS: Mapping[int, Outcome] = {
    20003: ours("Twilio 20003: credentials"),
    20004: ours("Twilio 20004: method not allowed"),
    20404: ours("Twilio 20404: wrong account or base URL"),
    20429: TryLater("Twilio 20429: too many requests"),
    # A repeat is safe only if nothing was sent: Twilio says so of 20503, but not of 20500.
    20500: Unknown("Twilio 20500: server error"),
    20503: TryLater("Twilio 20503: unavailable"),
    21211: Gone("Twilio 21211: not a phone number"),
    21408: ours("Twilio 21408: region not enabled"),
    21602: Refused("Twilio 21602: no body"),
    21606: ours("Twilio 21606: sender cannot send texts"),
    21608: ours("Twilio 21608: trial account, number not verified"),
    21609: ours("Twilio 21609: PUBLIC_URL is not one that Twilio calls"),
    # Of this sender or service alone. To its owner it is us who were told to stop, whichever number we use.
    21610: Gone("Twilio 21610: the recipient answered STOP", opted_out=True),
    21611: TryLater("Twilio 21611: the sender's queue is full"),
    21612: ours("Twilio 21612: sender cannot reach this number"),
    21614: Gone("Twilio 21614: not a mobile number"),
    21617: Refused("Twilio 21617: over 1600 characters"),
    21624: Refused("Twilio 21624: bad validity period"),
    21635: Gone("Twilio 21635: a landline"),
    21659: ours("Twilio 21659: not a number of this account"),
    21660: ours("Twilio 21660: number and account do not match"),
    30002: ours("Twilio 30002: account suspended"),
    90007: Refused("Twilio 90007: bad validity period"),
}

# What only a callback says of a text that was accepted. None of them is sent again by itself: the order
# goes to its next channel, which is sooner there and cannot arrive beside a copy of its own.
FAILURES: Mapping[int, str] = {
    30001: "queue overflow",
    30003: "unreachable",
    30004: "blocked for this number",
    30005: "unknown number",
    30006: "a landline or unreachable carrier",
    30007: "filtered",
    30008: "unknown error",
    30036: "not sent within its validity period",
    30500: "server error",
}
# 30003 is often a handset that is off: no reason to give its number up.
DEAD_NUMBERS = frozenset({30005, 30006})


def failure(code: int) -> str:
    """Say why a text did not arrive, as a short fixed phrase."""
    if isinstance(outcome := ERRORS.get(code), Gone | Refused | TryLater):
        return outcome.reason
    return f"Twilio {code}: {FAILURES[code]}" if code in FAILURES else f"Twilio {code}"


def gone_of(code: int) -> Gone | None:
    """Whether the number is to blame for a text that did not arrive, and how."""
    if code in DEAD_NUMBERS:
        return Gone(failure(code))
    outcome = ERRORS.get(code)
    return outcome if isinstance(outcome, Gone) else None


def needs_an_operator(code: int) -> bool:
    """Whether a text did not arrive for something that is ours to put right: the next will not either."""
    outcome = ERRORS.get(code)
    return isinstance(outcome, TryLater) and outcome.ours


def code_of(value: object) -> int | None:
    """Read a code, a number in JSON and digits in a form. None for anything else."""
    return int(str(value)) if re.fullmatch("[1-9][0-9]{4}", str(value)) else None
