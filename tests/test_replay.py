"""Old histories meet new code: stored ones and those of this run replay, and an incompatible one does not.

``RECORD_HISTORIES=1 make test`` stores the histories of this run's stories anew.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from temporal_client import DATA_CONVERTER
from tests.stage import Stage
from workflows.order_notifications import OrderNotifications

STORED = Path(__file__).parent / "histories"
# One story for each way an order can go.
WORTH_STORING = (
    "test_an_order_is_told_from_placed_to_delivered_and_then_ends",
    "test_a_cancellation_silences_all_else",
    "test_when_push_and_text_both_fail_the_news_goes_by_mail",
    "test_news_asleep_in_back_off_is_superseded_by_newer_news",
    "test_a_batch_that_reaches_nobody_becomes_a_dead_letter",
    "test_a_minute_of_failures_is_survived_by_trying_again",
    "test_an_order_without_any_news_for_30_days_is_given_up",
)


def replayer() -> Replayer:
    return Replayer(workflows=[OrderNotifications], data_converter=DATA_CONVERTER)


def stored(story: str) -> dict[str, Any]:
    history: dict[str, Any] = json.loads((STORED / f"{story}.json").read_text())
    return history


@pytest.mark.parametrize("story", WORTH_STORING)
async def test_a_stored_history_replays(story: str) -> None:
    await replayer().replay_workflow(WorkflowHistory.from_json(f"order-{story}", stored(story)))


async def test_a_history_that_this_code_could_not_have_made_does_not_replay() -> None:
    history = stored(WORTH_STORING[0])
    scheduled = [event for event in history["events"] if "activityTaskScheduledEventAttributes" in event]
    scheduled[0]["activityTaskScheduledEventAttributes"]["activityType"]["name"] = "send_by_pigeon"

    with pytest.raises(NondeterminismError):
        await replayer().replay_workflow(WorkflowHistory.from_json("order-of-a-pigeon", history))


@pytest.mark.last
async def test_every_history_of_this_run_replays(stage: Stage) -> None:
    histories = {story: await stage.history(order) for story, order in (await stage.announced()).items()}

    for history in histories.values():
        await replayer().replay_workflow(history)

    if os.environ.get("RECORD_HISTORIES"):
        for story in set(WORTH_STORING) & set(histories):
            lean = without_stack_traces(histories[story].to_json_dict())
            (STORED / f"{story}.json").write_text(json.dumps(lean, indent=1) + "\n")


def without_stack_traces(value: Any) -> Any:
    """A history without the paths of the machine that made it."""
    if isinstance(value, dict):
        return {key: "" if key == "stackTrace" else without_stack_traces(one) for key, one in value.items()}
    return [without_stack_traces(one) for one in value] if isinstance(value, list) else value
