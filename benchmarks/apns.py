"""What our APNs adapter costs: pushes a second next to a bare httpx loop that makes the same requests.

``python -m benchmarks.apns`` sends 500 by each in turn, 15 times; ``PUSHES=`` and ``ROUNDS=`` say otherwise.
Many short rounds rather than few long ones: what else the machine does then hits both alike.
"""

import asyncio
import os
import ssl
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from rich.console import Console

from activities.channels.apns import Apns, Config
from activities.channels.apns_token import ProviderToken
from activities.channels.http import Client, new_client
from benchmarks.stand_ins import stand_ins
from domain.channels import Channel
from domain.messages import Message, Words
from domain.outcomes import Accepted
from domain.recipients import Address
from domain.status import Status
from leaving import leave

AT_ONCE = 50
ENOUGH = 0.8
DEVICE = Address(Channel.PUSH, "a1b2c3d4" * 8, "ios", "production")

Push = Callable[[int], Awaitable[bool]]


@dataclass(frozen=True)
class Pace:
    """How many pushes a second, and how many were not accepted."""

    a_second: float
    failed: int


@dataclass(frozen=True)
class Compared:
    """Pushes a second, one figure a round."""

    ours: Sequence[float]
    bare: Sequence[float]
    failed: int

    @property
    def ratio(self) -> float:
        """Our median in parts of the bare one."""
        return statistics.median(self.ours) / statistics.median(self.bare)

    @property
    def holds(self) -> bool:
        """Whether every push was accepted, and ours are fast enough."""
        return self.failed == 0 and self.ratio >= ENOUGH

    def __str__(self) -> str:
        """The verdict in one line."""
        ours, bare = statistics.median(self.ours), statistics.median(self.bare)
        return (
            f"apns: {'HOLDS' if self.holds else 'FAILS'} ratio {self.ratio:.2f}, ours {ours:.0f} pushes/s, "
            f"bare httpx {bare:.0f} pushes/s, medians of {len(self.ours)} rounds, {self.failed} failed"
        )


async def compare(pushes: int, rounds: int, folder: Path) -> Compared:
    """Send by both in turn to one stand-in, which is a program of its own."""
    async with stand_ins(folder) as (url, settings), new_client() as http:
        apns, token = _ours(settings, http)

        async def ours(n: int) -> bool:
            return isinstance(await apns.send(_message(n), DEVICE), Accepted)

        await ours(0)
        async with a_bare_loop(settings, await _received(url), token.current()) as bare:
            # The first round only warms both up.
            rounds_of_both = [(await pace(ours, pushes), await pace(bare, pushes)) for _ in range(rounds + 1)]
    return Compared(
        ours=[one.a_second for one, _ in rounds_of_both[1:]],
        bare=[one.a_second for _, one in rounds_of_both[1:]],
        failed=sum(our.failed + its.failed for our, its in rounds_of_both),
    )


async def pace(push: Push, pushes: int) -> Pace:
    """Send that many, so many at a time."""
    todo, accepted = iter(range(pushes)), 0
    began = time.perf_counter()

    async def lane() -> None:
        nonlocal accepted
        for n in todo:
            was_accepted = await push(n)
            accepted += was_accepted

    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
    return Pace(pushes / (time.perf_counter() - began), pushes - accepted)


@asynccontextmanager
async def a_bare_loop(settings: Mapping[str, str], ours: Any, token: str) -> AsyncIterator[Push]:
    """Bare httpx, which makes the request that the stand-in received of ours, ready but for its id."""
    trust = ssl.create_default_context(cafile=settings["APNS_CA_FILE"])
    url = f"{settings['APNS_BASE_URL']}/3/device/{DEVICE.value}"
    names = [name for name in ours["headers"] if name.startswith("apns-")]
    headers = {"authorization": f"bearer {token}", **{name: ours["headers"][name] for name in names}}
    content = ours["body"].encode()
    async with httpx.AsyncClient(verify=trust, http1=False, http2=True) as http:

        async def bare(n: int) -> bool:
            message_id = _id(n)
            own = {**headers, "apns-id": message_id, "apns-collapse-id": message_id}
            return (await http.post(url, content=content, headers=own)).status_code == 200

        yield bare


def _ours(settings: Mapping[str, str], http: Client) -> tuple[Apns, ProviderToken]:
    config = Config.read(settings)
    if config is None:
        raise AssertionError("the simulator has settings for APNs")
    return config.providers(http)[0], config.token


async def _received(url: str) -> Any:
    async with httpx.AsyncClient() as http:
        return (await http.get(f"{url}/received")).json()[0]["raw"]


def _message(n: int) -> Message:
    return Message(
        message_id=_id(n),
        order_id="A17",
        words=Words("On its way", "Your order from Burger Barn is on its way."),
        path=(Status.OUT_FOR_DELIVERY,),
        priority=1,
        seconds_left=600,
    )


def _id(n: int) -> str:
    return str(UUID(int=n))


async def main() -> bool:
    """Measure and print."""
    pushes, rounds = int(os.environ.get("PUSHES") or 500), int(os.environ.get("ROUNDS") or 15)
    with tempfile.TemporaryDirectory() as folder:
        found = await compare(pushes, rounds, Path(folder))
    Console(soft_wrap=True).print(str(found), highlight=False)
    return found.holds


if __name__ == "__main__":
    leave(0 if asyncio.run(main()) else 1)
