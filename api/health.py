"""Whether the API is alive, and whether what it needs answers."""

import asyncio
from typing import Any, Protocol

from fastapi import APIRouter

from activities.store.errors import StoreUnavailable
from activities.store.notifications import Notification
from api.answers import ComeAgain, problems
from api.orders import Orders

ANSWERS_WITHIN = 3.0


class Rows(Protocol):
    """The store, as far as its health shows it."""

    async def notification(self, message_id: str) -> Notification | None: ...  # noqa: D102 as the store says


class HealthDoor:
    """Answers load balancers."""

    def __init__(self, store: Rows, orders: Orders) -> None:
        self._store, self._orders = store, orders

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Health"])
        router.get("/health", responses=_says("alive"))(self.health)
        router.get("/ready", responses={**_says("ready"), **problems(503)})(self.ready)
        return router

    async def health(self) -> dict[str, str]:
        """Alive."""
        return {"status": "alive"}

    async def ready(self) -> dict[str, str]:
        """The store and Temporal answer."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                await self._store.notification("")
                if not await self._orders.answer():
                    raise ComeAgain("Temporal does not answer")
        except (StoreUnavailable, TimeoutError):
            raise ComeAgain("the store does not answer") from None
        return {"status": "ready"}


def _says(status: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": {"status": status}}}}}
