"""What HTTP providers share."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from activities.channels.http import TIMEOUT, call, new_client, retry_after
from domain.outcomes import TryLater

from .wire import SILENCE, Wire


def answered(value: str) -> httpx.Response:
    return httpx.Response(429, headers={"Retry-After": value})


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("120", 120), (" 7 ", 7)])
def test_retry_after_may_be_seconds(value: str, seconds: float) -> None:
    assert retry_after(answered(value)) == seconds


def test_retry_after_may_be_a_date() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 58 <= (retry_after(answered(in_a_minute)) or 0) <= 60
    assert retry_after(answered("Wed, 21 Oct 2015 07:28:00 GMT")) == 0
    assert retry_after(answered("Wed, 21 Oct 2015 07:28:00 -0000")) == 0


@pytest.mark.parametrize(
    "value", ["", "soon", "-5", "1e9", "nan", "9" * 400, "Wed, 99 Oct 2015 99:99:99 GMT", ","]
)
def test_a_retry_after_that_is_neither_is_no_wait(value: str) -> None:
    assert retry_after(answered(value)) is None


async def test_a_client_waits_ten_seconds() -> None:
    async with new_client() as http:
        assert http.timeout == httpx.Timeout(TIMEOUT)


async def test_a_busy_pool_means_nothing_was_sent(wire: Wire) -> None:
    wire.will("/", SILENCE)
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(timeout=httpx.Timeout(60, pool=0.05), limits=limits) as http:
        request = http.build_request("GET", wire.url + "/")
        first = asyncio.create_task(call(http, "Some", request))
        await wire.has_heard(1)
        assert await call(http, "Some", request) == TryLater("Some: could not connect")
        first.cancel()
    assert len(wire.heard) == 1
