"""What everything that ran on a stage is searched for before it closes: contact details, broken histories.

Each process of a run has a stage of its own, and looks back at that. What is found fails the run, as an error
at the end of the process's last test.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from temporalio.worker import Replayer

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


async def look_back(stage: Stage) -> None:
    """Raise if anything is wrong with what ran. ``RECORD_HISTORIES=1`` stores its histories."""
    await no_contact_detail_is_anywhere(stage)
    histories = {story: await stage.history(order) for story, order in (await stage.announced()).items()}
    for history in histories.values():
        await replayer().replay_workflow(history)
    if os.environ.get("RECORD_HISTORIES"):
        for story in set(WORTH_STORING) & set(histories):
            lean = without_stack_traces(histories[story].to_json_dict())
            (STORED / f"{story}.json").write_text(json.dumps(lean, indent=1) + "\n")


async def no_contact_detail_is_anywhere(stage: Stage) -> None:
    """Search every history, log line and reason for the contact details of everybody who was told."""
    secrets = {secret.encode() for secret in stage.secrets}
    found = [
        (where, secret)
        for where, text in (await everywhere(stage)).items()
        for secret in secrets
        if secret in text
    ]
    assert not found, found


async def everywhere(stage: Stage) -> Mapping[str, bytes]:
    """All that may hold no contact detail."""
    orders = (await stage.announced()).values()
    return {
        "histories": b"".join([await stage.everything_temporal_knows_of(order) for order in orders]),
        "log": "\n".join(stage.log).encode(),
        "ledger": (await stage.every_reason()).encode(),
    }


def replayer() -> Replayer:
    """Runs histories against the code as it is."""
    return Replayer(workflows=[OrderNotifications], data_converter=DATA_CONVERTER)


def without_stack_traces(value: Any) -> Any:
    """A history without the paths of the machine that made it."""
    if isinstance(value, dict):
        return {key: "" if key == "stackTrace" else without_stack_traces(one) for key, one in value.items()}
    return [without_stack_traces(one) for one in value] if isinstance(value, list) else value
