"""The app on a simulated iPhone: hands in the token of each Live Activity that a push starts.

docs/live-activities.md says what a real app does here.
"""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

import httpx

from simulator.world import Received, World

_MARK = "live activity of "
_LISTENS_FOR = 3600.0
# No phone is as fast as ours: the activity is noted only when Apple's answer is there.
_TRIED_AFTER = (0.5, 1.0, 2.0, 4.0)


def activity_token(recipient_id: str, order_id: str) -> str:
    """The token of one Live Activity. It says whose it is: a restarted board still knows."""
    return f"{_MARK}{recipient_id} {order_id}".encode().hex()


def owner_of(token: str) -> str | None:
    """Whose Live Activity a token is of, None for any other address."""
    try:
        text = bytes.fromhex(token).decode()
    except ValueError:
        return None
    return text.removeprefix(_MARK).partition(" ")[0] if text.startswith(_MARK) else None


class App:
    """The app on the phones of those who have handed in a push-to-start token, by that token."""

    def __init__(self, world: World, owners: Mapping[str, str], api: str) -> None:
        self._world, self._owners, self._api = world, owners, api
        self._seen = 0

    async def runs(self) -> None:
        """Hand in tokens for as long as the simulator runs."""
        async with httpx.AsyncClient(timeout=10) as http:
            while True:
                await self._world.until(self._has_push, _LISTENS_FOR)
                for one in self._world.after(self._seen):
                    self._seen = one.n
                    self._hand_in(http, one)

    def _has_push(self) -> bool:
        return bool(self._world.after(self._seen))

    def _hand_in(self, http: httpx.AsyncClient, one: Received) -> None:
        recipient_id = self._owners.get(one.address)
        attributes = _attributes(one) if recipient_id else {}
        url = str(attributes.get("register", ""))
        if recipient_id is None or not url.startswith(f"{self._api}/"):
            return
        token = activity_token(recipient_id, str(attributes.get("order_id", "")))
        self._world.in_background(self._post(http, url, token))

    async def _post(self, http: httpx.AsyncClient, url: str, token: str) -> None:
        """Hand a token in. Without it an activity shows what it began with, and alerts tell the rest."""
        for seconds in _TRIED_AFTER:
            await asyncio.sleep(seconds)
            with contextlib.suppress(httpx.HTTPError):
                if (await http.post(url, json={"token": token})).is_success:
                    return


def _attributes(one: Received) -> Mapping[str, Any]:
    try:
        found = json.loads(one.raw.body)["aps"]["attributes"]
    except (ValueError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}
