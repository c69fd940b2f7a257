"""The commands of the README and of the page on HTTP do what is said of them, typed as they stand there."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

import pytest

from simulator.stack import SAMPLE_PEOPLE, Stack

HOME = Path(__file__).parent.parent
# Real seconds that a block of commands may take on a busy machine: each of them loads all of ours.
PATIENCE = 300
README = (HOME / "README.md").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", (HOME / "Makefile").read_text(), re.MULTILINE))
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)


def test_every_make_command_of_the_readme_exists() -> None:
    snippets = [*BLOCKS, *re.findall(r"`([^`\n]+)`", README)]
    named = {name for snippet in snippets for name in re.findall(r"\bmake ([a-z-]+)", snippet)}
    assert named <= TARGETS
    assert {"demo", "run", "test", "check", "cost", "chaos"} <= named


async def test_every_block_of_the_readme_runs_as_it_stands(tmp_path: Path) -> None:
    blocks = [block for block in BLOCKS if "make " not in block]
    assert len(blocks) == 2, "one for our own commands, one for the Temporal CLI"
    people = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert people is not None
    (tmp_path / "people.json").write_text(people.group(1))

    async with Stack.start(tmp_path) as stack:
        await stack.load(SAMPLE_PEOPLE)
        await stack.load(tmp_path / "people.json")
        printed = [await asyncio.to_thread(_typed, block, stack) for block in blocks]
        await stack.simulator.wait_for(3)

    assert "A17 OUT_FOR_DELIVERY: accepted" in printed[0]
    assert "order-X1" in printed[1]
    assert any("Burger Barn" in one.text for one in stack.simulator.received)


async def test_every_block_of_the_page_on_http_runs_as_it_stands(tmp_path: Path) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", (HOME / "docs" / "http-api.md").read_text(), re.DOTALL)
    assert len(blocks) == 2, "one for a single event, one for many"

    async with Stack.start(tmp_path, with_api=True) as stack:
        await stack.load(SAMPLE_PEOPLE)
        one, many = [await asyncio.to_thread(_typed, block, stack) for block in blocks]
        await stack.simulator.wait_for(1)

    assert '"outcome":"accepted","order_id":"H17","event_id":"evt-0001"' in one
    assert '"source":"workflow"' in one
    assert '"outcome":"accepted","order_id":"H18"' in many
    assert "status: unknown status" in many
    assert any("Burger Barn" in received.text for received in stack.simulator.received)


def _typed(block: str, stack: Stack) -> str:
    """What a shell prints for a block, when every command of it succeeds."""
    environ = {**os.environ, **stack.environ, "TEMPORAL_ADDRESS": stack.address}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=HOME,
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{block}\n{done.stdout}\n{done.stderr}")
    return done.stdout
