"""Little scenarios nobody thought of: events, failures and timings at random, played to the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.store.inbox import InboxMessage
from activities.store.notifications import Notification
from domain.channels import Channel
from domain.status import Role, Status
from domain.timeline import Timeline
from simulator import Fault, Received
from tests.stage import City, OrderStory, Person

# Longer than any news is useful for: everything has settled.
LONG_AFTER = timedelta(hours=26).total_seconds()
LOUD = (Channel.PUSH, Channel.SMS, Channel.EMAIL)
_MEASURE: Mapping[str, Mapping[str, float]] = {"throttle": {"retry_after": 20}, "slow": {"seconds": 0.2}}
PROVIDERS = {Channel.PUSH: "fcm", Channel.SMS: "twilio", Channel.EMAIL: "smtp"}


def _everywhere(reach: str) -> dict[str, Any]:
    return {"preferences": {status: dict.fromkeys(("sms", "email"), reach) for status in Status}}


WISHES: Mapping[str, Mapping[str, Any]] = {
    "the defaults": {},
    "everything everywhere": _everywhere("on"),
    "text and mail only when push fails": _everywhere("fallback"),
    "push and inbox alone": _everywhere("off"),
    "no push of a delivery": {"preferences": {"DELIVERED": {"push": "off"}, "NEARBY": {"in_app": "off"}}},
    "no device": {"devices": []},
    "always quiet": {"quiet_hours": {"start": "00:00", "end": "23:59:59"}},
}


@dataclass(frozen=True)
class Becomes:
    """Statuses signalled in one go, each ``later`` seconds from the order's clock."""

    statuses: tuple[Status, ...]
    later: float = 0


@dataclass(frozen=True)
class SaysAgain:
    """An earlier event, once more."""

    which: int


@dataclass(frozen=True)
class Fails:
    """A provider fails for one person from now on, for the next ``times`` calls."""

    role: Role
    channel: Channel
    kind: str
    times: int | None = None


@dataclass(frozen=True)
class Passes:
    """Time."""

    seconds: int


Step = Becomes | SaysAgain | Fails | Passes

# Ends are rare, or most scenarios would be over before anything went wrong.
_STATUS = st.sampled_from([status for status in Status if not status.rule.final] * 3 + list(Status))
_BECOMES = st.builds(
    Becomes,
    statuses=st.lists(_STATUS, min_size=1, max_size=2).map(tuple),
    later=st.sampled_from([0, 0, 0, 0, -1, -90, 100]),
)
_FAILS = st.builds(
    Fails,
    role=st.sampled_from([*[Role.CUSTOMER] * 4, Role.COURIER, Role.MERCHANT]),
    channel=st.sampled_from(LOUD),
    kind=st.sampled_from(["error", "throttle", "dead", "refuse", "cut_before", "cut_after", "slow"]),
    times=st.sampled_from([1, 1, 2, 3, 5, None]),
)
_STEP = st.one_of(
    _BECOMES,
    _BECOMES,
    _FAILS,
    st.builds(SaysAgain, st.integers(0, 9)),
    st.builds(Passes, st.integers(1, 700)),
)


@dataclass(frozen=True)
class Scenario:
    """Who the customer is, what is broken from the start, and what happens then."""

    wishes: str
    broken: Sequence[Fails]
    steps: Sequence[Step]


SCENARIOS = st.builds(
    Scenario,
    wishes=st.sampled_from(sorted(WISHES)),
    broken=st.lists(_FAILS, min_size=1, max_size=3),
    steps=st.lists(_STEP, min_size=3, max_size=8),
)


@dataclass
class Aftermath:
    """Everything there is to see after a scenario. ``events`` are those the order heard, by their ids."""

    people: Mapping[Role, Person]
    ended_as: str
    events: Mapping[str, dict[str, Any]]
    timeline: Timeline
    rows: Sequence[Notification]
    received: Sequence[Received]
    inboxes: Mapping[str, Sequence[InboxMessage]]

    def rows_to(self, person: Person, channel: Channel | None = None) -> list[Notification]:
        """The ledger's rows of one person, oldest first."""
        return [row for row in self.rows if row.recipient_id == person.id and channel in (None, row.channel)]

    def received_by(self, person: Person, channel: Channel) -> list[Received]:
        """What arrived at one person's address, in order."""
        addresses = {address.value for address in person.recipient.addresses(channel)}
        return [one for one in self.received if one.address in addresses]


@dataclass
class Play:
    """One scenario on its way."""

    order: OrderStory
    people: Mapping[Role, Person]
    city: City
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    async def take(self, step: Step) -> None:
        """Let one thing happen."""
        match step:
            case Becomes(statuses, later):
                for status in statuses:
                    at = await self.order.timestamp(later + len(self.events) / 1000)
                    await self._say(self.order.event(status, occurred_at=at))
                await self.order.settles()
            case SaysAgain(which) if self.events:
                await self._say(list(self.events.values())[which % len(self.events)])
                await self.order.settles()
            case Fails():
                self._fail(step)
            case Passes(seconds) if self.events:
                await self.order.passes(seconds)

    async def _say(self, event: dict[str, Any]) -> None:
        try:
            await self.order.signal(event)
        except WorkflowAlreadyStartedError:
            return  # the order is over, and its service hears so
        self.events[event["event_id"]] = event

    def _fail(self, step: Fails) -> None:
        person = self.people[step.role]
        for address in person.recipient.addresses(step.channel):
            given = {"kind": step.kind, "provider": PROVIDERS[step.channel], "times": step.times}
            fault = {**given, "address": address.value, **_MEASURE.get(step.kind, {})}
            self.faults.insert(0, Fault.model_validate(fault))
        self.city.fails(*self.faults)


async def play(city: City, scenario: Scenario) -> Aftermath:
    """Play a scenario, let all go well, deliver the order, and come back long after."""
    people = {
        Role.CUSTOMER: await city.customer(**WISHES[scenario.wishes]),
        Role.MERCHANT: await city.merchant(),
        Role.COURIER: await city.courier(),
    }
    order = city.order(*people.values())
    playing = Play(order, people, city)
    for step in (*scenario.broken, *scenario.steps):
        await playing.take(step)
    city.fails()
    await playing.take(Becomes((Status.DELIVERED,), later=200))
    await order.passes(LONG_AFTER)
    return Aftermath(
        people=people,
        ended_as=await order.status(),
        events=playing.events,
        timeline=await order.timeline(),
        rows=await city.stage.store.history(order.order_id),
        received=city.stage.simulator.received,
        inboxes={person.id: await city.stage.store.inbox(person.id) for person in people.values()},
    )
