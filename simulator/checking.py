"""Compares what was told with what the stories say had to be: a difference is shown as one, line by line."""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from domain.channels import Channel
from domain.timeline import Timeline
from simulator.stories import CUSTOMER, PUSH, Story
from simulator.told import Told
from simulator.world import Received

Lines = list[str]


def differences(had_to: Iterable[str], did: Iterable[str]) -> Lines:
    """Say what is missing (-) and what is too much (+), with all that is right around it."""
    expected, actual = sorted(had_to), sorted(did)
    return [] if expected == actual else [line for line in difflib.ndiff(expected, actual) if line[0] != "?"]


def timelines_had_to_say(stories: Sequence[Story]) -> Lines:
    """Every batch of every order, and that the order is over."""
    return [line for story in stories for line in _of_order(story, _told(story), "over")]


def timelines_say(timelines: Mapping[str, Timeline], stories: Sequence[Story]) -> Lines:
    """The same as it came about, from the timelines by the stories' letters."""
    return [
        line
        for story in stories
        for timeline in [timelines[story.letter]]
        for line in _of_order(story, map(Told.of, timeline.batches), timeline.state)
    ]


def people_had_to_receive(stories: Sequence[Story]) -> Lines:
    """How many messages each person has to receive on each channel, and the sentence of every story."""
    counts = Counter[tuple[str, Channel]](
        (story.people[told.role], channel)
        for story in stories
        for told in _told(story)
        for channel in told.on
        if channel is not Channel.IN_APP
    )
    return [*_counted(counts), *(_read(story, 1) for story in stories)]


def people_received(received: Sequence[Received], who: Mapping[str, str], stories: Sequence[Story]) -> Lines:
    """The same as it came about. ``who`` has each address's person."""
    counts = Counter((who.get(one.address, "a stranger"), Channel(one.channel)) for one in received)
    read = Counter(
        (who.get(one.address), one.text.partition("\n")[2]) for one in received if one.channel == PUSH
    )
    return [
        *_counted(counts),
        *(_read(story, read[story.people[CUSTOMER], story.sentence]) for story in stories),
    ]


def _told(story: Story) -> list[Told]:
    return [told for step in story.steps for told in step.told]


def _of_order(story: Story, told: Iterable[Told], state: str) -> Lines:
    return [*(f"order {story.letter}: {batch}" for batch in told), f"order {story.letter} is {state}"]


def _counted(counts: Counter[tuple[str, Channel]]) -> Lines:
    return [f"{person} received by {channel}: {count}" for (person, channel), count in counts.items()]


def _read(story: Story, times: int) -> str:
    return f'{story.people[CUSTOMER]} read {times} time(s) by push: "{story.sentence}"'
