"""What the owners of addresses do not want there any more: their own word, which no list overrules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.inserting import new_rows
from activities.store.tables import addresses, opt_outs
from domain.channels import Channel
from domain.recipients import OptOut

_IT = and_(opt_outs.c.channel == bindparam("on"), opt_outs.c.value == bindparam("what"))
_MORE = (
    update(opt_outs)
    .where(_IT)
    .values(covers=bindparam("what_of"), source=bindparam("whence"), at=bindparam("when"))
)
_FORGET = delete(opt_outs).where(_IT)
_ADDRESS = (
    select(addresses.c.value)
    .where(
        addresses.c.recipient_id == bindparam("whose"),
        addresses.c.channel == bindparam("on"),
        addresses.c.gone_at.is_(None),
    )
    .order_by(addresses.c.position)
    .limit(1)
)
_FIND = select(opt_outs.c.covers).where(_IT)
_OF = (
    select(opt_outs.c.channel, opt_outs.c.value, opt_outs.c.covers, opt_outs.c.source, opt_outs.c.at)
    .join(addresses, and_(addresses.c.channel == opt_outs.c.channel, addresses.c.value == opt_outs.c.value))
    .where(addresses.c.recipient_id == bindparam("whose"), addresses.c.gone_at.is_(None))
)


@dataclass(frozen=True, slots=True)
class Said:
    """What the owner of an address said of it, how, and when."""

    channel: Channel
    value: str = field(repr=False)
    covers: OptOut
    source: str
    at: datetime


async def opt_out(
    connection: AsyncConnection, channel: Channel, value: str, covers: OptOut, source: str, at: datetime
) -> None:
    """Note what is not wanted at an address from now on, in place of what was noted before."""
    row = {"channel": channel, "value": value, "covers": covers, "source": source, "at": at}
    added = await connection.execute(new_rows(connection, opt_outs).returning(opt_outs.c.value), row)
    if added.first() is None:
        which = {"on": channel, "what": value}
        await connection.execute(_MORE, {**which, "what_of": covers, "whence": source, "when": at})


async def opt_in(connection: AsyncConnection, channel: Channel, value: str) -> None:
    """Everything is wanted at an address again."""
    await connection.execute(_FORGET, {"on": channel, "what": value})


async def address_of(connection: AsyncConnection, recipient_id: str, channel: Channel) -> str | None:
    """The one address of a recipient on a channel, None where there is none that works."""
    found = await connection.execute(_ADDRESS, {"whose": recipient_id, "on": channel})
    return found.scalar_one_or_none()


async def opted_out_of(connection: AsyncConnection, channel: Channel, value: str) -> OptOut | None:
    """What is not wanted at an address, None when everything is."""
    return (await connection.execute(_FIND, {"on": channel, "what": value})).scalar_one_or_none()


async def said_of(connection: AsyncConnection, recipient_id: str) -> Mapping[Channel, Said]:
    """What the owner of each address of a recipient said of it."""
    return {row.channel: Said(*row) for row in await connection.execute(_OF, {"whose": recipient_id})}
