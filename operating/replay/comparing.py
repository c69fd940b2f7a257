"""Compares what was told with what would be told today: who, on which channel, in which words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel

from domain.channels import Channel
from domain.explanation import moment
from domain.messages import Words
from domain.status import Role, Status
from domain.telling import Decision, Verdict
from operating.replay.recorded import Recorded
from operating.replay.told import Key, Said, Telling

_OFF = Said(Decision(verdict=Verdict.OFF))
_NOTHING = "nothing"
_NOT_SENT = {
    Verdict.OFF: "nothing: switched off",
    Verdict.HELD: "nothing, unless another channel fails",
    Verdict.REFUSED: "nothing: {reason}",
    Verdict.SUPPRESSED: "nothing, held back: {reason}",
    Verdict.EXPIRED: "nothing: {reason}",
}
# Why nothing is said matters in these; in others there is nothing to say of it.
_HAS_A_REASON = frozenset({Verdict.REFUSED, Verdict.SUPPRESSED, Verdict.EXPIRED})


class Difference(BaseModel):
    """One thing that would be told differently. No ``channel``: it is of the whole batch.

    ``event_id`` is that of the newest news of the batch, of which ``status`` is the status.
    """

    recipient_id: str
    role: Role
    status: Status
    event_id: str
    channel: Channel | None = None
    then: str
    now: str


@dataclass
class Compared:
    """What the comparison of an order came to. ``unknown``: messages of whose words there is no record."""

    same: int = 0
    unknown: int = 0
    differences: list[Difference] = field(default_factory=list)


def compare(
    then: Mapping[Key, Telling],
    now: Mapping[Key, Telling],
    recorded: Recorded,
    arrived: Mapping[str, datetime],
    waiting: Iterable[str],
) -> Compared:
    """Compare batch by batch. What waits on either side is left out."""
    compared, undecided = Compared(), set(waiting) | _still_waited(then, recorded, arrived)
    for key in (*then, *(key for key in now if key not in then)):
        before, after = then.get(key), now.get(key)
        told = before or after
        if told is None or _waits(key, before, after, undecided):
            continue
        for differing in _of_the_batch(before, after):
            compared.differences.append(_difference(told, None, *differing))
        for channel in Channel:
            _compare_one(compared, told, channel, _on(before, channel), _on(after, channel), then, now)
    return compared


def _waits(key: Key, before: Telling | None, after: Telling | None, undecided: set[str]) -> bool:
    return (before is None or after is None) and key.event_id in undecided


def _still_waited(
    then: Mapping[Key, Telling], recorded: Recorded, arrived: Mapping[str, datetime]
) -> set[str]:
    """The events that waited for a window when the history was taken."""
    if (until := recorded.waits_until) is None:
        return set()
    since = until - recorded.desk.window
    told = {event for telling in then.values() for event in telling.events}
    return {event for event, at in arrived.items() if at >= since and event not in told}


def _on(telling: Telling | None, channel: Channel) -> Said | None:
    """A channel of a batch; None where it was told again by hand, of which history and rules say nothing."""
    if telling is None:
        return _OFF
    if any(row.channel is channel and row.redriven_by for row in telling.rows):
        return None
    return telling.channels.get(channel, _OFF)


def _of_the_batch(before: Telling | None, after: Telling | None) -> Iterator[tuple[str, str]]:
    if before is None or after is None:
        return
    if before.priority != after.priority:
        yield f"priority {before.priority}", f"priority {after.priority}"
    if before.deadline != after.deadline:
        yield f"of use until {moment(before.deadline)}", f"of use until {moment(after.deadline)}"


def _compare_one(
    compared: Compared,
    told: Telling,
    channel: Channel,
    before: Said | None,
    after: Said | None,
    then: Mapping[Key, Telling],
    now: Mapping[Key, Telling],
) -> None:
    if before is None or after is None or not _differ(before, after):
        compared.same += bool(before and before.is_told)
        compared.unknown += bool(before and before.is_told and before.words is None)
        return
    said = _put(before, _goes_with(told, then)), _put(after, _goes_with(told, now))
    compared.differences.append(_difference(told, channel, *said))


def _differ(before: Said, after: Said) -> bool:
    if before is _OFF or after is _OFF:
        # A batch that told nobody anything has no rows, and one that is not there tells nobody either.
        return before.is_told or after.is_told
    one, other = before.decision, after.decision
    if one.verdict is not other.verdict:
        return True
    if one.verdict in _HAS_A_REASON:
        return one.reason != other.reason
    if before.is_told and before.path != after.path:
        return True
    return bool(before.words and after.words and _spoken(before.words) != _spoken(after.words))


def _put(said: Said, goes_with: str | None) -> str:
    """What somebody hears, or why they do not."""
    if said.is_told or (said.words and said.decision.verdict is Verdict.HELD):
        path = " > ".join(said.path)
        return f'"{_spoken(said.words)}"' if said.words else f"{path}, in words that nobody kept"
    if said is _OFF and goes_with:
        return goes_with
    return _NOT_SENT[said.decision.verdict].format(reason=said.decision.reason)


def _goes_with(told: Telling, others: Mapping[Key, Telling]) -> str:
    """Where the news of a batch is that is not there."""
    if told.key in others:
        return _NOT_SENT[Verdict.OFF]
    for other in others.values():
        is_theirs = (other.key.recipient_id, other.key.role) == (told.key.recipient_id, told.key.role)
        if is_theirs and told.key.event_id in other.events:
            return f"nothing of its own: told with {other.newest}"
    return _NOTHING


def _spoken(words: Words) -> str:
    return f"{words.title}: {words.text}"


def _difference(told: Telling, channel: Channel | None, then: str, now: str) -> Difference:
    return Difference(
        recipient_id=told.key.recipient_id,
        role=told.key.role,
        status=told.newest,
        event_id=told.key.event_id,
        channel=channel,
        then=then,
        now=now,
    )
