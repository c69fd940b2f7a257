"""How every dev server of ours is set up: as ``deploy/temporal/dynamicconfig.yaml`` sets up real ones."""

# The dev server takes values without constraints: here every queue is as the deployment has those of sends.
AS_DEPLOYED = {
    "matching.enableFairness": "true",
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}


def as_deployed() -> list[str]:
    """Arguments of ``temporal server start-dev``."""
    return [
        word for key, value in AS_DEPLOYED.items() for word in ("--dynamic-config-value", f"{key}={value}")
    ]
