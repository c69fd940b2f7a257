"""The stage of the stories: the product as it ships, on a real Temporal dev server, with time skipped.

Providers are the simulator's, over real HTTP and SMTP. Nothing here knows how the product works inside.
"""

import asyncio
import contextlib
import itertools
import logging
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowHistory
from temporalio.common import WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.breakers import Breakers, BreakerStore
from activities.breakers import Clock as AnyClock
from activities.queues import SendQueues
from activities.store import Store
from activities.store.notifications import Notification
from domain.breaker import BreakerState
from domain.channels import Channel
from domain.recipients import Recipient
from domain.status import Role, Status
from domain.timeline import Timeline, ToldBatch
from send_worker import SendWorker
from settings import Settings
from simulator import Fault, Simulator
from simulator.dev_server import as_deployed
from simulator.providers import settings_for
from temporal_client import DATA_CONVERTER
from worker import workers
from workflows.policy import SEARCH_ATTRIBUTES, SEND_QUEUES

# Time skipping on the dev server is experimental: its flags live here and nowhere else.
_TIME_SKIPPING = (
    "--dynamic-config-value",
    "frontend.WorkflowTimeSkippingEnabled=true",
    "--dynamic-config-value",
    'history.timerProcessorMaxTimeShift="10ms"',
)
# Real seconds that anything may take on a busy machine before a story is called failed.
PATIENCE = 60
_RETRIES_LATE = 0.05
# The workers of the stage look at their queues as they start, and hear from stories what else there is.
_NEVER = 1e6


class Clock:
    """The workers' own clock: the real one, until a story moves it ahead."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def passes(self, seconds: float) -> None:
        """Let time pass for everything that does not go by an order's own clock."""
        self._ahead += timedelta(seconds=seconds)

    def is_right_again(self) -> None:
        """Back to real time."""
        self._ahead = timedelta()


@dataclass(frozen=True)
class Stage:
    """What runs for all stories. ``breakers`` and ``queues`` are the workers' own."""

    env: WorkflowEnvironment
    simulator: Simulator
    store: Store
    settings: Settings
    folder: Path
    clock: Clock
    breakers: Breakers
    queues: SendQueues
    secrets: set[str] = field(default_factory=set)
    orders: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    @property
    def client(self) -> Client:
        """A client as an order service in another language would have: plain JSON."""
        return self.env.client

    async def announced(self) -> dict[str, str]:
        """The last order of each story that was announced on this stage, by the story's name."""
        return {story: order_id for story, order_id in self.orders.items() if await self._knows(order_id)}

    async def _knows(self, order_id: str) -> bool:
        try:
            await self.client.get_workflow_handle(f"order-{order_id}").describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    async def every_provider_is_well(self) -> None:
        """Close all breakers and forget what they went by: no story's failures are the next one's."""
        await self.breakers.settle_accounts()
        for health in await self.store.healths():
            await self.store.force_breaker(health.provider, BreakerState.CLOSED, "a new story")
        await self.breakers.settle_accounts()

    async def history(self, order_id: str, run_id: str | None = None) -> WorkflowHistory:
        """The history of a run of an order, of its newest if none is named."""
        return await self.client.get_workflow_handle(f"order-{order_id}", run_id=run_id).fetch_history()

    async def everything_temporal_knows_of(self, order_id: str) -> bytes:
        """An order's history and its visible state, as the server stores them."""
        described = await self.client.get_workflow_handle(f"order-{order_id}").describe()
        events = (await self.history(order_id)).events
        return b"".join(part.SerializeToString() for part in (described.raw_description, *events))

    async def every_reason(self) -> str:
        """Every reason that stands in the ledger of this run's orders, and in the dead letters."""
        rows = [row for order_id in self.orders.values() for row in await self.store.history(order_id)]
        letters = await self.store.dead_letters(10_000)
        return "\n".join([*(row.reason or "" for row in rows), *(letter.reason for letter in letters)])


@contextlib.asynccontextmanager
async def open_stage(folder: Path) -> AsyncIterator[Stage]:
    """Start everything, and stop it."""
    async with contextlib.AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator.start())
        environ = {
            "DATABASE_URL": f"sqlite:///{folder}/ledger.db",
            # What is not deterministic in a workflow is found here, so that production need not look for it.
            "WORKFLOW_SANDBOX": "on",
            **settings_for(simulator, folder),
        }
        settings = Settings.read(environ)
        env = await stack.enter_async_context(await _dev_server())
        clock, breakers = Clock(), list[Breakers]()

        def kept_in_sight(store: BreakerStore, now: AnyClock) -> Breakers:
            breakers.append(Breakers(store, now))
            return breakers[-1]

        queues = SendQueues(env.client, SEND_QUEUES, every=_NEVER)
        parts = workers(
            env.client, settings, now=clock, new_breakers=kept_in_sight, new_queues=lambda *_: queues
        )
        for worker in await stack.enter_async_context(parts):
            be_patient_with_workflows(worker)
            await stack.enter_async_context(worker)
        store = await stack.enter_async_context(Store(settings.database_url, clock))
        stage = Stage(env, simulator, store, settings, folder, clock, breakers[0], queues)
        with listening_to_logs(stage.log):
            yield stage


@contextlib.contextmanager
def listening_to_logs(lines: list[str]) -> Iterator[None]:
    """Collect every log line of the run, tracebacks included, at the level a worker logs at."""
    collector = _Collector(lines)
    root = logging.getLogger()
    before = root.level
    root.addHandler(collector)
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(collector)
        root.setLevel(before)


# aiosmtpd, the relay of the simulator: a provider knows the addresses it is given.
_NOT_OURS = "mail."


class _Collector(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(_NOT_OURS):
            self._lines.append(f"{record.name}: {self.format(record)}")


def be_patient_with_workflows(worker: Worker | SendWorker) -> None:
    """Let a workflow task take its time: the SDK calls it a deadlock after 2 s, which a busy machine reaches.

    There is no setting for it but the debug mode, which lets workflows out of their sandbox as well.
    """
    if isinstance(worker, Worker) and (runner := worker._workflow_worker):
        assert runner._deadlock_timeout_seconds == 2
        runner._deadlock_timeout_seconds = PATIENCE


async def _dev_server() -> WorkflowEnvironment:
    return await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=DATA_CONVERTER,
        dev_server_existing_path=shutil.which("temporal"),
        dev_server_extra_args=[*_TIME_SKIPPING, *as_deployed()],
        search_attributes=SEARCH_ATTRIBUTES,
    )


class Contact:
    """What one address of a person received, as its screen shows it."""

    def __init__(self, stage: Stage, channel: Channel, address: str) -> None:
        self._stage, self._channel, self.address = stage, channel, address

    @property
    def received(self) -> list[str]:
        """The texts, in order of arrival."""
        return [r.text for r in self._stage.simulator.received if r.address == self.address]


class Person:
    """A recipient with one address on every channel."""

    def __init__(self, stage: Stage, recipient: Recipient) -> None:
        self.recipient, self.id, self._stage = recipient, recipient.recipient_id, stage
        self._contacts = {
            channel: [Contact(stage, channel, address.value) for address in recipient.addresses(channel)]
            for channel in Channel
        }

    @classmethod
    def stranger(cls, stage: Stage, recipient_id: str) -> "Person":
        """Somebody whom nobody loaded."""
        return cls(stage, Recipient(recipient_id=recipient_id, role=Role.CUSTOMER))

    @property
    def pushes(self) -> list[str]:
        """Texts of the pushes on all their devices."""
        return self._received(Channel.PUSH)

    @property
    def texts(self) -> list[str]:
        """Their text messages."""
        return self._received(Channel.SMS)

    @property
    def mails(self) -> list[str]:
        """Their e-mails, each with its subject on the first line."""
        return self._received(Channel.EMAIL)

    async def inbox(self) -> list[str]:
        """The texts in their inbox, oldest first."""
        newest_first = await self._stage.store.inbox(self.id)
        return [message.text for message in reversed(newest_first)]

    def address(self, channel: Channel) -> str:
        """Their first address on a channel."""
        return self._contacts[channel][0].address

    def _received(self, channel: Channel) -> list[str]:
        return [text for contact in self._contacts[channel] for text in contact.received]


class OrderStory:
    """One order as its service sees it, and its time, which passes only when told to."""

    def __init__(
        self, city: "City", order_id: str, people: Mapping[Role, Person], rules: Mapping[str, float]
    ):
        self.order_id, self._city, self._people, self._rules = order_id, city, dict(people), rules
        self._numbers = itertools.count(1)
        self.occurred_at = datetime.now(UTC)
        self._handle: WorkflowHandle[Any, Any] = city.stage.client.get_workflow_handle(f"order-{order_id}")

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        """The order's workflow."""
        return self._handle

    def event(self, status: Status | str, **overrides: Any) -> dict[str, Any]:
        """An order event as plain JSON, occurring now unless said otherwise."""
        people = {f"{role}_id": person.id for role, person in self._people.items()}
        return {
            "event_id": f"{self.order_id}-{next(self._numbers)}",
            "order_id": self.order_id,
            "status": str(status),
            "occurred_at": datetime.now(UTC).isoformat(),
            **people,
            **overrides,
        }

    async def becomes(self, *statuses: Status, later: float = 0, **overrides: Any) -> None:
        """Signal statuses one after the other, and wait until all that is due now was told."""
        for status in statuses:
            occurred_at = await self.timestamp(later)
            self.occurred_at = datetime.fromisoformat(occurred_at)
            await self.signal(self.event(status, occurred_at=occurred_at, **overrides))
        await self.settles()

    async def hears(self, *events: Any) -> None:
        """Signal events as they are, and wait until all that is due now was told."""
        for event in events:
            await self.signal(event)
        await self.settles()

    async def signal(self, event: Any, name: str = "status_changed") -> None:
        """Signal anything at all, starting the order if need be."""
        with self._city.stage.env.with_time_skipping_disabled():
            self._handle = await self._city.stage.client.start_workflow(
                "OrderNotifications",
                {"order_id": self.order_id, "rules": dict(self._rules)},
                id=f"order-{self.order_id}",
                task_queue="order-notifications",
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                start_signal=name,
                start_signal_args=[event],
            )

    async def is_started(self, execution_timeout: timedelta) -> None:
        """Start the order before its first event, in a way that we advise nobody to."""
        with self._city.stage.env.with_time_skipping_disabled():
            self._handle = await self._city.stage.client.start_workflow(
                "OrderNotifications",
                {"order_id": self.order_id, "rules": dict(self._rules)},
                id=f"order-{self.order_id}",
                task_queue="order-notifications",
                execution_timeout=execution_timeout,
            )

    async def passes(self, seconds: float) -> None:
        """Let time pass for this order."""
        await self._city.stage.env.fast_forward(self._handle, timedelta(seconds=seconds))
        await self.settles()
        # The clock is ahead at once, what that makes due follows milliseconds later: retries, and timers.
        await asyncio.sleep(_RETRIES_LATE)
        async with asyncio.timeout(PATIENCE):
            while await self._has_a_timer_due():  # noqa: ASYNC110 the server sets no event of ours
                await asyncio.sleep(0.01)
        await self.settles()

    async def _has_a_timer_due(self) -> bool:
        now, timers = await self.now(), dict[str, datetime]()
        for event in (await self._handle.fetch_history()).events:
            if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
                started = event.timer_started_event_attributes
                waits = started.start_to_fire_timeout.ToTimedelta()
                timers[started.timer_id] = event.event_time.ToDatetime(UTC) + waits
            timers.pop(event.timer_fired_event_attributes.timer_id, None)
            timers.pop(event.timer_canceled_event_attributes.timer_id, None)
        return any(due <= now for due in timers.values()) and await self.status() == "RUNNING"

    async def skip(self, seconds: float) -> None:
        """Let time pass without waiting for what it brings."""
        await self._city.stage.env.fast_forward(self._handle, timedelta(seconds=seconds))

    async def now(self) -> datetime:
        """What time it is for this order."""
        return await self._city.stage.env.get_current_time(self._handle)

    async def timeline(self) -> Timeline:
        """What the order answers."""
        told: Timeline = await self._handle.query("timeline", result_type=Timeline)
        return told

    async def told(self, person: Person) -> list[ToldBatch]:
        """The batches of one person."""
        return [batch for batch in (await self.timeline()).batches if batch.recipient_id == person.id]

    async def settles(self) -> None:
        """Wait until no send is on its way to a worker or in its hands; one that sleeps until a retry may."""
        async with asyncio.timeout(PATIENCE):
            while await self._is_busy():  # noqa: ASYNC110 the server sets no event of ours
                await asyncio.sleep(0.01)

    async def _is_busy(self) -> bool:
        described = await self._handle.describe()
        if described.status is None or described.status.name != "RUNNING":
            return False
        raw = described.raw_description
        if raw.HasField("pending_workflow_task"):
            return True
        await self.timeline()
        raw = (await self._handle.describe()).raw_description
        return raw.HasField("pending_workflow_task") or any(
            _is_under_way(one) for one in raw.pending_activities
        )

    async def timestamp(self, later: float = 0) -> str:
        """A time on this order's own clock."""
        try:
            now = await self.now()
        except RPCError:  # nobody announced the order yet
            now = datetime.now(UTC)
        return (now + timedelta(seconds=later)).isoformat()

    async def lines(self, person: Person, batch: int = -1) -> dict[str, str | None]:
        """Where one batch of a person stands on each channel."""
        return {line.channel: line.status for line in (await self.told(person))[batch].channels}

    async def rows(self) -> tuple[Notification, ...]:
        """The order's rows in the ledger, oldest first."""
        return await self._city.stage.store.history(self.order_id)

    async def has_pushed(self, person: Person, pushes: int) -> None:
        """Wait for pushes that wait for something real, such as a slow provider."""
        async with asyncio.timeout(PATIENCE):
            while len(person.pushes) < pushes:  # noqa: ASYNC110 as above
                await asyncio.sleep(0.02)

    async def has_told(self, person: Person, batches: int) -> None:
        """Wait until so many batches were planned for somebody, whatever became of them."""
        async with asyncio.timeout(PATIENCE):
            while len(await self.told(person)) < batches:  # noqa: ASYNC110 as above
                await asyncio.sleep(0.02)

    async def is_being_sent(self) -> None:
        """Wait until a worker has a send in its hands."""
        async with asyncio.timeout(PATIENCE):
            while not await self._has_started_a_send():  # noqa: ASYNC110 the server sets no event of ours
                await asyncio.sleep(0.01)

    async def _has_started_a_send(self) -> bool:
        pending = (await self._handle.describe()).raw_description.pending_activities
        return any(one.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED for one in pending)

    async def wait_before_the_next_attempt(self) -> float:
        """Seconds between the last failed attempt and the next, as the server was asked to wait.

        Asked for rather than waited for: a fast-forward wakes a sleeping activity too early.
        """
        (pending,) = (await self._handle.describe()).raw_description.pending_activities
        return pending.current_retry_interval.ToTimedelta().total_seconds()

    async def status(self) -> str:
        """The workflow's own status, by Temporal's name."""
        status = (await self._handle.describe()).status
        return status.name if status else "UNKNOWN"

    async def failure(self) -> str:
        """Why the order failed."""
        try:
            await self._handle.result()
        except WorkflowFailureError as error:
            return str(error.cause)
        return ""

    async def ends(self) -> None:
        """Wait for the order to end by itself."""
        async with asyncio.timeout(PATIENCE):
            await self._handle.result()


def _is_under_way(pending: Any) -> bool:
    """Scheduled without an attempt behind it, or started: not asleep in back-off."""
    is_asleep = pending.state == 1 and pending.attempt > 1 and pending.HasField("last_failure")
    return not is_asleep


@dataclass
class City:
    """People and orders of one story."""

    stage: Stage
    story: str
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def customer(self, **wishes: Any) -> Person:
        """A customer with a phone, an Android device and an e-mail address."""
        return await self._person(Role.CUSTOMER, **wishes)

    async def merchant(self, **wishes: Any) -> Person:
        """A merchant's tablet."""
        return await self._person(Role.MERCHANT, **wishes)

    async def courier(self, **wishes: Any) -> Person:
        """A courier's phone."""
        return await self._person(Role.COURIER, **wishes)

    def order(
        self,
        customer: Person,
        merchant: Person | None = None,
        courier: Person | None = None,
        **rules: float,
    ) -> OrderStory:
        """An order that nobody announced yet."""
        people = {Role.CUSTOMER: customer, Role.MERCHANT: merchant, Role.COURIER: courier}
        known = {role: person for role, person in people.items() if person}
        order_id = self.stage.orders[self.story] = self._name("order")
        return OrderStory(self, order_id, known, rules)

    def fails(self, *faults: Fault) -> None:
        """Let providers fail like this from now on."""
        self.stage.simulator.set_faults(faults)

    def holds(self, address: str) -> None:
        """Let the next call to this address be accepted, and answered only when it is let go.

        Soon, in the test's own steps: the product gives a call up after 10 s.
        """
        self.fails(Fault(kind="slow", address=address, seconds=3600, times=1))

    def lets_go(self) -> None:
        """Answer what was held, and let all go well."""
        self.stage.simulator.clear_faults()

    async def _person(self, role: Role, **wishes: Any) -> Person:
        name = self._name(role)
        number = crc32(name.encode()) % 10_000_000
        address = {
            "email": f"{name}@example.org",
            "phone": f"+1555{number:07}",
            "devices": [{"platform": "android", "token": f"token-of-{name}"}],
        }
        recipient = Recipient.model_validate({"recipient_id": name, "role": role, **address, **wishes})
        await self.stage.store.load([recipient])
        self.stage.secrets.update(
            address.value for channel in Channel for address in recipient.addresses(channel)
        )
        return Person(self.stage, recipient)

    def _name(self, what: str) -> str:
        return f"{what}-{next(self._numbers)}-{crc32(self.story.encode()):08x}"
