"""Explains an order in plain English: what was decided for every batch and channel, and by which rule.

Pure. What counts is what was written down when it was decided; where that is not enough, it says so.
"""

from collections.abc import Iterable, Sequence

from domain.channels import Channel
from domain.explaining_channels import Story, explain_channel
from domain.explanation import Because, ExplainedBatch, Explanation, Letter, Row, Rule, moment
from domain.status import Role, Status
from domain.timeline import Timeline, ToldBatch

FROM_BOTH = "the ledger and the order's own timeline"
_LEDGER_ALONE = (
    "the ledger alone: {why}. Which events were stale or repeated, and batches for which every channel was"
    " off, is known to the timeline only"
)
_Key = tuple[int, str, Role]


def explain(
    order_id: str,
    rows: Sequence[Row],
    told: Timeline | None,
    letters: Iterable[Letter] = (),
    *,
    no_timeline: str = "the order's timeline is gone",
) -> Explanation:
    """Explain an order by its rows and its timeline. ``no_timeline`` says why there is none."""
    return Explanation(
        order_id=order_id,
        status=told.status if told else _newest_status(rows),
        state=told.state if told else None,
        known_from=FROM_BOTH if told else _LEDGER_ALONE.format(why=no_timeline),
        batches=_batches(rows, told),
        events=_events(told) if told else [],
        dead_letters=[_dead_letter(letter) for letter in letters],
    )


def _batches(rows: Sequence[Row], told: Timeline | None) -> list[ExplainedBatch]:
    by_timeline = {(one.batch, one.recipient_id, one.role): one for one in (told.batches if told else ())}
    by_ledger: dict[_Key, list[Row]] = {}
    for row in rows:
        by_ledger.setdefault((row.batch, row.recipient_id, row.role), []).append(row)
    keys = dict.fromkeys([*by_timeline, *by_ledger])
    found = [_batch(key, by_ledger.get(key, []), rows, by_timeline.get(key)) for key in keys]
    return sorted(found, key=lambda batch: (batch.told_at, batch.batch, batch.role))


def _batch(key: _Key, rows: list[Row], every: Sequence[Row], told: ToldBatch | None) -> ExplainedBatch:
    number, recipient_id, role = key
    story = Story(rows, every, recipient_id, role, told)
    return ExplainedBatch(
        batch=number,
        recipient_id=recipient_id,
        role=role,
        statuses=list(story.path),
        told_at=told.told_at if told else story.planned.created_at,
        priority=told.priority if told else story.planned.priority,
        because=list(_why_then(story)),
        channels=[found for channel in Channel if (found := explain_channel(story, channel))],
    )


def _why_then(story: Story) -> Iterable[Because]:
    """Why a batch was told when it was, and in which words."""
    if story.told and story.told.note:
        yield Because(rule=Rule.TOLD_BEFORE, says=f"nothing was sent: {story.told.note}")
    hurried = [status for status in story.path if _is_told_at_once(status, story.role)]
    if hurried:
        says = f"told at once, with all that waited: {_listed(hurried)} does not wait"
        yield Because(rule=Rule.AT_ONCE, says=says)
    else:
        yield Because(rule=Rule.WINDOW, says=f"{_listed(story.path)} waited in the window for company")
    if story.told and story.told.held_for:
        queues = " and ".join(story.told.held_for)
        yield Because(rule=Rule.BEHIND, says=f"merged for longer: the queue of {queues} was behind")
    if len(story.path) > 1:
        yield Because(rule=Rule.PATH, says=f"told in the words of {' + '.join(story.path)}")
    yield Because(rule=Rule.USEFUL_FOR, says=f"of use until {moment(story.deadline)}")
    if any(row.redriven_by for row in story.rows):
        yield Because(rule=Rule.REDRIVE, says="told again out of a dead letter, by hand")


def _is_told_at_once(status: Status, role: Role) -> bool:
    told = status.rule.told.get(role)
    return told is not None and told.at_once


def _events(told: Timeline) -> list[Because]:
    """What was not told, or not yet."""
    waiting = [
        Because(
            rule=Rule.WINDOW,
            says=f"{one['status']} waits, to be told to {one['role']} {one['recipient_id']}",
        )
        for one in told.waiting
    ]
    stale = [
        Because(rule=Rule.STALE, says=f"{one.status} of event {one.event_id} was not told: {one.reason}")
        for one in told.stale
    ]
    if more := told.stale_in_all - len(told.stale):
        stale.append(Because(rule=Rule.STALE, says=f"{more} older ones were not told either"))
    repeats = [
        Because(rule=Rule.DUPLICATE, says=f"events that came again were told once: {told.duplicates} repeats")
    ]
    return [*waiting, *stale, *(repeats if told.duplicates else [])]


def _dead_letter(letter: Letter) -> Because:
    # What an operator wrote is theirs to read: the command for letters shows it.
    decided = f"decided on: {letter.resolution.partition(':')[0]}" if letter.resolution else "waits"
    where = f"starter.py dead-letters show {letter.dead_letter_id}"
    return Because(rule=Rule.DEAD_LETTER, says=f"{letter.reason} ({decided}; {where})")


def _newest_status(rows: Sequence[Row]) -> Status | None:
    newest = max(rows, key=lambda row: row.newest_at, default=None)
    return Status(newest.newest_status) if newest else None


def _listed(statuses: Sequence[Status]) -> str:
    return ", ".join(statuses) or "nothing"
