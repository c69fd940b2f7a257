"""``starter.py migrate``, and programs that leave the tables to it."""

import re
from pathlib import Path

from tests.processes import run

SHOWN = ("starter.py", "recipients", "show", "c-42")


async def test_a_program_that_does_not_migrate_names_the_command_that_does(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/store.db", "DATABASE_MIGRATE": "off"}

    before = await run(*SHOWN, settings=settings)
    migrated = [await run("starter.py", "migrate", settings=settings) for _ in range(2)]
    after = await run(*SHOWN, settings=settings)

    assert before.code == 1
    assert before.problem.startswith("starter: DATABASE_URL: it has none of our tables")
    assert before.problem.endswith("run starter.py migrate as the role that owns the tables")
    assert [ended.code for ended in migrated] == [0, 0]
    assert re.fullmatch(r"(the tables are of version \d{4}\n){2}", migrated[0].out + migrated[1].out)
    assert after.problem == "starter: recipient: c-42 is not loaded, see starter.py recipients load"


async def test_what_cannot_be_granted_is_said_in_one_line(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/store.db"}

    no_roles = await run("starter.py", "migrate", "--grant-to", "programs", settings=settings)
    nobody = await run("starter.py", "migrate", "--print", settings=settings)

    assert (no_roles.code, nobody.code) == (1, 1)
    assert "SQLite, which has no roles, leave --grant-to out" in no_roles.problem
    assert nobody.problem == "starter: --print: prints grants, name the role with --grant-to"
