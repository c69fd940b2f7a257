"""The API under attack: every answer is to be one that we documented, and none a server error.

``python -m benchmarks.fuzz`` makes at least 10,000 requests to webhooks, and some thousands to the rest;
``CASES=`` says otherwise, ``SEED=`` which. Every operation of the OpenAPI document is called, without a key
and with one, but for streams, which never end. Orders are told by a Temporal dev server and a worker; in the
tests' short form a list stands for them.
"""

import asyncio
import json
import logging
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from activities.store.migrating import migrate
from api.serving import serving
from benchmarks import fuzz_hooks
from benchmarks.fuzz_attacks import Attacker
from benchmarks.fuzz_callers import OrderServices
from benchmarks.fuzz_findings import DOCUMENT, Fuzzed, Tally, by_operation
from domain.channels import Channel
from domain.live_activities import IOS
from domain.recipients import Address, Kind
from domain.telling import DeadLetter
from leaving import leave
from order_service import OrderService
from simulator.stack import Stack
from tests.api.stage import AUTH_TOKEN, PUBLIC_URL, SMS, Door, Front, open_door
from tests.store.stage import NOON, as_url, somebody

# What of its cases schemathesis makes beside the number of examples, which is for each operation.
_BESIDE = 500
_SHORT = 2_000
_AT_ONCE = 4
# Seconds for the largest batch on the busiest machine.
_PATIENCE = 60
# A schema cannot say "no NUL and no more than 100 fields", so valid data may be refused.
_STREAM = "text/event-stream"
# Ids that are there, by the names of the parameters that take them.
_KNOWN = {"order_id": "A17", "recipient_id": "c-42", "dead_letter_id": "letter-1"}
_LETTER = DeadLetter(
    dead_letter_id="letter-1", order_id="A17", source="status_changed", reason="status: missing", at=NOON
)
_ALWAYS_LEFT_OUT = "--exclude-checks=positive_data_acceptance"
# What is signed by force is accepted although it was generated to be refused.
_LEFT_OUT_WHEN_GENUINE = f"{_ALWAYS_LEFT_OUT},negative_data_rejection,missing_required_header,ignored_auth"


async def fuzz(folder: Path, cases: int, seed: int = 1, service: OrderService | None = None) -> Fuzzed:
    """Serve the API, attack its webhooks at least so many times and the rest too, and look at every answer.

    ``service``: real orders.
    """
    front = Front()
    tally = Tally(front)
    await migrate(as_url(folder / "store.db"))
    more: dict[str, Any] = {"service": service} if service else {}
    async with serving(tally) as front.url, open_door(front, folder, **more) as door:
        document = (await door.http.get(DOCUMENT)).json()
        door.http.timeout = httpx.Timeout(_PATIENCE)
        key = await door.key()
        attacker = await _attacker(door, key, seed)
        await door.twilio_says(attacker.text, "delivered")
        plan, genuine = _plan(cases, document), _genuine(attacker, key)
        failed = [
            await _schemathesis(door, folder, [*plan, f"--seed={seed}", _ALWAYS_LEFT_OUT], {}),
            await _schemathesis(door, folder, [*plan, f"--seed={seed + 1}", _LEFT_OUT_WHEN_GENUINE], genuine),
        ]
        await _attacked(attacker, tally, cases)
        return Fuzzed(
            answers=by_operation(tally.answers, document),
            document=document,
            failed_checks=sum(failed),
            surprises=attacker.surprises,
            receipts_moved_back=await door.status(attacker.text) not in ("DELIVERED", "READ"),
        )


async def _attacker(door: Door, key: Mapping[str, str], seed: int) -> Attacker:
    """One notification on each channel, a Live Activity and a dead letter, to be attacked."""
    iphone = {"platform": "ios", "token": "tok-2", "live_activity_token": "5747"}
    await door.store.load([somebody(devices=[iphone])])
    text, mail = await door.sent(SMS, "A17"), await door.sent(Channel.EMAIL, "A18")
    push = await door.store.envelope(await door.sent(Channel.PUSH, "A19"))
    assert push  # noqa: S101 it was just written
    await door.store.note_live_activity(
        push, Address(Channel.PUSH, "5747", IOS, "production", Kind.LIVE_START)
    )
    shown = await door.store.envelope(push.message_id)
    assert shown  # noqa: S101 as above
    link = door.live_activity(shown.activities[0].activity_id)
    await door.store.keep(_LETTER)
    attacker = Attacker(door, text, mail, link, seed)
    attacker.attacks += OrderServices(attacker, key).attacks
    return attacker


async def _attacked(attacker: Attacker, tally: Tally, cases: int) -> None:
    """Attack everything with a third of the cases, then what providers call until it alone had them all."""
    until = max(cases, tally.answers.total() + cases // 3)

    async def lane() -> None:
        while tally.answers.total() < until:
            await attacker.attack()
        while tally.to_webhooks < cases:
            await attacker.attack_as_a_provider()

    await asyncio.gather(*(lane() for _ in range(_AT_ONCE)))


def _genuine(attacker: Attacker, key: Mapping[str, str]) -> dict[str, str]:
    known = {**_KNOWN, "message_id": attacker.text}
    return {
        "SCHEMATHESIS_HOOKS": fuzz_hooks.__name__,
        "PYTHONPATH": str(Path(__file__).parent.parent),
        fuzz_hooks.PREFERENCES: attacker.door.preferences().rpartition("/")[2],
        fuzz_hooks.LIVE_ACTIVITY: attacker.live_activity.rpartition("/")[2],
        fuzz_hooks.AUTH_TOKEN: AUTH_TOKEN,
        fuzz_hooks.PUBLIC_URL: PUBLIC_URL,
        fuzz_hooks.KEY: _secret(key),
        fuzz_hooks.TOKEN: _secret(attacker.door.token()),
        fuzz_hooks.KNOWN: json.dumps(known),
    }


def _secret(headers: Mapping[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


def _plan(cases: int, document: Mapping[str, Any]) -> list[str]:
    """Let schemathesis make a third of the cases, twice; a short run has no phases of fixed length."""
    operations = sum(len(methods) for methods in document["paths"].values())
    streams = [f"--exclude-path={path}" for path, says in document["paths"].items() if _STREAM in str(says)]
    if cases < _SHORT:
        examples = max(1, cases // 3 // operations)
        return [*streams, "--phases=examples,fuzzing", f"--max-examples={examples}"]
    # Its stateful phase comes to about as much as its fuzzing does.
    examples = max(1, (cases // 3 - _BESIDE) // (2 * operations))
    return [*streams, "--phases=examples,coverage,fuzzing,stateful", f"--max-examples={examples}"]


async def _schemathesis(door: Door, folder: Path, plan: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run schemathesis; 0 when no check failed, 1 and what it said when one did."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("st")),
        "run",
        door.url + DOCUMENT,
        *plan,
        "--checks=all",
        f"--request-timeout={_PATIENCE}",
        f"--max-response-time={_PATIENCE}",
        "--generation-database=none",
        "--continue-on-failure",
        "--warnings=off",
        "--no-color",
        cwd=folder,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    if process.returncode:
        Console(stderr=True).print(said, markup=False, highlight=False)
    return int(bool(process.returncode))


async def main() -> bool:
    """Attack and print."""
    # Of thousands of refusals only our own mistakes are worth a line.
    logging.basicConfig(level=logging.ERROR)
    cases, seed = int(os.environ.get("CASES") or 10_000), int(os.environ.get("SEED") or 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shared = {**os.environ, "DATABASE_URL": as_url(folder / "store.db")}
        async with Stack.start(folder, environ=shared) as stack:
            found = await fuzz(folder, cases, seed, await stack.order_service())
    console = Console(width=140)
    console.print(found.table())
    for answer, times in found.undocumented_answers():
        console.print(f"{times} times undocumented: {answer[:120]}", markup=False, highlight=False)
    for surprise, times in Counter(found.surprises).most_common(20):
        console.print(f"{times} times {surprise}", markup=False, highlight=False)
    console.print(str(found), highlight=False)
    return found.holds


if __name__ == "__main__":
    leave(0 if asyncio.run(main()) else 1)
