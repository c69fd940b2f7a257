"""Counts what the API answers, and how fast: by the door that was called, never by what was asked for."""

import time
from http import HTTPMethod

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from temporalio.common import MetricHistogramFloat, MetricMeter

ANSWERED = "notifications_api_seconds"
ANSWERED_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# A path that leads nowhere is anybody's text, and so is a method that HTTP does not know.
_NO_DOOR = "none"
_OTHER = "OTHER"


class Measured:
    """Around an application: one record for each answer, when it begins. Some of our streams never end."""

    def __init__(self, app: ASGIApp, meter: MetricMeter) -> None:
        self._app = app
        self._answered = meter.create_histogram_float(
            ANSWERED, "From a request to the beginning of its answer"
        )
        self._bound: dict[tuple[str, str, str], MetricHistogramFloat] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, and measure its answer."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began = time.perf_counter()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._by(scope, message["status"]).record(time.perf_counter() - began)
            await send(message)

        return await self._app(scope, receive, measured)

    def _by(self, scope: Scope, status: int) -> MetricHistogramFloat:
        route, method = scope.get("route"), scope["method"]
        door = getattr(route, "path", _NO_DOOR)
        labels = (method if method in _METHODS else _OTHER, door, f"{status // 100}xx")
        if (bound := self._bound.get(labels)) is None:
            attributes = dict(zip(("method", "route", "status"), labels, strict=True))
            bound = self._bound[labels] = self._answered.with_additional_attributes(attributes)
        return bound


_METHODS = frozenset(HTTPMethod)
