"""The stage of the APNs tests: the stand-in over real HTTP/2 and TLS, and the adapter on a clock of ours."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from activities.channels.apns import Apns, Config
from activities.channels.apns_token import ProviderToken
from activities.channels.http2 import Http2Client
from domain.messages import Message
from domain.outcomes import Outcome
from domain.recipients import Address, Kind
from simulator import Simulator
from simulator.apns import Apns as StandIn
from simulator.http2 import Answer, Asked, Cut, Reset

from .messages import DEVICE, IPHONE, MESSAGE

KEY_ID, TEAM_ID, TOPIC = "ABC123DEFG", "DEF123GHIJ", "org.example.orders"
START = replace(IPHONE, value=DEVICE, kind=Kind.LIVE_START)
SHOWN = replace(START, kind=Kind.LIVE)
PHONE = replace(START, kind=Kind.PLAIN)

Says = Answer | Reset | Cut
# Real seconds that anything may take on a busy machine.
PATIENCE = 60
NEVER = Answer(200, late=partial(asyncio.sleep, 3600))


class Clock:
    """What the adapter and the stand-in take for the time."""

    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now

    def passes(self, minutes: float) -> None:
        self.now += minutes * 60


@dataclass
class Apple:
    """``asked`` is what came in over HTTP/2, whatever became of it."""

    simulator: Simulator
    settings: dict[str, str]
    config: Config
    key: ec.EllipticCurvePrivateKey
    apns: Apns
    clock: Clock
    asked: list[Asked] = field(default_factory=list)
    answers: list[Says] = field(default_factory=list)

    @property
    def stand_in(self) -> StandIn:
        return self.simulator.apns

    def will(self, *answers: Says) -> None:
        """Answer with these, one after the other; then as APNs does."""
        self.answers = list(answers)

    async def has_asked(self, times: int) -> None:
        """Wait until so many requests came in."""
        async with asyncio.timeout(PATIENCE):
            while len(self.asked) < times:  # noqa: ASYNC110 no event of ours
                await asyncio.sleep(0.01)

    async def outcome(self, message: Message = MESSAGE, address: Address = PHONE) -> Outcome:
        result = await self.apns.send(message, address)
        assert address.value not in repr(result)
        return result

    async def body_of(self, message: Message, address: Address = PHONE) -> Any:
        """What an accepted push had in its body."""
        await self.outcome(message, address)
        return json.loads(self.asked[-1].body)

    def tokens(self) -> list[str]:
        return [asked.one("authorization").removeprefix("bearer ") for asked in self.asked]


def refuses(status: int, reason: str) -> Answer:
    return Answer(status, json.dumps({"reason": reason}).encode(), {"apns-id": MESSAGE.message_id})


@asynccontextmanager
async def an_apple(folder: Path, patience: float = PATIENCE) -> AsyncIterator[Apple]:
    """``patience`` in seconds is the adapter's."""
    async with Simulator.start() as simulator:
        key, clock = ec.generate_private_key(ec.SECP256R1()), Clock()
        settings = settings_of(simulator, written(folder, key))
        config = replace(config_of(settings), token=ProviderToken(key, KEY_ID, TEAM_ID, clock))
        async with Http2Client(config.trust, httpx.Timeout(PATIENCE, read=patience)) as http:
            apple = Apple(simulator, settings, config, key, Apns(config, http, clock), clock)
            _listen(apple)
            yield apple


@asynccontextmanager
async def an_adapter(config: Config) -> AsyncIterator[Apns]:
    """One more, on a client of its own."""
    async with Http2Client(config.trust, httpx.Timeout(PATIENCE)) as http:
        yield Apns(config, http)


def _listen(apple: Apple) -> None:
    stand_in = apple.stand_in
    stand_in.now = apple.clock
    stand_in.trusts(KEY_ID, apple.key.public_key())
    as_apns_does = stand_in.server.answer

    def answer(asked: Asked) -> Says:
        apple.asked.append(asked)
        return apple.answers.pop(0) if apple.answers else as_apns_does(asked)

    stand_in.server.answer = answer


def config_of(settings: dict[str, str]) -> Config:
    config = Config.read(settings)
    assert config
    return config


def settings_of(simulator: Simulator, key_file: Path) -> dict[str, str]:
    return {
        "APNS_KEY_FILE": str(key_file),
        "APNS_KEY_ID": KEY_ID,
        "APNS_TEAM_ID": TEAM_ID,
        "APNS_TOPIC": TOPIC,
        "APNS_BASE_URL": f"https://127.0.0.1:{simulator.apns_port}",
        "APNS_CA_FILE": str(simulator.apns_ca),
    }


def written(folder: Path, key: PrivateKeyTypes) -> Path:
    """A key as Apple hands it out."""
    path = folder / "key.p8"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path
