"""Recipients: who they are, where they are reached, and which of their addresses are gone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import (
    BindParameter,
    FromClause,
    Join,
    Row,
    and_,
    bindparam,
    delete,
    insert,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.inserting import rows_by_key
from activities.store.tables import addresses, opt_outs, recipients
from domain.channels import Channel, Reach
from domain.outcomes import Gone
from domain.recipients import Address, Device, Kind, QuietHours, Recipient
from domain.status import Role, Status

AnyRow = Row[*tuple[Any, ...]]
# By whose it is, its platform and its value.
_Registered = Mapping[tuple[str, str, str], datetime]
# A grid has 32 of each, and is read for every message. Looked up they take a third of the time.
_STATUSES = {status.value: status for status in Status}
_CHANNELS = {channel.value: channel for channel in Channel}
_REACHES = {reach.value: reach for reach in Reach}

# What makes up a recipient in any statement that joins the two tables; None for somebody nobody loaded.
PERSON = (
    recipients.c.recipient_id.label("loaded_as"),
    recipients.c.role.label("loaded_role"),
    recipients.c.locale,
    recipients.c.time_zone,
    recipients.c.preferences,
    recipients.c.quiet_from,
    recipients.c.quiet_until,
    recipients.c.caps,
    addresses.c.channel.label("reached_on"),
    addresses.c.platform,
    addresses.c.value,
    addresses.c.environment,
    addresses.c.kind,
    addresses.c.live_activity_token,
    opt_outs.c.covers.label("opted_out"),
)
_ONES_OWN_ADDRESSES = and_(
    addresses.c.recipient_id == recipients.c.recipient_id, addresses.c.gone_at.is_(None)
)
_OF_THE_ADDRESS = and_(opt_outs.c.channel == addresses.c.channel, opt_outs.c.value == addresses.c.value)
IN_ORDER = (addresses.c.channel, addresses.c.position)


def with_addresses(people: FromClause) -> Join:
    """Recipients joined with the addresses of theirs that work, and with what was opted out of there."""
    return people.outerjoin(addresses, _ONES_OWN_ADDRESSES).outerjoin(opt_outs, _OF_THE_ADDRESS)


_FIND = (
    select(*PERSON)
    .select_from(with_addresses(recipients))
    .where(recipients.c.recipient_id == bindparam("recipient_id"))
    .order_by(*IN_ORDER)
)
_GONE = (
    select(addresses)
    .where(addresses.c.recipient_id == bindparam("recipient_id"), addresses.c.gone_at.is_not(None))
    .order_by(*IN_ORDER)
)
_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_REGISTERED = select(
    addresses.c.recipient_id, addresses.c.platform, addresses.c.value, addresses.c.registered_at
).where(addresses.c.recipient_id.in_(_IDS), addresses.c.registered_at.is_not(None))
_AT_ONCE = 500
_THIS_ONE = and_(
    addresses.c.recipient_id == bindparam("whose"),
    addresses.c.channel == bindparam("on"),
    addresses.c.platform == bindparam("of"),
    addresses.c.value == bindparam("what"),
)
_REGISTER = update(addresses).where(_THIS_ONE).values(registered_at=bindparam("at"))
# What a provider found out is said of who had the token then. Of whom we do not know since when, it is.
_EVER = datetime.max.replace(tzinfo=UTC)
_IS_OLDER = or_(addresses.c.registered_at.is_(None), addresses.c.registered_at < bindparam("since"))
_FORGET_ADDRESSES = delete(addresses).where(addresses.c.recipient_id == bindparam("whose"))
_MARK_GONE = (
    update(addresses)
    .where(_THIS_ONE, addresses.c.gone_at.is_(None), _IS_OLDER)
    .values(gone_at=bindparam("at"), gone_reason=bindparam("why"))
)
_MARK_ONLY_ONE_GONE = (
    update(addresses)
    .where(
        addresses.c.recipient_id == bindparam("whose"),
        addresses.c.channel == bindparam("on"),
        addresses.c.gone_at.is_(None),
    )
    .values(gone_at=bindparam("at"), gone_reason=bindparam("why"))
)
_FORGET_START_TOKEN = (
    update(addresses)
    .where(
        addresses.c.recipient_id == bindparam("whose"),
        addresses.c.live_activity_token == bindparam("what"),
        _IS_OLDER,
    )
    .values(live_activity_token=null())
)


@dataclass(frozen=True, slots=True)
class GoneAddress:
    """An address we do not use any more, and why."""

    address: Address
    at: datetime
    reason: str


async def load(connection: AsyncConnection, people: Iterable[Recipient]) -> None:
    """Write recipients as given: what they had before, gone addresses too, is replaced.

    A device that they had goes on being registered since when it was.
    """
    # In one order for everyone: two loads at once must not wait for each other's rows.
    by_id = sorted({person.recipient_id: person for person in people}.items())
    if not by_id:
        return
    registered = await _registered(connection, [recipient_id for recipient_id, _ in by_id])
    await connection.execute(rows_by_key(connection, recipients), [_row(person) for _, person in by_id])
    await connection.execute(_FORGET_ADDRESSES, [{"whose": recipient_id} for recipient_id, _ in by_id])
    if reached := [row for _, person in by_id for row in _address_rows(person, registered)]:
        await connection.execute(insert(addresses), reached)


async def find(connection: AsyncConnection, recipient_id: str) -> Recipient | None:
    """A recipient with the addresses that work, or None where nobody loaded the id."""
    return recipient_from((await connection.execute(_FIND, {"recipient_id": recipient_id})).all())


async def gone(connection: AsyncConnection, recipient_id: str) -> tuple[GoneAddress, ...]:
    """The addresses that providers told us not to use again."""
    return tuple(map(gone_from, await connection.execute(_GONE, {"recipient_id": recipient_id})))


async def register(connection: AsyncConnection, recipient_id: str, address: Address, at: datetime) -> None:
    """Note that a device has just said that this is its address."""
    await connection.execute(_REGISTER, {**_which(recipient_id, address), "at": at})


async def mark_gone(
    connection: AsyncConnection, recipient_id: str, address: Address, outcome: Gone, at: datetime
) -> None:
    """Never use an address again, until the recipient gives it anew: which they may have done already."""
    said = {"at": at, "why": outcome.reason, "since": outcome.since or _EVER}
    await connection.execute(_MARK_GONE, {**_which(recipient_id, address), **said})


async def mark_only_one_gone(
    connection: AsyncConnection, recipient_id: str, channel: Channel, reason: str, at: datetime
) -> None:
    """The same for the one address there is on a channel, where we were not told which."""
    which = {"whose": recipient_id, "on": channel}
    await connection.execute(_MARK_ONLY_ONE_GONE, {**which, "at": at, "why": reason})


async def forget_start_token(
    connection: AsyncConnection, recipient_id: str, token: str, since: datetime | None
) -> None:
    """A device that wants no Live Activities any more still gets alerts."""
    which = {"whose": recipient_id, "what": token, "since": since or _EVER}
    await connection.execute(_FORGET_START_TOKEN, which)


def recipient_from(rows: Sequence[AnyRow]) -> Recipient | None:
    """The recipient in rows that hold :data:`PERSON`, one row per address.

    Built without validation: what is stored was validated, and that takes a look at every time zone there is.
    """
    if not rows or rows[0].loaded_as is None:
        return None
    first = rows[0]
    values = {row.reached_on: row.value for row in rows}
    opted_out = {row.reached_on: row.opted_out for row in rows if row.opted_out}
    return Recipient.model_construct(
        recipient_id=first.loaded_as,
        role=Role(first.loaded_role),
        locale=first.locale,
        time_zone=first.time_zone,
        email=values.get(Channel.EMAIL),
        phone=values.get(Channel.SMS),
        devices=tuple(_device(row) for row in rows if row.reached_on is Channel.PUSH),
        preferences=_grid(first.preferences),
        quiet_hours=_quiet_hours(first.quiet_from, first.quiet_until),
        caps={Channel(channel): cap for channel, cap in (first.caps or {}).items()},
        opted_out=opted_out,
    )


def gone_from(row: AnyRow) -> GoneAddress:
    """The gone address in a row of ``addresses``."""
    address = Address(row.channel, row.value, row.platform, row.environment, row.kind)
    return GoneAddress(address, row.gone_at, row.gone_reason)


def address_row(recipient_id: str, address: Address, position: int) -> dict[str, object]:
    """An address as ``addresses`` has it, working as far as we know."""
    return {
        "recipient_id": recipient_id,
        "channel": address.channel,
        "position": position,
        "platform": address.platform,
        "value": address.value,
        "environment": address.environment,
        "kind": address.kind,
    }


def _which(recipient_id: str, address: Address) -> dict[str, object]:
    return {"whose": recipient_id, "on": address.channel, "of": address.platform, "what": address.value}


async def _registered(connection: AsyncConnection, ids: Sequence[str]) -> _Registered:
    found: dict[tuple[str, str, str], datetime] = {}
    for start in range(0, len(ids), _AT_ONCE):
        rows = await connection.execute(_REGISTERED, {"ids": ids[start : start + _AT_ONCE]})
        found |= {(row.recipient_id, row.platform, row.value): row.registered_at for row in rows}
    return found


def _row(person: Recipient) -> dict[str, object]:
    quiet = person.quiet_hours
    return {
        "recipient_id": person.recipient_id,
        "role": person.role,
        "locale": person.locale,
        "time_zone": person.time_zone,
        "preferences": {status: dict(reaches) for status, reaches in person.preferences.items()},
        "quiet_from": quiet and quiet.start,
        "quiet_until": quiet and quiet.end,
        "caps": dict(person.caps) or None,
    }


def _address_rows(person: Recipient, registered: _Registered) -> list[dict[str, object]]:
    live = {device.address: device.live_activity_token for device in person.devices}
    return [
        {
            **address_row(person.recipient_id, address, position),
            "live_activity_token": live.get(address),
            "registered_at": registered.get((person.recipient_id, address.platform, address.value)),
        }
        for channel in Channel
        for position, address in enumerate(dict.fromkeys(person.addresses(channel)))
    ]


def _device(row: AnyRow) -> Device:
    return Device.model_construct(
        platform=row.platform,
        token=None if row.kind is Kind.FID else row.value,
        fid=row.value if row.kind is Kind.FID else None,
        environment=row.environment,
        live_activity_token=row.live_activity_token,
    )


def _grid(stored: dict[str, dict[str, str]]) -> dict[Status, dict[Channel, Reach]]:
    return {
        _STATUSES[status]: {_CHANNELS[channel]: _REACHES[reach] for channel, reach in reaches.items()}
        for status, reaches in stored.items()
    }


def _quiet_hours(start: time | None, end: time | None) -> QuietHours | None:
    if start is None or end is None:
        return None
    return QuietHours.model_construct(start=start, end=end)
