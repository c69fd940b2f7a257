"""The example of a transactional outbox: what is published is what was committed, whenever anybody dies."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session

from domain.published import read_published
from examples.outbox.outbox import Base, OrderRow, advance
from tests.processes import HOME

STEPS = ("PLACED", "ACCEPTED", "PREPARING", "OUT_FOR_DELIVERY", "DELIVERED")
MOMENTS = ("before", "between", "after")


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    url = make_url(empty_url)
    drivers = {"postgresql": "postgresql+psycopg", "sqlite": "sqlite"}
    engine = create_engine(url.set(drivername=drivers[url.get_backend_name()]))
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


class Desk:
    """An order service whose relay can be killed, and the broker it publishes to."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._broker = engine, folder / "broker"

    def advance(self, status: str) -> None:
        with Session(self._engine) as session, session.begin():
            advance(session, "A17", "c-42", status)

    def relay(self, dies: str = "never") -> int:
        """Let it run once, to its end or its death; how it ended."""
        url = self._engine.url.render_as_string(hide_password=False)
        command = [sys.executable, "-m", "tests.store.dying_relay", url, str(self._broker), dies]
        return subprocess.run(command, cwd=HOME, check=False).returncode

    @property
    def published(self) -> list[str]:
        """The statuses that the broker has, by the first time that each event came."""
        if not self._broker.exists():
            return []
        events = [read_published(line.encode(), {}) for line in self._broker.read_text().splitlines()]
        return [event.status for event in {event.event_id: event for event in events}.values()]

    @property
    def times(self) -> int:
        """How many messages the broker has."""
        return len(self._broker.read_text().splitlines())


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> Desk:
    return Desk(engine, tmp_path)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_relay_that_is_killed_loses_nothing_and_keeps_the_order(desk: Desk, moment: str) -> None:
    for status in STEPS:
        desk.advance(status)

    assert desk.relay(dies=moment) == -signal.SIGKILL
    assert desk.relay() == 0

    assert desk.published == list(STEPS)
    assert desk.times == len(STEPS) + {"before": 0, "between": 2, "after": 5}[moment]


def test_what_is_rolled_back_is_not_published(desk: Desk, engine: Engine) -> None:
    desk.advance("PLACED")
    with Session(engine) as session:
        advance(session, "A17", "c-42", "ACCEPTED")
        session.flush()
        session.rollback()

    assert desk.relay() == 0

    assert desk.published == ["PLACED"]
    with Session(engine) as session:
        order = session.get(OrderRow, "A17")
        assert order is not None
        assert order.status == "PLACED"


def test_what_was_published_is_not_published_again(desk: Desk) -> None:
    desk.advance("PLACED")
    assert desk.relay() == desk.relay() == 0
    desk.advance("ACCEPTED")
    assert desk.relay() == 0

    assert json.dumps(desk.published) == '["PLACED", "ACCEPTED"]'
    assert desk.times == 2
