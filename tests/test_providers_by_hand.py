"""The commands for providers: an operator sees why each is in its state, and overrules it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from activities.breakers import Tally
from activities.store import Store
from activities.store.migrating import migrate
from domain.breaker import BreakerState
from tests.processes import Ended, run

USAGE = 2
RELAY = {"SMTP_HOST": "127.0.0.1", "SMTP_TLS": "none", "EMAIL_FROM": "orders@example.org"}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """An operator's: a database of their own, and one provider."""
    return {"DATABASE_URL": f"sqlite:///{tmp_path}/ledger.db", **RELAY}


@pytest.fixture
async def store(settings: dict[str, str]) -> AsyncIterator[Store]:
    """The store that the workers share with the operator."""
    await migrate(settings["DATABASE_URL"])
    async with Store(settings["DATABASE_URL"]) as store:
        yield store


async def providers(settings: dict[str, str], *arguments: str) -> Ended:
    return await run("starter.py", "providers", *arguments, settings=settings)


async def listed(settings: dict[str, str]) -> dict[str, dict[str, Any]]:
    ended = await providers(settings, "list", "--json")
    assert (ended.code, ended.err) == (0, "")
    return {one["provider"]: one for one in json.loads(ended.out)}


async def test_the_list_has_what_is_configured_and_what_was_called(
    settings: dict[str, str], store: Store
) -> None:
    await store.settle_calls({"fcm": Tally(40, 38)}, datetime.now(UTC))

    known = await listed(settings)

    assert list(known) == ["fcm", "smtp"]
    fcm = known["fcm"]
    assert (fcm["state"], fcm["calls"], fcm["failures"]) == ("open", 40, 38)
    assert (fcm["reason"], fcm["since"] is None) == ("38 of 40 calls failed within 5 minutes", False)
    assert (known["smtp"]["state"], known["smtp"]["calls"], known["smtp"]["since"]) == ("closed", 0, None)


async def test_the_table_says_the_same_to_people(settings: dict[str, str], store: Store) -> None:
    await store.settle_calls({"fcm": Tally(40, 38)}, datetime.now(UTC))

    ended = await providers(settings, "list")

    (fcm,) = [line for line in ended.out.splitlines() if "fcm" in line]
    assert ended.code == 0
    assert all(word in fcm for word in ("open", "38 of 40 calls failed within 5 minutes", "40", " UTC"))


async def test_forcing_is_written_down_with_its_reason_until_it_is_released(
    settings: dict[str, str], store: Store
) -> None:
    forced = await providers(settings, "force", "smtp", "open", "--because", "the relay moves house")
    assert (forced.code, forced.err) == (0, "")
    assert forced.out.startswith("smtp is forced open: the relay moves house")
    (health,) = await store.healths()
    assert (health.state, health.reason) == (BreakerState.FORCED_OPEN, "the relay moves house")

    await providers(settings, "force", "smtp", "closed", "--because", "it is back")
    assert (await listed(settings))["smtp"]["state"] == "forced closed"

    released = await providers(settings, "release", "smtp")
    assert released.out.startswith("smtp is closed")
    (health,) = await store.healths()
    assert (health.state, health.reason) == (BreakerState.CLOSED, "released by an operator")


async def test_releasing_leaves_a_breaker_alone_that_opened_by_itself(
    settings: dict[str, str], store: Store
) -> None:
    await store.settle_calls({"fcm": Tally(40, 40)}, datetime.now(UTC))

    ended = await providers(settings, "release", "fcm")

    assert (ended.code, ended.out) == (0, "fcm is not forced, it is open\n")
    (health,) = await store.healths()
    assert health.state is BreakerState.OPEN


@pytest.mark.parametrize("command", [("force", "fmc", "open", "--because", "typing"), ("release", "fmc")])
async def test_an_unknown_provider_is_one_line_that_lists_the_known_ones(
    settings: dict[str, str], store: Store, command: tuple[str, ...]
) -> None:
    await store.settle_calls({"twilio": Tally(1, 0)}, datetime.now(UTC))

    ended = await providers(settings, *command)

    assert ended.code == 1
    assert ended.problem == "starter: provider: fmc is not known, use one of smtp, twilio"
    assert [health.provider for health in await store.healths()] == ["twilio"]


async def test_forcing_takes_a_reason(settings: dict[str, str]) -> None:
    without = await providers(settings, "force", "smtp", "open")
    empty = await providers(settings, "force", "smtp", "open", "--because", " ")

    assert (without.code, empty.code) == (USAGE, 1)
    assert "--because" in without.problem
    assert "--because" in empty.problem
