"""The commands for keys as an operator types them: a key is shown once, and opens nothing once revoked."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.processes import Ended, run

A_KEY = re.compile(r"onk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """An empty store of its own, and nothing else: keys need no Temporal."""
    return {"DATABASE_URL": f"sqlite:///{tmp_path}/store.db", "COLUMNS": "200"}


async def keys(settings: dict[str, str], *arguments: str) -> Ended:
    return await run("starter.py", "keys", *arguments, settings=settings)


async def test_a_key_is_made_shown_once_listed_without_it_and_revoked(settings: dict[str, str]) -> None:
    made = await keys(settings, "make", "order-service", "--scope", "events:write", "--scope", "orders:read")
    assert made.code == 0, made.err
    key = made.out.strip()
    key_id = key.split("_")[1]
    assert A_KEY.fullmatch(key)

    revoked = await keys(settings, "revoke", key_id)
    assert (revoked.code, revoked.out) == (0, f"{key_id} opens nothing any more\n")

    again, listed = await asyncio.gather(keys(settings, "revoke", key_id), keys(settings, "list"))
    problem = "starter: KEY_ID: no key of this id is good, see: starter.py keys list"
    assert (again.code, again.problem) == (1, problem)
    assert re.search(rf"{key_id}\s.*order-service\s.*events:write, orders:read", listed.out)
    assert listed.out.count("UTC") == 2, "when it was made and when it was revoked"
    assert key not in listed.out


WRONG = {
    ("make", " ", "--scope", "events:write"): (1, "starter: NAME: is empty, say whose key it is"),
    ("make", "order-service"): (2, "starter: Missing option '--scope'"),
    ("make", "order-service", "--scope", "everything"): (2, "starter: Invalid value for '--scope'"),
}


async def test_a_command_that_makes_no_sense_is_one_line_and_makes_nothing(settings: dict[str, str]) -> None:
    said = await asyncio.gather(*(keys(settings, *arguments) for arguments in WRONG))

    for ended, (code, problem) in zip(said, WRONG.values(), strict=True):
        assert ended.code == code
        assert ended.problem.startswith(problem)
    listed = await keys(settings, "list")
    assert listed.out == "there is no key, make one with: starter.py keys make NAME --scope events:write\n"
