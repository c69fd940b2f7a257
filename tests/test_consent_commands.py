"""``starter.py consent``: what an auditor types, what is said, and how it ends."""

from pathlib import Path

import pytest
from sqlalchemy import text

from activities.store import Store
from activities.store.migrating import migrate
from domain.consents import By
from domain.recipients import OptOut
from domain.status import Status
from tests.processes import Ended, run
from tests.store.stage import PUSH, SMS, Stage, as_url, batch, run_sql, somebody

NEWS = batch(Status.OUT_FOR_DELIVERY)
QUIET = {"start": "22:00", "end": "07:00"}


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A ledger in which c-42 said STOP, and was told of an order."""
    where = as_url(tmp_path_factory.mktemp("consents") / "store.db")
    await migrate(where)
    async with Store(where, lambda: NEWS.told_at) as store:
        grid = {"OUT_FOR_DELIVERY": {"email": "on"}}
        await store.load([somebody(preferences=grid, quiet_hours=QUIET)], By("burger-app", "PUT"))
        await store.opt_out(SMS, "+15550100", OptOut.EVERYTHING, "STOP")
        await Stage(store, where).plan(NEWS)
    return where


async def consent(url: str, *arguments: str) -> Ended:
    return await run("starter.py", "consent", *arguments, settings={"DATABASE_URL": url, "COLUMNS": "200"})


async def test_a_whole_ledger_says_how_long_it_is_and_where_it_ends(url: str) -> None:
    ended = await consent(url, "verify")

    rows, head = ended.out.strip().rsplit(", head ", 1)
    assert (ended.code, rows) == (0, "consents: whole, 10 rows")
    assert len(head) == 64
    other = await consent(url, "verify", "--head", head[::-1])
    assert other.code == 1
    assert "row 11 was cut off" in other.err


async def test_a_row_that_was_tampered_with_is_named(url: str, tmp_path: Path) -> None:
    copy = tmp_path / "store.db"
    copy.write_bytes(Path(url.removeprefix("sqlite:///")).read_bytes())  # noqa: ASYNC240
    await run_sql(as_url(copy), text("DROP TRIGGER consents_are_not_updated"))
    await run_sql(as_url(copy), text("UPDATE consents SET actor = 'nobody' WHERE number = 4"))

    ended = await consent(as_url(copy), "verify")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.strip() == "starter: consents: row 4 was changed"


async def test_what_was_changed_is_shown_without_contact_details(url: str) -> None:
    ended = await consent(url, "show", "c-42")

    assert ended.code == 0
    for said in ("burger-app: PUT", "recipient: STOP", "+1555…00, covers everything", "email on"):
        assert said in ended.out
    assert "15550100" not in ended.out


async def test_what_was_wanted_when_a_message_was_decided_is_shown(url: str) -> None:
    ended = await consent(url, "at", NEWS.message_id(PUSH))

    assert ended.code == 0, ended.err
    for said in (
        "OUT_FOR_DELIVERY: push on, sms off, email on, in_app on",
        "quiet hours: 22:00 to 07:00 UTC, and it was not quiet",
        "opt-out sms: +1555…00, covers everything",
    ):
        assert said in ended.out
