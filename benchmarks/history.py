"""Counts a history as it is paid for: events, bytes, and Temporal Cloud's actions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

Unit = Literal["events", "bytes", "actions"]
UNITS: tuple[Unit, ...] = ("events", "bytes", "actions")

# What skipping the time leaves in a history: no order outside of a test has these.
_TIME_MACHINE = frozenset(
    {"WORKFLOW_EXECUTION_OPTIONS_UPDATED", "WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED"}
)
_IS_AN_ACTION = {
    "WORKFLOW_EXECUTION_STARTED": "start",
    "WORKFLOW_EXECUTION_SIGNALED": "signal",
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED": "update",
    "TIMER_STARTED": "timer",
    "ACTIVITY_TASK_SCHEDULED": "activity",
    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES": "upsert of search attributes",
}


@dataclass(frozen=True)
class Cost:
    """What one order cost: events and bytes by event type, actions by kind."""

    events: Mapping[str, int]
    bytes: Mapping[str, int]
    actions: Mapping[str, int]

    @classmethod
    def of(cls, history: Iterable[HistoryEvent]) -> "Cost":
        """Count a history."""
        events, size = Counter[str](), Counter[str]()
        ours = [event for event in history if event_type(event) not in _TIME_MACHINE]
        for event in ours:
            events[event_type(event)] += 1
            size[event_type(event)] += event.ByteSize()
        return cls(events, size, actions_in(ours))

    def by_kind(self, unit: Unit) -> Mapping[str, int]:
        """One of the three."""
        return {"events": self.events, "bytes": self.bytes, "actions": self.actions}[unit]

    def total(self, unit: Unit) -> int:
        """The sum of one of the three."""
        return sum(self.by_kind(unit).values())


def event_type(event: HistoryEvent) -> str:
    """The type of a history event, as people read it."""
    return EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")


def actions_in(history: Iterable[HistoryEvent]) -> Mapping[str, int]:
    """What Temporal Cloud bills for a history, by kind.

    One action each: a start together with its signal, each further signal, update, timer, activity, retry of
    an activity and upsert of search attributes, and each workflow task that ran local activities, however
    many. Queries and heartbeats are billed as well and leave no event; the reference order has none.
    """
    counted: Counter[str] = Counter()
    with_local_activities: set[int] = set()
    for event in history:
        if (kind := _IS_AN_ACTION.get(event_type(event))) and not _came_with_the_start(event):
            counted[kind] += 1
        # Recorded once, when the activity ends: the attempts before the last leave no event of their own.
        counted["retry"] += max(event.activity_task_started_event_attributes.attempt - 1, 0)
        if event.marker_recorded_event_attributes.marker_name == "core_local_activity":
            with_local_activities.add(event.marker_recorded_event_attributes.workflow_task_completed_event_id)
    counted["workflow task with local activities"] = len(with_local_activities)
    return +counted


def _came_with_the_start(event: HistoryEvent) -> bool:
    """Whether this is the signal of a signal-with-start: recorded right behind the start, before any task."""
    return event.event_id == 2 and event_type(event) == "WORKFLOW_EXECUTION_SIGNALED"
