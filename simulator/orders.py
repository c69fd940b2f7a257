"""An order service that plays stories: announces what happens, and waits until it was told."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from domain.ledger import UNSETTLED
from domain.orders import OrderEvent, Rules
from domain.status import Role, Status
from domain.timeline import Timeline
from order_service import NoSuchOrder, OrderService
from simulator.stories import Step, Story

# A minute of window and half an hour of lingering would make for a long demo.
RULES = Rules(window_seconds=4, linger_seconds=2)
BETWEEN_EVENTS = 0.25
TIME_TO_READ = 0.6
PATIENCE = 30.0
_LOOK_EVERY = 0.1

Announce = Callable[[OrderEvent, Rules | None], Awaitable[None]]


@dataclass(frozen=True)
class Run:
    """One playing of the stories: ``name`` keeps its orders apart from those of any other."""

    name: str
    has_own_people: bool = False

    @classmethod
    def now(cls, *, has_own_people: bool = False) -> "Run":
        """Name it by the second."""
        return cls(f"{int(datetime.now(UTC).timestamp()):x}", has_own_people)

    def order_id(self, story: Story) -> str:
        """The id of a story's order."""
        return f"{story.letter}-{self.name}"

    def person(self, recipient_id: str) -> str:
        """The id of a sample person in this run.

        Where the ledger is kept people are of this run alone: what they were told in earlier ones would
        count towards their hourly caps.
        """
        return f"{recipient_id}-{self.name}" if self.has_own_people else recipient_id


class Orders:
    """Plays stories on an order service's library. ``say`` hears of every event before it is announced.

    ``announce`` is another way to announce than by the library.
    """

    def __init__(
        self,
        service: OrderService,
        run: Run,
        say: Callable[[Story, Status], None],
        announce: Announce | None = None,
    ) -> None:
        self._service, self._run, self._say = service, run, say
        self._announce_to = announce or service.announce

    async def play(self, story: Story, on_step: Callable[[Step], None]) -> None:
        """Let everything of a story happen. It ends early at a step that is not told in time."""
        told = 0
        for step in story.steps:
            on_step(step)
            for status in step.statuses:
                await self._announce(story, step, status)
                await asyncio.sleep(BETWEEN_EVENTS)
            told += len(step.told)
            if not await self._until(story, partial(_has_told, batches=told)):
                return
            await asyncio.sleep(TIME_TO_READ)

    async def end(self, story: Story) -> Timeline:
        """Wait for an order's end, and see what was told."""
        await self._until(story, lambda timeline: timeline.state == "over")
        return await self._timeline(story)

    async def _announce(self, story: Story, step: Step, status: Status) -> None:
        order_id = self._run.order_id(story)
        self._say(story, status)
        await self._announce_to(
            OrderEvent(
                event_id=f"{order_id}-{status}",
                order_id=order_id,
                status=status,
                occurred_at=datetime.now(UTC),
                **self._holders(story.people),
                facts=dict(step.facts),
            ),
            RULES,
        )

    def _holders(self, people: Mapping[Role, str]) -> dict[str, str]:
        return {f"{role}_id": self._run.person(recipient_id) for role, recipient_id in people.items()}

    async def _until(self, story: Story, is_so: Callable[[Timeline], bool]) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self._is_so_far(story, is_so):  # noqa: ASYNC110 - a server has to be asked
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            return False
        return True

    async def _is_so_far(self, story: Story, is_so: Callable[[Timeline], bool]) -> bool:
        try:
            return is_so(await self._timeline(story))
        except NoSuchOrder:  # its first event is still with a broker
            return False

    async def _timeline(self, story: Story) -> Timeline:
        return await self._service.timeline(self._run.order_id(story))


def _has_told(timeline: Timeline, *, batches: int) -> bool:
    is_settled = all(line.status not in UNSETTLED for batch in timeline.batches for line in batch.channels)
    return len(timeline.batches) >= batches and not timeline.waiting and is_settled
