"""What happens on the stage once everything runs: people are loaded, orders are played, told and checked."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn

from domain.channels import Channel
from domain.recipients import read_recipients
from domain.status import Status
from simulator import checking
from simulator.board.backstage import Commands, Doors
from simulator.board.board import Board
from simulator.board.opening import open_board, url_of
from simulator.board.people import People, sample_people
from simulator.browsing import pages
from simulator.orders import Announce, Orders, Run
from simulator.programs import HOME
from simulator.screen import Screen
from simulator.stack import SAMPLE_PEOPLE, Stack
from simulator.stories import STORIES, Story

DEFAULT_ADDRESS = "127.0.0.1:7233"


class Show:
    """A show with a running stack."""

    def __init__(self, stack: Stack, screen: Screen, run: Run | None = None) -> None:
        self.stack, self._screen, self._run = stack, screen, run or Run.now()
        self._board: Board | None = None
        people = read_recipients(SAMPLE_PEOPLE.read_bytes())
        self._person_at = {
            address.value: person
            for person in people
            for channel in Channel
            for address in person.addresses(channel)
        }

    async def load_people(self, *, with_live_activities: bool = False) -> str:
        """Load the sample people through the command that anybody would use. Answers their ids."""
        people = sample_people(self._run.person, with_live_activities=with_live_activities)
        file = self.stack.folder / "people.json"
        file.write_text(json.dumps(people, indent=2))
        await self.stack.load(file)
        return ", ".join(f"{person['role']} {person['recipient_id']}" for person in people)

    async def open_board(self) -> str:
        """Open the order board, which shows our own orders as well. Answers where it is."""
        stack = self.stack
        self._board = open_board(
            stack.simulator,
            await stack.client(),
            People.of_the_sample(self._run.person),
            Commands(stack.environ, Doors(stack.public_url, stack.ui)),
            run=self._run.name,
            is_simulated=stack.is_simulated,
        )
        return url_of(stack.simulator)

    @contextlib.asynccontextmanager
    async def pages(self, *, ledger_is_kept: bool) -> AsyncIterator[None]:
        """Say what to open in a browser, good for as long as the block lasts."""
        customer = self._run.person("c-42")
        async with pages(self.stack, customer, ledger_is_kept=ledger_is_kept) as found:
            self._screen.heading("Open in your browser:")
            for page in found:
                self._screen.page(page.what, page.url, page.hint)
            yield

    async def play(self, announce: Announce | None = None) -> bool:
        """Play the stories, show the timelines, and say whether everything was told as it had to be."""
        orders = Orders(await self.stack.order_service(), self._run, self._announced, announce)
        for story in STORIES:
            self._screen.heading(f"Order {story.letter}: {story.title}")
            await orders.play(story, lambda step: self._screen.chapter(step.remark))
        self._screen.heading("The timelines: who was told what where, and why not")
        timelines = {story.letter: await orders.end(story) for story in STORIES}
        for story in STORIES:
            self._screen.timeline(timelines[story.letter], story.title)
        self._screen.remark("off: not wanted there; kept back: for when another channel fails.")
        return self._is_as_it_had_to_be(
            checking.differences(
                [*checking.timelines_had_to_say(STORIES), *self._had_to_receive()],
                [*checking.timelines_say(timelines, STORIES), *self._received()],
            )
        )

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Show every message as it reaches somebody, for as long as the block lasts."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def say_how(self) -> None:
        """What to type in another terminal."""
        stack, screen = self.stack, self._screen
        customer = self._run.person("c-42")
        starter = f"  {_from_here(sys.executable)} starter.py"
        screen.heading("In another terminal, with the usual window of a minute:")
        if not _is_default(stack.address):
            screen.plain(f"  export TEMPORAL_ADDRESS={stack.address}")
        screen.plain(
            f'{starter} announce A17 PLACED --customer {customer} --fact merchant_name="Burger Barn"'
        )
        screen.plain(f"{starter} announce A17 OUT_FOR_DELIVERY --customer {customer} --fact eta_minutes=12")
        screen.plain(f"{starter} timeline A17")
        screen.plain(f"  curl {stack.simulator.url}/received")

    def _announced(self, story: Story, status: Status) -> None:
        order_id = self._run.order_id(story)
        self._screen.announced(order_id, status)
        if self._board:
            holders = {role: self._run.person(person) for role, person in story.people.items()}
            self._board.orders.hear(order_id, holders, status)

    async def _watch(self) -> NoReturn:
        shown = 0
        while True:
            with contextlib.suppress(TimeoutError):
                one = await self.stack.simulator.next_after(shown)
                self._screen.received(one, self._person_at.get(one.address))
                shown = one.n

    def _had_to_receive(self) -> checking.Lines:
        return checking.people_had_to_receive(STORIES) if self.stack.is_simulated else []

    def _received(self) -> checking.Lines:
        if not self.stack.is_simulated:
            return []
        who = {address: person.recipient_id for address, person in self._person_at.items()}
        return checking.people_received(self.stack.simulator.received, who, STORIES)

    def _is_as_it_had_to_be(self, differences: checking.Lines) -> bool:
        if differences:
            self._screen.heading("NOT told as it had to be (- had to be, + was):")
            for line in differences:
                self._screen.plain(f"  {line}")
        else:
            self._screen.heading("Every order was told exactly as it had to be.")
        return not differences


def _from_here(program: str) -> str:
    """A program as it is called from our folder. Not resolved: that would leave the virtual environment."""
    path = Path(program)
    return str(path.relative_to(HOME)) if path.is_relative_to(HOME) else program


def _is_default(address: str) -> bool:
    return address == DEFAULT_ADDRESS and not os.environ.get("TEMPORAL_ADDRESS")
