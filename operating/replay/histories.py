"""Finds the histories to try code on: a file by Temporal's CLI or UI, or the server's newest orders."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseError
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory

from domain.orders import WORKFLOW_TYPE, BadInput

_HOW = "write one with: temporal workflow show --workflow-id order-A17 --output json"


def from_file(file: Path) -> WorkflowHistory:
    """The history of an order in a file. Raises :class:`BadInput` where there is none."""
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput("FILE", f"{file}: {error.strerror or 'cannot be read'}") from None
    except ValueError:
        raise BadInput("FILE", f"{file} is not JSON, {_HOW}") from None
    return _of_an_order(_parsed(content, file), file)


async def newest(client: Client, count: int) -> AsyncIterator[WorkflowHistory]:
    """The histories of orders, as the server lists them: open ones first, then those that ended last."""
    listed = client.list_workflows(f'WorkflowType="{WORKFLOW_TYPE}"', limit=count)
    async for order in listed:
        handle = client.get_workflow_handle(order.id, run_id=order.run_id)
        yield await handle.fetch_history()


def _parsed(content: Any, file: Path) -> WorkflowHistory:
    # Some versions of the UI write the list of events alone.
    history = {"events": content} if isinstance(content, list) else content
    try:
        parsed = WorkflowHistory.from_json("", history)
    except (ParseError, AttributeError, KeyError, TypeError, ValueError):
        raise BadInput("FILE", f"{file} is no history with payloads as they are, {_HOW}") from None
    if not parsed.events:
        raise BadInput("FILE", f"{file} has no events, {_HOW}")
    return parsed


def _of_an_order(history: WorkflowHistory, file: Path) -> WorkflowHistory:
    first = history.events[0]
    if first.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
        raise BadInput("FILE", f"{file} does not begin with the start of a workflow, {_HOW}")
    started = first.workflow_execution_started_event_attributes
    if (kind := started.workflow_type.name) != WORKFLOW_TYPE:
        raise BadInput("FILE", f"{file} is of a workflow of type {kind}, give one of type {WORKFLOW_TYPE}")
    return WorkflowHistory(started.workflow_id or file.stem, history.events)
