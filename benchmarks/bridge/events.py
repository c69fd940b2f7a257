"""The events of many orders side by side, the same for whoever hands them over."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.status import Status

STEPS = tuple(status for status in Status if status is not Status.CANCELLED)
# So many orders are under way at a time: each has its next event when all others had theirs.
_SIDE_BY_SIDE = 200


def events_of(prefix: str, count: int, each: int = len(STEPS)) -> Iterator[dict[str, Any]]:
    """So many events: ``each`` of 200 orders in turn, then of the next 200."""
    began = datetime(2026, 11, 22, 12, tzinfo=UTC)
    for number in range(count):
        group, place = divmod(number, _SIDE_BY_SIDE * each)
        step, order = divmod(place, _SIDE_BY_SIDE)
        order_id = f"{prefix}-{group * _SIDE_BY_SIDE + order}"
        yield {
            "event_id": f"{order_id}-{step}",
            "order_id": order_id,
            "status": STEPS[step % len(STEPS)],
            "occurred_at": (began + timedelta(seconds=number)).isoformat(),
            "customer_id": "c-42",
            "merchant_id": "m-7",
            "facts": {"merchant_name": "Burger Barn", "eta_minutes": 12},
        }
