"""Attacks by order services that went wrong: with a good key, events spoilt, repeated and in heaps."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.fuzz_attacks import Attacker
from domain.status import Status

_ORDERS = ("A17", "A18", "A19", "fuzzed", "a/b", "%2e%2e", "\N{PILE OF POO}", "x" * 200)
_TIMES = (
    "2026-11-22T12:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-11-22T12:00:00",
    "yesterday",
    1e300,
    -1,
)
_IDS = ("c-42", "nobody", "", " ", "ana@example.org", "x" * 201, None, 7)


@dataclass
class OrderServices:
    """Those who call with ``key``, whose mistakes are those of ``attacker``."""

    attacker: Attacker
    key: Mapping[str, str]

    @property
    def attacks(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """What they do."""
        return (self.announces, self.spoils_an_event, self.sends_a_heap, self.looks, self.loses_its_key)

    async def announces(self) -> None:
        """A good event, which may well be a repeat or too late."""
        order_id = self._one_of(("A17", "A18", "fuzzed", "fuzzed-too"))
        answer = await self._post(f"/v1/orders/{order_id}/events{self._how()}", self._event())
        self.attacker.expect(answer, {202})

    async def spoils_an_event(self) -> None:
        """An event with something wrong in it, or nothing but wrong."""
        event = self._event()
        self.attacker.spoil(event)
        order_id = self._one_of(_ORDERS)
        answer = await self._post(f"/v1/orders/{order_id}/events{self._how()}", event)
        self.attacker.expect(answer, {202, 400, 422})

    async def sends_a_heap(self) -> None:
        """Many events, some of them spoilt, or something that is no heap."""
        events: list[Any] = [self._event(order_id=self._one_of(_ORDERS)) for _ in range(self._up_to(9))]
        for event in events:
            if self._up_to(4) == 0:
                self.attacker.spoil(event)
        heap = {"events": events * self._one_of((1,) * 9 + (60,)), "of the future": 1}
        if self._up_to(9) == 0:
            self.attacker.spoil(heap)
        self.attacker.expect(await self._post(f"/v1/events{self._how()}", heap), {202, 207, 400, 422})

    async def looks(self) -> None:
        """The timelines of orders that are there, and of others."""
        order_id = self._one_of((*_ORDERS, "%00", "%ff", "", "..", "a b"))
        path = f"/v1/orders/{order_id}/timeline"
        answer = await self.attacker.door.http.get(path, headers=self.key)
        self.attacker.expect(answer, {200, 404, 422})

    async def loses_its_key(self) -> None:
        """A good key with one character more, less, or other."""
        key = self.key["Authorization"]
        at = self.attacker.dice.randrange(len("Bearer onk_"), len(key))
        changed = key[:at] + self._one_of(("", "A", "_", "-")) + key[at + self._up_to(1) :]
        if changed != key:
            answer = await self._post("/v1/events", {"events": [self._event()]}, {"Authorization": changed})
            self.attacker.expect(answer, {401})

    def _event(self, **given: Any) -> dict[str, Any]:
        good = {
            "event_id": f"evt-{self._up_to(50)}",
            "status": self._one_of(tuple(Status)),
            "occurred_at": _TIMES[0],
            "customer_id": "c-42",
            "facts": {"merchant_name": "Burger Barn", "eta_minutes": self._up_to(60)},
            **given,
        }
        if given:
            good["occurred_at"], good["courier_id"] = self._one_of(_TIMES), self._one_of(_IDS)
        return good

    async def _post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
        content = json.dumps(body)
        return await self.attacker.post(path, content, "application/json", headers or self.key)

    def _how(self) -> str:
        return str(self._one_of(("", "?wait=false", "?wait=true")))

    def _up_to(self, highest: int) -> int:
        return self.attacker.dice.randint(0, highest)

    def _one_of(self, several: tuple[Any, ...]) -> Any:
        return self.attacker.dice.choice(several)
