"""The reference order stays near the least that Temporal allows, and what it is held against is right."""

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from benchmarks.cost import LIMIT, Result, measure
from benchmarks.history import Cost, actions_in
from tests.stage import Stage

_TYPE = EventType.Value


@pytest.fixture(scope="module")
async def result(stage: Stage) -> Result:
    stage.simulator.clear_faults()
    return await measure(stage)


async def test_the_count_by_hand_is_what_the_bare_workflow_needs(result: Result) -> None:
    assert result.is_counted_right


async def test_the_customer_of_the_reference_order_was_told_everything(result: Result) -> None:
    assert result.is_all_told


async def test_the_product_needs_few_more_events_than_the_least(result: Result) -> None:
    assert result.ratio("events") <= LIMIT


async def test_the_product_needs_few_more_bytes_than_the_least(result: Result) -> None:
    assert result.ratio("bytes") <= LIMIT


async def test_the_product_needs_few_more_actions_than_the_least(result: Result) -> None:
    assert result.ratio("actions") <= LIMIT


def _history(*kinds: str) -> list[HistoryEvent]:
    types = ["EVENT_TYPE_" + kind for kind in kinds]
    return [HistoryEvent(event_id=n, event_type=_TYPE(kind)) for n, kind in enumerate(types, start=1)]


def _marker(task: int) -> HistoryEvent:
    (marker,) = _history("MARKER_RECORDED")
    marker.marker_recorded_event_attributes.marker_name = "core_local_activity"
    marker.marker_recorded_event_attributes.workflow_task_completed_event_id = task
    return marker


_STARTED = ("WORKFLOW_EXECUTION_STARTED", "WORKFLOW_EXECUTION_SIGNALED")


def test_a_start_and_its_signal_are_one_action() -> None:
    assert actions_in(_history(*_STARTED)) == {"start": 1}


def test_a_further_signal_is_an_action() -> None:
    further = _history(*_STARTED, "WORKFLOW_TASK_SCHEDULED", "WORKFLOW_EXECUTION_SIGNALED")

    assert actions_in(further) == {"start": 1, "signal": 1}


def test_a_signal_that_follows_a_start_without_one_is_an_action() -> None:
    further = _history("WORKFLOW_EXECUTION_STARTED", "WORKFLOW_TASK_SCHEDULED", "WORKFLOW_EXECUTION_SIGNALED")

    assert actions_in(further) == {"start": 1, "signal": 1}


@pytest.mark.parametrize(
    "kind", ["TIMER_STARTED", "ACTIVITY_TASK_SCHEDULED", "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"]
)
def test_a_timer_an_activity_and_an_upsert_are_an_action_each(kind: str) -> None:
    before, after = Cost.of(_history(*_STARTED)), Cost.of(_history(*_STARTED, kind))

    assert after.total("actions") == before.total("actions") + 1


def test_what_follows_from_an_action_is_none() -> None:
    followed = _history(*_STARTED, "TIMER_FIRED", "ACTIVITY_TASK_COMPLETED", "WORKFLOW_TASK_COMPLETED")

    assert actions_in(followed) == {"start": 1}


def test_a_retry_is_an_action() -> None:
    (attempt,) = _history("ACTIVITY_TASK_STARTED")
    attempt.activity_task_started_event_attributes.attempt = 3

    assert actions_in([attempt]) == {"retry": 2}


def test_local_activities_of_one_workflow_task_are_one_action() -> None:
    assert actions_in([_marker(5), _marker(5), _marker(9)]) == {"workflow task with local activities": 2}


def test_what_skipping_the_time_leaves_in_a_history_costs_nothing() -> None:
    skipped = _history(*_STARTED, "WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED")

    assert Cost.of(skipped) == Cost.of(_history(*_STARTED))
