"""What goes wrong on demand: the faults a person asks for, and the draw that decides which call they hit."""

import asyncio
import contextlib
import random
import re
import time
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Provider = Literal["apns", "fcm", "ses", "smtp", "twilio"]
Kind = Literal[
    "error", "throttle", "slow", "cut_before", "cut_after", "dead", "refuse", "credentials", "undelivered"
]  # fmt: skip
Call = Literal["send", "look_up", "token"]

# What becomes of a message that was accepted, told later: no answer to any call.
FATES: frozenset[Kind] = frozenset({"undelivered"})
KINDS: frozenset[Kind] = frozenset(get_args(Kind)) - FATES
# A call that hands over no message can neither be refused for its recipient nor for its content.
KINDS_WITHOUT_A_MESSAGE = KINDS - {"dead", "refuse"}

_MEANT_FOR: Mapping[str, frozenset[Kind]] = {
    "status": frozenset({"error"}),
    "retry_after": frozenset({"throttle"}),
    "seconds": frozenset({"slow"}),
    "dead_for_s": frozenset({"dead"}),
    "code": frozenset({"dead", "refuse", "credentials", "undelivered"}),
}
# How each provider writes its own codes: 21610, SENDER_ID_MISMATCH, 552 5.2.2.
_CODES: Mapping[Provider, re.Pattern[str]] = {
    "apns": re.compile(r"[A-Za-z]+"),
    "fcm": re.compile(r"[A-Z_]+"),
    "ses": re.compile(r"[A-Za-z]+"),
    "smtp": re.compile(r"[45]\d\d( [45]\.\d{1,3}\.\d{1,3})?"),
    "twilio": re.compile(r"\d{5}"),
}


class Fault(BaseModel):
    """One thing that goes wrong. Without ``provider`` or ``address`` it goes wrong for every one of them.

    ``share`` is the probability that a matching call is hit, ``times`` limits it to the next so many matching
    calls, ``from_s`` and ``for_s`` to a window of seconds after the faults were set. ``call`` is what is hit:
    sends unless said otherwise, so that ``times`` never gets used up by a look-up nobody thought of. A slow
    call takes ``seconds``, and is over when other faults are set: whoever wants can hold it and let it go.
    APNs says of what is dead since when, which is ``dead_for_s`` seconds ago.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Kind
    provider: Provider | None = None
    address: str | None = None
    call: Call | Literal["any"] = "send"
    share: float = Field(default=1, ge=0, le=1)
    times: int | None = Field(default=None, ge=1)
    from_s: float = Field(default=0, ge=0)
    for_s: float | None = Field(default=None, gt=0)
    status: int | None = Field(default=None, ge=400, le=599)
    retry_after: int | None = Field(default=None, ge=0)
    seconds: float = Field(default=1, gt=0, le=3600)
    dead_for_s: float = Field(default=0, ge=0)
    code: int | str | None = None

    @field_validator(*_MEANT_FOR)
    @classmethod
    def _means_something(cls, value: object, info: ValidationInfo) -> object:
        kind = info.data.get("kind")
        if kind and value is not None and kind not in _MEANT_FOR[str(info.field_name)]:
            raise ValueError(f"means nothing for a fault of kind {kind}")
        return value

    @field_validator("code")
    @classmethod
    def _is_a_code_of_the_provider(cls, value: int | str | None, info: ValidationInfo) -> int | str | None:
        if value is None or "provider" not in info.data:
            return value
        provider: Provider | None = info.data["provider"]
        if provider is None:
            raise ValueError("needs the provider whose code it is")
        if not _CODES[provider].fullmatch(str(value)):
            raise ValueError(f"is not written like a code of {provider}")
        return value

    def concerns(self, provider: Provider, address: str | None, call: Call) -> bool:
        """Whether a call is one that this fault may hit."""
        return (
            self.provider in (None, provider)
            and self.call in ("any", call)
            and (self.address is None or self.address == address)
        )

    def is_on(self, age: float) -> bool:
        """Whether its window is open, ``age`` seconds after the faults were set."""
        return self.from_s <= age and (self.for_s is None or age < self.from_s + self.for_s)

    def lasts_after(self, age: float) -> float | None:
        """For how long its window will be open from ``age`` on; None for one that never closes."""
        if self.for_s is None:
            return None
        return max(min(self.from_s + self.for_s - age, self.for_s), 0)


class FaultPlan(BaseModel):
    """All faults at once, as the HTTP API takes them. ``seed`` makes the draws repeatable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 1
    faults: Sequence[Fault] = ()


class Faults:
    """The faults in force. The first in the list that concerns a call and fires is the one that hits it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._replaced = asyncio.Event()
        self.set(FaultPlan())

    def set(self, plan: FaultPlan) -> None:
        """Replace all faults; windows and ``times`` start anew, and what is slow is over."""
        self.let_go()
        self._replaced = asyncio.Event()
        self.plan = plan
        self._since = self._clock()
        self._times = [fault.times for fault in plan.faults]
        self._random = random.Random(plan.seed)  # noqa: S311 - chance that can be repeated is the point

    def left(self) -> list[Fault]:
        """What may still go wrong, with windows and ``times`` as they would have to be set now."""
        age = self._clock() - self._since
        left = zip(self.plan.faults, self._times, strict=True)
        return [
            fault.model_copy(update={"from_s": max(fault.from_s - age, 0), "for_s": ends, "times": times})
            for fault, times in left
            if (ends := fault.lasts_after(age)) != 0 and times != 0
        ]

    def let_go(self) -> None:
        """End what is slow."""
        self._replaced.set()

    async def hold(self, fault: Fault) -> None:
        """Take as long as a slow fault does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(fault.seconds):
                await self._replaced.wait()

    def draw(
        self,
        provider: Provider,
        address: str | None,
        *,
        call: Call = "send",
        kinds: Container[Kind] = KINDS,
    ) -> Fault | None:
        """Say which fault hits this call, if any. Drawing counts: ask once per call."""
        if not self.plan.faults:
            return None
        age = self._clock() - self._since
        for index, fault in enumerate(self.plan.faults):
            matches = fault.kind in kinds and fault.is_on(age) and fault.concerns(provider, address, call)
            if matches and self._fires(index, fault):
                return fault
        return None

    def _fires(self, index: int, fault: Fault) -> bool:
        left = self._times[index]
        if left is not None:
            if not left:
                return False
            self._times[index] = left - 1
        return fault.share == 1 or self._random.random() < fault.share
