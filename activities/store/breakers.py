"""The providers' health as the whole fleet sees it: calls counted by the half minute, and a breaker each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.inserting import added_rows, new_rows
from activities.store.tables import breakers, calls
from domain.breaker import PROBE_AFTER, WITHIN, BreakerState, Health

if TYPE_CHECKING:
    from activities.breakers import Tally

_BUCKET = timedelta(seconds=30)
_b, _c = breakers.c, calls.c
_FORGET = delete(calls).where(_c.begins_at < bindparam("before"))
_KNOWN = (
    select(
        _b.provider,
        _b.state,
        _b.since,
        _b.reason,
        _b.probing_until,
        func.coalesce(func.sum(_c.calls), 0).label("calls"),
        func.coalesce(func.sum(_c.failures), 0).label("failures"),
    )
    .outerjoin(calls, and_(_c.provider == _b.provider, _c.begins_at >= bindparam("after")))
    .group_by(_b.provider)
    .order_by(_b.provider)
)
_MOVE = (
    update(breakers)
    .where(_b.provider == bindparam("which"), _b.state == bindparam("from_state"))
    .values(state=bindparam("to_state"), since=bindparam("now"), reason=bindparam("why"), probing_until=None)
    .returning(_b.provider)
)
_CLAIM = (
    update(breakers)
    .where(
        _b.provider == bindparam("which"),
        _b.state == BreakerState.OPEN,
        _b.since <= bindparam("due"),
        or_(_b.probing_until.is_(None), _b.probing_until <= bindparam("now")),
    )
    .values(probing_until=bindparam("until"))
    .returning(_b.provider)
)
_FORGET_PROVIDER = delete(calls).where(_c.provider == bindparam("which"))


async def settle_calls(
    connection: AsyncConnection, tallies: "Mapping[str, Tally]", now: datetime
) -> Sequence[Health]:
    """Add calls to the counts, open the breakers that should be, and answer for every known provider."""
    if tallies:
        await _count(connection, tallies, now)
    return [await _opened(connection, health, now) for health in await known(connection, now)]


async def known(connection: AsyncConnection, now: datetime) -> Sequence[Health]:
    """Every provider that was ever called or forced."""
    rows = await connection.execute(_KNOWN, {"after": now - WITHIN})
    return [
        Health(
            provider=row.provider,
            state=BreakerState(row.state),
            since=row.since,
            reason=row.reason,
            calls=row.calls,
            failures=row.failures,
            probing_until=row.probing_until,
        )
        for row in rows
    ]


async def claim_probe(connection: AsyncConnection, provider: str, now: datetime) -> bool:
    """Take the one probe allowed at a time. A prober that never comes back loses it after a while."""
    values = {"which": provider, "now": now, "due": now - PROBE_AFTER, "until": now + PROBE_AFTER}
    return (await connection.execute(_CLAIM, values)).first() is not None


async def probe_ended(connection: AsyncConnection, provider: str, now: datetime, *, is_well: bool) -> None:
    """Close the breaker and start counting anew, or keep it open for another while."""
    if not is_well:
        await _move(connection, provider, BreakerState.OPEN, BreakerState.OPEN, "a probe failed", now)
    elif await _move(connection, provider, BreakerState.OPEN, BreakerState.CLOSED, "a probe succeeded", now):
        await connection.execute(_FORGET_PROVIDER, {"which": provider})


async def force(
    connection: AsyncConnection, provider: str, state: BreakerState, reason: str, now: datetime
) -> None:
    """Put a breaker into a state by hand; CLOSED gives it back to its own judgement."""
    row = {"provider": provider, "state": state, "since": now, "reason": reason, "probing_until": None}
    await connection.execute(new_rows(connection, breakers), row)
    for before in BreakerState:
        await _move(connection, provider, before, state, reason, now)
    await connection.execute(_FORGET_PROVIDER, {"which": provider})


async def _count(connection: AsyncConnection, tallies: "Mapping[str, Tally]", now: datetime) -> None:
    begins_at = now - timedelta(seconds=now.timestamp() % _BUCKET.total_seconds())
    closed = {"state": BreakerState.CLOSED, "since": now, "reason": "", "probing_until": None}
    # Always in the same order: two processes that lock the same rows must not wait for each other.
    for provider, tally in sorted(tallies.items()):
        await connection.execute(new_rows(connection, breakers), {"provider": provider, **closed})
        counted = {"provider": provider, "begins_at": begins_at.replace(microsecond=0)}
        row = {**counted, "calls": tally.calls, "failures": tally.failures}
        await connection.execute(added_rows(connection.dialect.name, calls, "calls", "failures"), row)
    await connection.execute(_FORGET, {"before": now - 2 * WITHIN})


async def _opened(connection: AsyncConnection, health: Health, now: datetime) -> Health:
    if not health.should_open():
        return health
    why = f"{health.failures} of {health.calls} calls failed within {WITHIN.seconds // 60} minutes"
    await _move(connection, health.provider, BreakerState.CLOSED, BreakerState.OPEN, why, now)
    return replace(health, state=BreakerState.OPEN, since=now, reason=why, probing_until=None)


async def _move(
    connection: AsyncConnection,
    provider: str,
    before: BreakerState,
    after: BreakerState,
    reason: str,
    now: datetime,
) -> bool:
    values = {"which": provider, "from_state": before, "to_state": after, "why": reason, "now": now}
    return (await connection.execute(_MOVE, values)).first() is not None
