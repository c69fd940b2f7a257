"""What the history of an order's run recorded: which events came in with which task, and when it woke."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType as E
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter

from domain.desk import Desk
from domain.orders import BadInput, Order, OrderEvent, order_id_of, read_event
from domain.telling import Plan
from encryption import SETTING, CannotDecrypt
from workflows.carried import NextRun
from workflows.intake import READ_AT_ONCE

_LOCAL_ACTIVITY = "core_local_activity"
_ENCRYPTED = b"binary/encrypted"
_MOMENT = timedelta(milliseconds=1)
_PLAN, _IS_BEHIND = "plan", "is_behind"


@dataclass
class Task:
    """One workflow task: the time of it, and the events that came in with it."""

    at: datetime
    events: list[OrderEvent] = field(default_factory=list)


@dataclass
class Wake:
    """A timer, meant for a moment ``earliest`` to ``latest``. ``by``: the task in which it woke the order."""

    earliest: datetime
    latest: datetime
    by: int | None = None

    def is_for(self, due: datetime) -> bool:
        """Whether the order was to wake at this very moment."""
        return self.earliest - _MOMENT <= due <= self.latest + _MOMENT


@dataclass
class Recorded:
    """A run as its history has it.

    It ``ended`` with the last task that was completed: of what came later it does not say what was done.
    ``plans`` are the answers to its batches, by number, each with the task that had the answer.
    ``behind`` is what it was told of its queues, in turn.
    """

    desk: Desk
    began: datetime
    ended: datetime
    is_over: bool = False
    tasks: list[Task] = field(default_factory=list)
    wakes: dict[int, Wake] = field(default_factory=dict)
    plans: dict[int, tuple[Plan, int]] = field(default_factory=dict)
    behind: list[bool] = field(default_factory=list)

    @property
    def order_id(self) -> str:
        """Whose history it is."""
        return self.desk.order.order_id

    @property
    def events(self) -> frozenset[str]:
        """The ids of all events that it could tell: its own, and those that waited when it began."""
        waited = (news.event_id for one in self.desk.listeners for news in one.waiting)
        return frozenset([*waited, *(event.event_id for task in self.tasks for event in task.events)])

    @property
    def is_crowded(self) -> bool:
        """Whether more came in at once than one task reads: what was merged then is not to be foreseen."""
        return any(len(task.events) > READ_AT_ONCE for task in self.tasks)

    @property
    def waits_until(self) -> datetime | None:
        """When the window ends that was open at the end of the history, None where none was."""
        open_ones = [wake.earliest for wake in self.wakes.values() if wake.by is None]
        nearest = min(open_ones, default=None)
        return nearest if nearest and not self.is_over and nearest - self.ended <= self.desk.window else None


async def read(history: WorkflowHistory, converter: DataConverter) -> Recorded:
    """Read a run's history. Raises :class:`BadInput` where it is encrypted and the keys are not there."""
    return await _Reader(history, converter).read()


class _Reader:
    def __init__(self, history: WorkflowHistory, converter: DataConverter) -> None:
        self._history, self._converter = history, converter
        self._signals: list[HistoryEvent] = []
        self._fired: list[int] = []
        self._answered: list[Payload] = []
        self._planning: set[int] = set()
        self._task_began = datetime.min.replace(tzinfo=UTC)

    async def read(self) -> Recorded:
        first = self._history.events[0]
        began = _time(first.event_time)
        self._run = Recorded(await self._desk(first), began, began)
        for event in self._history.events:
            await self._take_in(event)
        return self._run

    async def _desk(self, first: HistoryEvent) -> Desk:
        """The desk as the run began: an earlier run's, or a new one."""
        content = await self._only(first.workflow_execution_started_event_attributes.input.payloads)
        try:
            start = NextRun.model_validate(content)
        except ValidationError:
            return Desk(order=Order(order_id=order_id_of(self._history.workflow_id)))
        if start.carried:
            return start.carried.desk
        return Desk(order=Order(order_id=start.order_id, rules=start.rules))

    async def _take_in(self, event: HistoryEvent) -> None:
        match event.event_type:
            case E.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                self._signals.append(event)
            case E.EVENT_TYPE_WORKFLOW_TASK_STARTED:
                self._task_began = _time(event.event_time)
            case E.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                await self._task_ended(_time(event.event_time))
            case E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
                request = event.workflow_execution_update_accepted_event_attributes.accepted_request
                await self._event_came(request.input.args.payloads)
            case E.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
                self._run.is_over = True
            case _:
                self._note_timer(event)
                await self._note_answer(event)

    async def _task_ended(self, at: datetime) -> None:
        """Give the task what had come in before it, and what it answers to."""
        self._run.ended = at
        signals, self._signals = self._signals, []
        self._run.tasks.append(Task(self._task_began))
        here = len(self._run.tasks) - 1
        for signal in signals:
            attributes = signal.workflow_execution_signaled_event_attributes
            if attributes.signal_name == "status_changed":
                await self._event_came(attributes.input.payloads)
        for timer in self._fired:
            self._run.wakes[timer].by = here
        for answer in self._answered:
            await self._planned(answer)
        self._fired, self._answered = [], []

    async def _event_came(self, payloads: Sequence[Payload]) -> None:
        """An event that cannot be read tells nobody anything."""
        try:
            event = read_event(await self._only(payloads), order_id=self._run.order_id)
        except BadInput as problem:
            if problem.field == SETTING:
                raise
            return
        self._run.tasks[-1].events.append(event)

    def _note_timer(self, event: HistoryEvent) -> None:
        if event.event_type == E.EVENT_TYPE_TIMER_STARTED:
            lasts = event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
            wake = Wake(self._task_began + lasts, _time(event.event_time) + lasts)
            self._run.wakes[event.event_id] = wake
        elif event.event_type == E.EVENT_TYPE_TIMER_FIRED:
            self._fired.append(event.timer_fired_event_attributes.started_event_id)
        elif event.event_type == E.EVENT_TYPE_TIMER_CANCELED:
            self._run.wakes.pop(event.timer_canceled_event_attributes.started_event_id, None)

    async def _note_answer(self, event: HistoryEvent) -> None:
        """Note what planning answered, whether as a local activity or as one of the usual kind."""
        if event.event_type == E.EVENT_TYPE_MARKER_RECORDED:
            await self._note_marker(event)
        elif event.event_type == E.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            if event.activity_task_scheduled_event_attributes.activity_type.name == _PLAN:
                self._planning.add(event.event_id)
        elif event.event_type == E.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            completed = event.activity_task_completed_event_attributes
            if completed.scheduled_event_id in self._planning:
                self._answered += completed.result.payloads

    async def _note_marker(self, event: HistoryEvent) -> None:
        marker = event.marker_recorded_event_attributes
        if marker.marker_name != _LOCAL_ACTIVITY:
            return
        # Which activity it was is Temporal's own note, and never encrypted.
        data = marker.details["data"].payloads[0]
        about = self._converter.payload_converter.from_payload(data)
        for answer in marker.details["result"].payloads:
            if about["activity_type"] == _PLAN:
                await self._planned(answer)
            elif about["activity_type"] == _IS_BEHIND:
                self._run.behind.append(bool(await self._decoded(answer)))

    async def _planned(self, answer: Payload) -> None:
        plan = Plan.model_validate(await self._decoded(answer))
        self._run.plans[plan.number] = plan, len(self._run.tasks) - 1

    async def _only(self, payloads: Sequence[Payload]) -> Any:
        """The one argument there may be; None, which is nothing we know, for anything else."""
        if len(payloads) != 1:
            return None
        try:
            return await self._decoded(payloads[0])
        except BadInput:
            raise
        except Exception:  # noqa: BLE001 whatever a converter raises, the content is what is wrong
            return None

    async def _decoded(self, payload: Payload) -> Any:
        if payload.metadata.get("encoding") == _ENCRYPTED and self._converter.payload_codec is None:
            raise BadInput(SETTING, "missing: the history is encrypted, name the file with its keys")
        try:
            return (await self._converter.decode([payload]))[0]
        except CannotDecrypt as problem:
            raise BadInput(SETTING, f"the history cannot be decrypted: {problem}") from None


def _time(at: Timestamp) -> datetime:
    """A moment exactly as a workflow is given it."""
    return datetime.fromtimestamp(at.ToNanoseconds() / 1e9, UTC)
