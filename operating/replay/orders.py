"""Tries today's code on recorded orders: does each replay, and what would be told differently."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Replayer, WorkflowReplayResult

from domain.orders import BadInput, Rules
from domain.telling import Verdict
from operating.replay.again import Again
from operating.replay.comparing import Compared, compare
from operating.replay.recorded import Recorded, read
from operating.replay.told import Language, rows_of_run, tellings
from workflows.order_notifications import OrderNotifications

if TYPE_CHECKING:
    from activities.store import Store
    from activities.store.notifications import Notification
    from activities.wording import FluentWording

_SHOWN = 300
_LEAVES = frozenset({Verdict.SEND, Verdict.TOLD})


@dataclass
class Tried:
    """What came of one order's run. ``breaks``: why it does not replay.

    Nothing is compared where something is in the way: a ``problem`` to be put right, or what it is.
    """

    workflow_id: str
    run_id: str
    breaks: str | None = None
    problem: BadInput | None = None
    skipped: str | None = None
    compared: Compared = field(default_factory=Compared)


@dataclass(frozen=True)
class Trial:
    """Today's code, rules and words. ``told_in`` are the catalogues of then, where they are known."""

    store: "Store"
    wording: "FluentWording"
    told_in: "FluentWording | None"
    converter: DataConverter
    rules: Rules | None = None

    async def of(self, histories: AsyncIterator[WorkflowHistory]) -> AsyncIterator[Tried]:
        """Try one after the other."""
        async with self._replayer().workflow_replay_iterator(histories) as results:
            async for result in results:
                yield await self._try(result)

    def _replayer(self) -> Replayer:
        """Debugging only means here that a machine which is busy is not taken for a deadlock."""
        runtime = Runtime(telemetry=TelemetryConfig(logging=None))
        return Replayer(
            workflows=[OrderNotifications], data_converter=self.converter, runtime=runtime, debug_mode=True
        )

    async def _try(self, result: WorkflowReplayResult) -> Tried:
        history = result.history
        tried = Tried(history.workflow_id, history.run_id)
        if result.replay_failure:
            tried.breaks = " ".join(str(result.replay_failure).split())[:_SHOWN]
        try:
            recorded = await read(history, self.converter)
            if recorded.is_crowded:
                tried.skipped = "more came in at once than one task reads"
            else:
                tried.compared = await self._compared(recorded)
        except BadInput as problem:
            tried.problem = problem
        return tried

    async def _compared(self, recorded: Recorded) -> Compared:
        rows = await self.store.history(recorded.order_id)
        _refuse_another_ledger(recorded, rows)
        earlier, own = rows_of_run(rows, recorded.began, recorded.ended, recorded.events)
        kept = await self.store.looking_back.inbox_words(recorded.order_id)
        then = tellings(own, kept, await self._language(own))
        again = Again(recorded, then, earlier, self.store, self.wording, self.rules)
        await again.tell()
        return compare(then, again.told, recorded, again.arrived, again.waiting)

    async def _language(self, rows: "list[Notification]") -> Language | None:
        if self.told_in is None:
            return None
        people = [await self.store.find(who) for who in {row.recipient_id for row in rows}]
        return Language(self.told_in, {one.recipient_id: one.locale for one in people if one})


def _refuse_another_ledger(recorded: Recorded, rows: "tuple[Notification, ...]") -> None:
    """Where something was told there are rows: a ledger that has none is another than that of the workers."""
    told = any(
        decision.verdict in _LEAVES
        for plan, _ in recorded.plans.values()
        for decision in plan.channels.values()
    )
    if told and not rows:
        raise BadInput(
            "DATABASE_URL",
            f"has no row of order {recorded.order_id}, which was told: name the ledger of its workers",
        )
