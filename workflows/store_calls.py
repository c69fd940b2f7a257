"""Asks the store: a local activity within the same workflow task, tried until the store is there."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from domain.orders import Wire
    from workflows.policy import STORE_TIMEOUT

Activities = TypeVar("Activities")
Question = TypeVar("Question", bound=Wire)
Reply = TypeVar("Reply")

# The store is the one thing that nothing works without: wait for it however long it takes.
_UNTIL_IT_IS_THERE = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10)
)


async def in_store(
    method: Callable[[Activities, Question], Awaitable[Reply]],
    question: Question,
    *,
    in_a_burst: bool = False,
) -> Reply:
    """The store's reply. An outage of the store delays it and nothing else.

    ``in_a_burst``: by an activity of the usual kind, which costs more and lets the workflow task end. The
    server throws a task away when 100 signals come while it is open, and a local activity's reply with it.
    """
    if in_a_burst:
        return await workflow.execute_activity_method(
            method, question, start_to_close_timeout=STORE_TIMEOUT, retry_policy=_UNTIL_IT_IS_THERE
        )
    return await workflow.execute_local_activity_method(
        method,
        question,
        start_to_close_timeout=STORE_TIMEOUT,
        retry_policy=_UNTIL_IT_IS_THERE,
    )
