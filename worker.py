"""The worker: the only place where settings, store, providers and workflows are put together.

    python worker.py                          serves every task queue
    python worker.py --queues send-push,...   serves these
    python worker.py --processes 4            in four processes

Says "worker: ready" when it is; SIGTERM lets it finish what it is sending, then it ends.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer
import uvloop
from temporalio.client import Client
from temporalio.common import MetricMeter, VersioningBehavior, WorkerDeploymentVersion
from temporalio.exceptions import TemporalError
from temporalio.worker import Worker, WorkerDeploymentConfig, WorkerTuner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

import logs
import tracing
from activities import channels
from activities.asking import OrderWorkflows
from activities.breakers import Breakers, BreakerStore, Clock, utc_now
from activities.channels.http import new_client
from activities.ending import Ending
from activities.measuring import TOLD, TOLD_BUCKETS, Measures
from activities.planning import Planning
from activities.provider import Provider
from activities.queues import SendQueues
from activities.reaching import Reaching, nothing_around
from activities.redriving import Redriving
from activities.sending import Sending
from activities.store import Store, StoreUnavailable
from activities.store.migrating import make_ready
from activities.sweeping import Sweeping
from activities.watching import Watch
from activities.wording import FluentWording
from domain.channels import Channel
from domain.links import SignedLinks
from domain.orders import ORDERS_QUEUE, BadInput
from evicting import EvictingRunner
from fleet import LAST_PORT, Fleet, until_left_alone
from leaving import DONE, FAILED, leave_after
from send_worker import SendWorker
from settings import QUEUES, Build, Settings
from telemetry import runtime_with
from temporal_client import NoServer, connect
from workflows.order_notifications import OrderNotifications
from workflows.policy import SEND_QUEUES, SEND_TIMEOUTS
from workflows.redrive import RedriveLetter
from workflows.search_attributes import NotRegistered, register_search_attributes
from workflows.sweep import Sweep, VersionedSweep
from workflows.sweep_schedule import make_sure_of_the_sweep

# The 2 s deadlock detector trips when many orders replay at once on few cores.
WORKFLOW_TASKS_AT_ONCE = 8
# An order whose worker was killed goes on elsewhere after this. A worker that is merely late is taken for
# killed as well, and whoever takes its orders over has to read all of their histories.
LOST_WORKER_NOTICED_AFTER = timedelta(seconds=5)
DRAIN = max(SEND_TIMEOUTS.values()) + timedelta(seconds=5)


@contextlib.asynccontextmanager
async def workers(
    client: Client,
    settings: Settings,
    queues: Sequence[str] = QUEUES,
    *,
    now: Clock = utc_now,
    new_breakers: Callable[[BreakerStore, Clock], Breakers] = Breakers,
    meter: MetricMeter = MetricMeter.noop,
    new_queues: Callable[[Client, Mapping[Channel, str]], SendQueues] = SendQueues,
) -> AsyncIterator[list[Worker | SendWorker]]:
    """Everything a worker process is made of, ready to run.

    ``now`` is the clock of what does not go by an order's own: the store, the breakers and the sweep.
    """
    await make_ready(settings.database_url, migrates=settings.migrates)
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store(settings.database_url, now))
        providers = channels.build(settings.providers, await stack.enter_async_context(new_client()))
        wording = FluentWording()
        breakers = await stack.enter_async_context(new_breakers(store, now).kept_up_to_date())
        links = (
            SignedLinks(settings.public_url, await store.signing_secrets()) if settings.public_url else None
        )
        measures = Measures(meter)
        reaching = Reaching(store, providers, breakers, links, measures, tracing.calls() or nothing_around)
        sending = Sending(store, wording, reaching)
        ending = Ending(store, wording, providers)
        carried = frozenset(provider.channel for provider in providers)
        late = await stack.enter_async_context(new_queues(client, SEND_QUEUES).watched())
        planning = Planning(store, wording, carried, lambda: late.behind)
        redriving = Redriving(store, wording, carried)
        sweeping = Sweeping(store, OrderWorkflows(client), now)
        if meter is not MetricMeter.noop:
            names = [provider.name for provider in providers]
            measures.expects(names)
            await stack.enter_async_context(Watch(store, breakers, names, measures, now).kept_up())
        version = _version(settings.build)
        yield [
            *(
                [_for_orders(client, settings, planning, redriving, sweeping, version)]
                if ORDERS_QUEUE in queues
                else []
            ),
            *(
                _for_sends(
                    client,
                    queue,
                    [sending.send, ending.end],
                    _rate(settings, providers, channel),
                    version,
                    partial(late.is_behind, channel),
                )
                for channel, queue in SEND_QUEUES.items()
                if queue in queues
            ),
        ]


def _version(build: Build | None) -> WorkerDeploymentConfig | None:
    """Orders end on the build that they began with, whose workers also word and send what it has planned."""
    if build is None:
        return None
    return WorkerDeploymentConfig(
        WorkerDeploymentVersion(build.deployment, build.build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )


def _for_orders(
    client: Client,
    settings: Settings,
    planning: Planning,
    redriving: Redriving,
    sweeping: Sweeping,
    version: WorkerDeploymentConfig | None,
) -> Worker:
    return Worker(
        client,
        task_queue=ORDERS_QUEUE,
        workflows=[OrderNotifications, RedriveLetter, VersionedSweep if version else Sweep],
        activities=[
            planning.plan,
            planning.is_behind,
            planning.take_over,
            planning.settle,
            planning.record_receipt,
            planning.keep,
            redriving.reopen,
            redriving.decide_on,
            redriving.go_on_waiting,
            sweeping.sweep,
        ],
        workflow_runner=SandboxedWorkflowRunner() if settings.is_sandboxed else EvictingRunner(),
        max_concurrent_workflow_tasks=WORKFLOW_TASKS_AT_ONCE,
        deployment_config=version,
        max_cached_workflows=settings.orders_cached,
        sticky_queue_schedule_to_start_timeout=LOST_WORKER_NOTICED_AFTER,
        graceful_shutdown_timeout=DRAIN,
    )


def _for_sends(
    client: Client,
    queue: str,
    activities: Sequence[Callable[..., object]],
    rate: float | None,
    version: WorkerDeploymentConfig | None,
    is_behind: Callable[[], bool],
) -> SendWorker:
    def new_worker(slots: WorkerTuner) -> Worker:
        return Worker(
            client,
            task_queue=queue,
            activities=activities,
            deployment_config=version,
            tuner=slots,
            max_task_queue_activities_per_second=rate,
            # An activity started eagerly would pass the queue's rate limit and priorities by.
            disable_eager_activity_execution=True,
            graceful_shutdown_timeout=DRAIN,
        )

    return SendWorker(queue, new_worker, is_behind)


def _rate(settings: Settings, providers: Sequence[Provider], channel: Channel) -> float | None:
    """What the providers of a channel take together, if every one of them has a limit."""
    rates = [settings.rate_of(provider.name) for provider in providers if provider.channel is channel]
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known and len(known) == len(rates) else None


async def serve(settings: Settings, queues: Sequence[str], *, is_one_of_several: bool = False) -> None:
    """Work until SIGTERM or SIGINT, then finish what is being sent. One of several ends with its fleet."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    left_alone = asyncio.create_task(until_left_alone(stop)) if is_one_of_several else None
    buckets = {TOLD: TOLD_BUCKETS}
    runtime = runtime_with("METRICS_PORT", settings.metrics_host, settings.metrics_port, buckets)
    client = await connect(runtime)
    await register_search_attributes(client)
    if ORDERS_QUEUE in queues:
        await make_sure_of_the_sweep(client)
    async with (
        workers(client, settings, queues, meter=runtime.metric_meter) as all_workers,
        contextlib.AsyncExitStack() as running,
    ):
        for worker in all_workers:
            await running.enter_async_context(worker)
        # What is loaded by now stays: a burst of signals makes for many collections, each of which would
        # look at all of it again. That was a quarter of a workflow task's time. And fewer of them, above all
        # of those that look at every order: that takes a quarter of a second, and finds next to nothing.
        gc.freeze()
        gc.set_threshold(10_000, 2, 100)
        which = f" as {settings.build}" if settings.build else ""
        logs.say("worker", f"ready, serving {', '.join(queues)}{which}")
        await stop.wait()
        logs.say("worker", "finishing what is being sent")
        # All at once: one that still waits for its turn to stop would go on taking sends.
        await asyncio.gather(*(worker.shutdown() for worker in all_workers))
    if left_alone:
        left_alone.cancel()
    await asyncio.to_thread(tracing.flush)


def _chosen(queues: str) -> list[str]:
    chosen = [name.strip() for name in queues.split(",")]
    for name in chosen:
        if name not in QUEUES:
            raise BadInput("--queues", f"{name!r} is no task queue of ours, use {', '.join(QUEUES)}")
    return chosen


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def in_several(queues: str, processes: int, first_port: int | None) -> int:
    """Run so many workers until SIGTERM. Raises BadInput where there are no ports for all their metrics."""
    if (first_port or 0) + processes > LAST_PORT:
        raise BadInput("METRICS_PORT", f"{first_port} leaves no ports for {processes} processes after it")
    command = [sys.executable, os.path.abspath(__file__), "--queues", queues, "--one-of-several"]
    return asyncio.run(Fleet(command, os.environ, processes).run())


@app.command()
def main(
    queues: Annotated[str, typer.Option(help="Task queues to serve, separated by commas.")] = ",".join(
        QUEUES
    ),
    processes: Annotated[
        int, typer.Option(min=1, max=256, help="How many: workflow code keeps one core a process busy.")
    ] = 1,
    one_of_several: Annotated[bool, typer.Option("--one-of-several", hidden=True)] = False,
) -> int:
    """Serve the task queues of order-notifications until SIGTERM.

    Says "worker: ready" when it is. SIGTERM lets it finish what it is sending; then it ends with exit code 0.
    Settings are read from the environment: Temporal's own, DATABASE_URL, METRICS_PORT, LOG_FORMAT and those
    of at least one provider. What is missing or wrong is said in one line, with exit code 1. With several
    processes, each has its metrics on the port after the one before, and one that dies is started again.
    """
    logs.set_up(os.environ)
    settings = Settings.read(os.environ)
    if not settings.providers:
        needed = " or ".join(channels.FIRST_SETTINGS)
        raise BadInput("providers", f"none is configured, set {needed} and what belongs to it")
    chosen = _chosen(queues)
    if processes > 1:
        return in_several(queues, processes, settings.metrics_port)
    uvloop.run(serve(settings, chosen, is_one_of_several=one_of_several))
    return DONE


if __name__ == "__main__":
    leave_after(
        lambda: app(standalone_mode=False),
        "worker",
        dict.fromkeys((BadInput, NoServer, NotRegistered, StoreUnavailable, TemporalError), FAILED),
    )
