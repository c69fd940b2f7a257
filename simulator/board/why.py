"""Why a channel told or did not tell: the one place that the board's sentences about it come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.channels import Channel
from domain.ledger import TOLD, UNSETTLED, NotificationStatus
from domain.telling import Verdict
from domain.timeline import Line, ToldBatch
from simulator.board.attempts import Attempt

GOOD, TRYING, QUIET, BAD = "good", "trying", "quiet", "bad"
PROVIDERS = {"fcm": "FCM", "apns": "APNs", "twilio": "Twilio", "smtp": "the mail relay", "ses": "Amazon SES"}

_N = NotificationStatus
_NOT_TOLD = {
    _N.FAILED: "Not told: {reason}.",
    _N.SUPPRESSED: "Held back: {reason}.",
    _N.EXPIRED: "Too late to be of use: {reason}.",
    _N.SUPERSEDED: "Not sent: {reason}.",
    _N.UNKNOWN: "May have arrived, so it is not sent twice: {reason}.",
}


@dataclass(frozen=True, slots=True)
class Why:
    """What became of a batch on one channel. ``until``: when it goes on, where it waits for something."""

    channel: Channel
    mood: str
    word: str
    sentence: str
    until: datetime | None = None


def why(line: Line, batch: ToldBatch, attempts: Mapping[str, Attempt]) -> Why:
    """Say it for one channel of a batch."""
    if line.status is None:
        return _not_used(line)
    if line.status in TOLD:
        return Why(line.channel, GOOD, str(line.status).lower(), _told(line, batch))
    if line.status in UNSETTLED:
        return _under_way(line, attempts.get(line.message_id or ""))
    mood = QUIET if line.status is _N.SUPERSEDED else BAD
    reason = line.reason or "no reason was given"
    return Why(line.channel, mood, str(line.status).lower(), _NOT_TOLD[line.status].format(reason=reason))


def _not_used(line: Line) -> Why:
    if line.verdict is Verdict.HELD:
        return Why(line.channel, QUIET, "in reserve", "Kept for when another channel fails.")
    return Why(line.channel, QUIET, "off", "Not wanted here for this status.")


def _told(line: Line, batch: ToldBatch) -> str:
    if line.channel is Channel.IN_APP:
        return "In the inbox from the moment it was decided."
    by = f"{PROVIDERS.get(line.provider or '', line.provider or 'the provider')}"
    has_it = f"{by} delivered it." if line.status is _N.DELIVERED else f"{by} has it."
    if line.verdict is Verdict.HELD:
        failed = [other.channel for other in batch.channels if other.status is _N.FAILED]
        instead = f"Took over from {', '.join(failed)}: " if failed else "Took over: "
        return f"{instead}{has_it}"
    return has_it[0].upper() + has_it[1:]


def _under_way(line: Line, attempt: Attempt | None) -> Why:
    if attempt is None or not attempt.failed_with:
        return Why(line.channel, TRYING, "sending", "On its way to the provider.")
    sentence = f"{attempt.failed_with}. Tries again, for the {_nth(attempt.number)} time,"
    return Why(line.channel, TRYING, "retrying", sentence, attempt.next_at)


def _nth(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")
