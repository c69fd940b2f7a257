"""Runs workflow code without a sandbox, and takes apart what leaves the cache.

A workflow, its tasks and what runs it refer to each other: left to themselves, they stay in memory until
Python's collector has looked at every object there is. With a cache of thousands of orders that takes long: a
worker paused for a second and more, and urgent news with it.
"""

import asyncio
from collections.abc import Iterable

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails


class EvictingRunner(UnsandboxedWorkflowRunner):
    """The SDK's runner, of whose instances nothing stays behind."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Make what runs one workflow for as long as it is cached."""
        instance = super().create_instance(det)
        activate = instance.activate

        def activate_until_evicted(act: WorkflowActivation) -> WorkflowActivationCompletion:
            if not any(job.HasField("remove_from_cache") for job in act.jobs):
                return activate(act)
            tasks = tuple(vars(instance)["_tasks"])
            # It ends every task, or raises and is tried again. A replay begins with a new instance.
            completion = activate(act)
            _take_apart(instance, det.defn.cls, tasks)
            return completion

        instance.activate = activate_until_evicted  # type: ignore[method-assign]
        return instance


def _take_apart(instance: WorkflowInstance, workflow: type, tasks: "Iterable[asyncio.Task[object]]") -> None:
    for task in tasks:
        try:
            task.result()
        except BaseException as ended:  # noqa: BLE001 whatever it was, it has been dealt with
            # By its traceback it refers to all that the task was about. Asked for once, the task lets it go.
            error: BaseException | None = ended
            while error:
                error.__traceback__, error.__context__, error = None, None, error.__context__
    for part in [part for part in vars(instance).values() if isinstance(part, workflow)]:
        vars(part).clear()
    vars(instance).clear()
