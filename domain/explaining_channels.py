"""Explains one channel of a batch: how it ended, by whose wish, and what it was told instead of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.channels import DEFAULT_GRID, FALLBACK_ORDER, Channel, Reach
from domain.explaining_ends import how_it_ended
from domain.explanation import Because, ExplainedChannel, Row, Rule
from domain.recipients import OPTED_OUT
from domain.status import Role, Status
from domain.telling import Verdict
from domain.timeline import Line, ToldBatch


@dataclass(frozen=True)
class Story:
    """One batch as it is known: its own ``rows``, ``every`` row of its order, its part of the timeline."""

    rows: Sequence[Row]
    every: Sequence[Row]
    recipient_id: str
    role: Role
    told: ToldBatch | None

    @property
    def planned(self) -> Row:
        """A row that the plan itself wrote, rather than a channel that took over later."""
        return min(self.rows, key=lambda row: (row.instead_of is not None, row.created_at))

    @property
    def path(self) -> Sequence[Status]:
        """What was told; by the ledger alone what was told on the channel that was told the most."""
        if self.told:
            return self.told.statuses
        return max((self._own_news(row) for row in self.rows), key=len)

    @property
    def deadline(self) -> datetime:
        """Until when it was of use."""
        return self.told.deadline if self.told else self.planned.deadline

    def carried_by(self, row: Row) -> Sequence[Row]:
        """The rows whose place one took."""
        return [older for older in self.every if older.superseded_by == row.message_id]

    def _own_news(self, row: Row) -> Sequence[Status]:
        carried = {status for older in self.carried_by(row) for status in older.statuses}
        return [status for status in row.statuses if status not in carried] or row.statuses

    def row(self, channel: Channel) -> Row | None:
        """What the ledger has of a channel."""
        return next((row for row in self.rows if row.channel is channel), None)

    def line(self, channel: Channel) -> Line | None:
        """What the timeline has of a channel."""
        lines = self.told.channels if self.told else ()
        return next((line for line in lines if line.channel is channel), None)

    def held(self, channel: Channel) -> Sequence[Status] | None:
        """The path of a channel that was kept for when another fails, None where it was not."""
        if self.rows:
            return self.planned.held.get(channel)
        line = self.line(channel)
        return line.statuses if line and line.verdict is Verdict.HELD else None


def explain_channel(story: Story, channel: Channel) -> ExplainedChannel | None:
    """One channel of a batch; None where an earlier run had told the batch, and nothing was decided."""
    if row := story.row(channel):
        return ExplainedChannel(
            channel=channel,
            status=row.status,
            message_id=row.message_id,
            because=list(_all_about(story, row)),
        )
    line = story.line(channel)
    if line and line.status:
        says = f"{line.reason or 'no more is known'}, by the timeline; the ledger does not have it"
        because = [Because(rule=Rule.SENDING, says=says)]
        return ExplainedChannel(channel=channel, status=line.status, because=because)
    if (path := story.held(channel)) is not None:
        return ExplainedChannel(channel=channel, because=[_held(story, channel, path)])
    if not (story.rows or line):
        return None
    return ExplainedChannel(channel=channel, because=list(_left_out(story, channel, ())))


def _all_about(story: Story, row: Row) -> Iterator[Because]:
    yield how_it_ended(row, story.every)
    yield from _takes_over(story, row)
    yield _whose(story, row.channel, row.statuses, Reach.FALLBACK if row.instead_of else Reach.ON)
    if row.choices is not None:
        yield from _left_out(story, row.channel, row.statuses)
    for older in story.carried_by(row):
        says = f"carries {_together(older.statuses)} of batch {older.batch}, not sent by {older.channel}"
        yield Because(rule=Rule.SUPERSESSION, says=says)
    if row.variant:
        experiment, _, variant = row.variant.partition("/")
        says = f"in the words of variant {variant} of experiment {experiment}"
        yield Because(rule=Rule.EXPERIMENT, says=says)


def _takes_over(story: Story, row: Row) -> Iterator[Because]:
    """Instead of which channel it was used, why, and after how long."""
    if row.instead_of is None:
        return
    failed = story.row(row.instead_of)
    why = f"{_said(failed)}, so" if failed else f"{row.instead_of} failed, so"
    passed = (row.created_at - story.planned.created_at).total_seconds()
    after = f" after {passed:.0f} s" if passed >= 1 else ""
    yield Because(rule=Rule.FALLBACK, says=f"{why} {row.channel} took over{after}")


def _said(failed: Row) -> str:
    whose = f"{failed.provider} said" if failed.provider else f"{failed.channel} failed:"
    return f"{whose} {failed.reason or 'no'}"


def _held(story: Story, channel: Channel, path: Sequence[Status]) -> Because:
    whose = _whose(story, channel, path, Reach.FALLBACK)
    earlier = [one for one in FALLBACK_ORDER if (row := story.row(one)) and not row.instead_of]
    others = " or ".join(earlier) or "another channel"
    return Because(rule=whose.rule, says=f"{whose.says}: would only be used if {others} failed")


def _whose(story: Story, channel: Channel, path: Sequence[Status], reach: Reach) -> Because:
    """By whose wish a channel was used as it was."""
    choices = _choices(story)
    if choices is None:
        return Because(rule=Rule.DEFAULT, says=f"{reach}; whether by their own choice was not written down")
    own = [status for status, choice in choices.get(channel, {}).items() if choice == reach]
    if chosen := [status for status in path if status in own]:
        says = f"{reach} by {story.recipient_id}'s own choice for {_together(chosen)}"
        return Because(rule=Rule.OWN_CHOICE, says=says)
    return Because(rule=Rule.DEFAULT, says=f"{reach} by the {story.role}'s default")


def _left_out(story: Story, channel: Channel, told: Sequence[Status]) -> Iterator[Because]:
    """Why all the news, or that part of it which was not ``told``, was left out on a channel."""
    choices = _choices(story)
    if choices is None:
        yield Because(rule=Rule.DEFAULT, says="off; whether by their own choice was not written down")
        return
    own = {status: made for status, made in choices.get(channel, {}).items() if status not in told}
    if opted_out := [status for status, made in own.items() if made == OPTED_OUT]:
        says = f"{_together(opted_out)} off: {story.recipient_id} opted out at that address"
        yield Because(rule=Rule.OPT_OUT, says=says)
    if chosen := [status for status, made in own.items() if made == Reach.OFF]:
        says = f"off by {story.recipient_id}'s own choice for {_together(chosen)}"
        yield Because(rule=Rule.OWN_CHOICE, says=says)
    rest = [status for status in story.path if status not in told and status not in own]
    grid = DEFAULT_GRID[story.role][channel]
    if by_default := [status for status in rest if grid[status] is Reach.OFF]:
        says = f"off by the {story.role}'s default for {_together(by_default)}"
        yield Because(rule=Rule.DEFAULT, says=says)
    if untrue := [status for status in rest if grid[status] is not Reach.OFF and _has_left(status, story)]:
        says = f"{_together(untrue)} left out: no longer true at {story.path[-1]}"
        yield Because(rule=Rule.NEVER_UNTRUE, says=says)


def _has_left(status: Status, story: Story) -> bool:
    return status.rule.stage < story.path[-1].rule.stage


def _choices(story: Story) -> dict[Channel, dict[Status, str]] | None:
    """The recipient's own wishes when the batch was decided on, None where they were not written down."""
    known = story.planned.choices if story.rows else None
    return None if known is None else {channel: dict(made) for channel, made in known.items()}


def _together(statuses: Sequence[Status]) -> str:
    return " + ".join(statuses)
