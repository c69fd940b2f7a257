"""Runs workflow code without a sandbox, and takes apart what leaves the cache.

A workflow and what runs it refer to each other: left to itself, what leaves the cache stays until Python's
collector of cycles comes round. When thousands of orders leave within a minute, that paused a worker for more
than a second, and urgent news with it.
"""

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
            completion = activate(act)
            # By then the SDK has ended every task of the workflow; a replay begins with a new instance.
            if any(job.HasField("remove_from_cache") for job in act.jobs):
                _take_apart(instance, det.defn.cls)
            return completion

        instance.activate = activate_until_evicted  # type: ignore[method-assign]
        return instance


def _take_apart(instance: WorkflowInstance, workflow: type) -> None:
    for part in [part for part in vars(instance).values() if isinstance(part, workflow)]:
        vars(part).clear()
    vars(instance).clear()
