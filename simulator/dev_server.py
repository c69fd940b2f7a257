"""How every dev server of ours is set up: as ``deploy/temporal/dynamicconfig.yaml`` sets up real ones."""

# The dev server takes values without constraints: here every queue is as the deployment has those of sends.
AS_DEPLOYED = {
    "matching.enableFairness": "true",
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}
# A shard reads its queues of tasks 20 times a second at most. The deployment's 512 share the orders, so that
# no task waits to be read; a dev server has one, where each would wait up to 50 ms as soon as it is busy.
READS_OF_ALL_SHARDS = {
    "history.transferProcessorMaxPollRPS": "10240",
    "history.timerProcessorMaxPollRPS": "10240",
}


def as_deployed() -> list[str]:
    """Arguments of ``temporal server start-dev``."""
    return [
        word
        for key, value in (AS_DEPLOYED | READS_OF_ALL_SHARDS).items()
        for word in ("--dynamic-config-value", f"{key}={value}")
    ]
