"""Tells an order once more, on paper: its recorded events meet the desk, the rules and the words of today.

The desk and ``decide`` are the workflow's and the planner's own; nothing is sent, and nothing written. What
depended on the moment is as it was recorded: when tasks ran, which news had not left when newer news came,
which queues were behind, what an earlier run had told, who had an address.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.channels import Channel
from domain.deciding import MAY_BE_HELD_BACK, decide
from domain.ledger import NotificationStatus
from domain.orders import Rules
from domain.recipients import Recipient, unknown_recipient
from domain.status import Status
from domain.telling import Batch, Decision, Plan, Verdict, Withdrawn
from operating.replay.recorded import Recorded
from operating.replay.then import carried_then, reachable_as_then
from operating.replay.told import Key, Said, Telling

if TYPE_CHECKING:
    from activities.store import Store
    from activities.store.notifications import Notification
    from activities.wording import FluentWording

_MOMENT = timedelta(milliseconds=1)
_SAYS_SOMETHING = frozenset({Verdict.SEND, Verdict.TOLD, Verdict.HELD})


class Again:
    """One run of an order, told again. ``earlier`` are the rows of the runs before it."""

    def __init__(
        self,
        recorded: Recorded,
        then: Mapping[Key, Telling],
        earlier: "Sequence[Notification]",
        store: "Store",
        wording: "FluentWording",
        rules: Rules | None,
    ) -> None:
        self._recorded, self._then, self._earlier = recorded, then, earlier
        self._store, self._wording = store, wording
        self._desk = recorded.desk.model_copy(deep=True)
        if rules:
            self._desk.order = self._desk.order.model_copy(update={"rules": rules})
        self._carried = carried_then(then.values())
        self._people: dict[str, Recipient | None] = {}
        self._behind = iter(recorded.behind)
        self._free_from = 0
        self.told: dict[Key, Telling] = {}
        self.arrived: dict[str, datetime] = {}

    async def tell(self) -> None:
        """Go through the tasks of the run, and through the windows that end between them."""
        for here, task in enumerate(self._recorded.tasks):
            await self._tell_between(here, task.at)
            for event in task.events:
                self.arrived.setdefault(event.event_id, task.at)
                self._desk.receive(event, task.at)
            if here >= self._free_from:
                await self._tell_at(task.at)
        await self._tell_between(len(self._recorded.tasks), self._recorded.ended)

    @property
    def waiting(self) -> frozenset[str]:
        """The events that still wait for the end of a window."""
        return frozenset(news.event_id for one in self._desk.listeners for news in one.waiting)

    async def _tell_between(self, here: int, until: datetime) -> None:
        """Tell what is due before a task, unless the order was to wake then and a task was late for it."""
        while (due := self._desk.next_due()) and due < until - _MOMENT and here > self._free_from:
            if any(wake.is_for(due) for wake in self._recorded.wakes.values() if not _is_by(wake.by, here)):
                return
            await self._tell_at(due)

    async def _tell_at(self, now: datetime) -> None:
        for listener, until in self._desk.may_wait(now):
            if next(self._behind, False):
                listener.held_until = until
        for batch in self._desk.take_due(now):
            await self._tell_one(batch)

    async def _tell_one(self, batch: Batch) -> None:
        key = Key(batch.recipient_id, batch.role, batch.newest.event_id)
        then = self._then.get(key)
        batch = batch.model_copy(update={"withdrawn": tuple(self._withdrawn(batch, then))})
        plan, answered_in = self._recorded.plans.get(then.number if then else 0, (None, 0))
        # Until it had the answer, the order told nothing else.
        self._free_from = max(self._free_from, answered_in)
        told = await self._planned(key, batch, then)
        self._desk.hears_from_the_ledger(
            batch, told.model_copy(update={"behind": plan.behind if plan else ()})
        )

    async def _planned(self, key: Key, batch: Batch, then: Telling | None) -> Plan:
        """Plan as the store does, from what it knew then."""
        from activities.store.earlier import Remaining, overtaken, what_remains  # noqa: PLC0415 half a second

        already_told: tuple[str, ...] = ()
        late: tuple[str, ...] = ()
        if self._earlier and batch.first_of_run:
            remains = what_remains(batch, self._earlier)
            late = overtaken(batch, remains.already_told, self._earlier)
            if not isinstance(remains, Remaining):
                return remains.model_copy(update={"overtaken": late, "channels": {}})
            batch, already_told = remains.batch, remains.already_told
        person = reachable_as_then(await self._person(batch), then)
        counted = await self._told_in_last_hour(batch)
        decisions = decide(batch, person, carried=self._carried, told_in_last_hour=counted)
        self.told[key] = self._telling(key, batch, person, decisions)
        return Plan(channels=decisions, number=batch.number, already_told=already_told, overtaken=late)

    def _withdrawn(self, batch: Batch, then: Telling | None) -> list[Withdrawn]:
        """What had not left when this batch was told: rows say so. It has to have been told here as well."""
        own = {batch.message_id(channel) for channel in Channel}
        rows = [row for told in self._then.values() if told.key in self.told for row in told.rows]
        return [
            Withdrawn(message_id=row.message_id, channel=row.channel, statuses=row.statuses)
            for row in rows
            # What failed later than that was superseded as well, and carried by nobody.
            if then and row.superseded_by in own and row.updated_at == then.told_at
            if row.status is NotificationStatus.SUPERSEDED
        ]

    async def _person(self, batch: Batch) -> Recipient:
        who = batch.recipient_id
        if who not in self._people:
            self._people[who] = await self._store.find(who)
        return self._people[who] or unknown_recipient(who, batch.role)

    async def _told_in_last_hour(self, batch: Batch) -> Mapping[Channel, int]:
        if batch.priority not in MAY_BE_HELD_BACK:
            return {}
        own = [batch.message_id(channel) for channel in Channel]
        but = [*own, *(taken.message_id for taken in batch.withdrawn)]
        return await self._store.looking_back.told_in_last_hour(batch.recipient_id, batch.told_at, but)

    def _telling(
        self, key: Key, batch: Batch, person: Recipient, decisions: Mapping[Channel, Decision]
    ) -> Telling:
        return Telling(
            key=key,
            priority=batch.priority,
            deadline=batch.deadline,
            newest=Status(batch.newest.status),
            channels={
                channel: self._said(batch, person, channel, decision)
                for channel, decision in decisions.items()
            },
            events=tuple(piece.event_id for piece in batch.news),
            told_at=batch.told_at,
        )

    def _said(self, batch: Batch, person: Recipient, channel: Channel, decision: Decision) -> Said:
        if decision.verdict not in _SAYS_SOMETHING:
            return Said(decision, decision.path)
        path, locale = decision.path, person.locale
        variant = self._wording.variant(locale, batch.role, path, person.recipient_id, batch.told_at)
        words = self._wording.words(locale, batch.role, channel, path, batch.facts, variant)
        return Said(decision, path, words)


def _is_by(task: int | None, here: int) -> bool:
    """Whether a timer woke the order in a task before this one: then it is of no more use."""
    return task is not None and task < here
