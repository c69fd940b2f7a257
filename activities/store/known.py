"""Recipients with everything that is known of them, many at a time: what they change from, and to."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from sqlalchemy import BindParameter, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store import live_activities
from activities.store.recipients import (
    IN_ORDER,
    PERSON,
    GoneAddress,
    address_row,
    gone_from,
    recipient_from,
    with_addresses,
)
from activities.store.tables import addresses, recipients
from domain.channels import Channel
from domain.recipients import Recipient

_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_FIND = (
    select(*PERSON)
    .select_from(with_addresses(recipients))
    .where(recipients.c.recipient_id.in_(_IDS))
    .order_by(recipients.c.recipient_id, *IN_ORDER)
)
_GONE = (
    select(addresses)
    .where(addresses.c.recipient_id.in_(_IDS), addresses.c.gone_at.is_not(None))
    .order_by(addresses.c.recipient_id, *IN_ORDER)
)
_FORGET = delete(recipients).where(recipients.c.recipient_id == bindparam("whose"))


async def find(connection: AsyncConnection, ids: Sequence[str]) -> list[Recipient]:
    """Those whom somebody loaded, with the addresses that work."""
    rows = (await connection.execute(_FIND, {"ids": ids})).all()
    by_id = (tuple(group) for _, group in groupby(rows, key=lambda row: row.loaded_as))
    return [person for group in by_id if (person := recipient_from(group))]


async def gone(connection: AsyncConnection, ids: Sequence[str]) -> Mapping[str, Sequence[GoneAddress]]:
    """The addresses that do not work any more, by whose they are."""
    rows = (await connection.execute(_GONE, {"ids": ids})).all()
    by_id = groupby(rows, key=lambda row: str(row.recipient_id))
    return {recipient_id: [gone_from(row) for row in group] for recipient_id, group in by_id}


async def stay_gone(connection: AsyncConnection, person: Recipient, known: Iterable[GoneAddress]) -> None:
    """Remember the gone addresses of somebody who was just written, but those that were given anew."""
    given = {(one.channel, one.value) for channel in Channel for one in person.addresses(channel)}
    rows = [
        {
            **address_row(person.recipient_id, gone.address, len(given) + number),
            "gone_at": gone.at,
            "gone_reason": gone.reason,
        }
        for number, gone in enumerate(known)
        if (gone.address.channel, gone.address.value) not in given
    ]
    if rows:
        await connection.execute(insert(addresses), rows)


async def forget(connection: AsyncConnection, recipient_id: str) -> None:
    """Keep neither a contact detail nor a wish of somebody; what was told them stays in the ledger."""
    await live_activities.forget(connection, recipient_id)
    await connection.execute(_FORGET, {"whose": recipient_id})
