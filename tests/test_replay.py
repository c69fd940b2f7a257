"""Old histories meet new code: stored ones replay, and an incompatible one does not.

Those of a run are replayed as it ends, by ``looking_back.py``; ``RECORD_HISTORIES=1 make test`` stores them.
"""

import json
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.workflow import NondeterminismError

from tests.looking_back import STORED, WORTH_STORING, replayer


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
