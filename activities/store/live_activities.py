"""Live Activities: which device shows which order, where its updates go, and whether it was ended."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store.inserting import new_rows
from activities.store.tables import live_activities, recipients
from domain.live_activities import LiveActivity

_c = live_activities.c
_COLUMNS = (_c.order_id, _c.recipient_id, _c.device, _c.environment, _c.token, _c.ended_at)
_ALL = select(*_COLUMNS)
_OF_ORDER = _ALL.where(
    _c.order_id == bindparam("order_id"), _c.recipient_id == bindparam("recipient_id")
).order_by(_c.started_at)
# Spelt as in the partial index, or neither database would use it.
_SHOWN = text("ended_at IS NULL AND token IS NOT NULL")
_TO_BE_ENDED = _ALL.where(_SHOWN, _c.order_id == bindparam("order_id"))
_SHOWN_LONG = (
    select(_c.order_id)
    .where(_SHOWN, _c.started_at < bindparam("before"), _c.order_id > bindparam("after"))
    .distinct()
    .order_by(_c.order_id)
    .limit(bindparam("limit"))
)
_OF_SOMEBODY = exists().where(recipients.c.recipient_id == _c.recipient_id)
_OF_ERASED = ~_OF_SOMEBODY
_SHOWN_TO_ERASED = (
    select(_c.order_id).where(_SHOWN, _OF_ERASED).distinct().order_by(_c.order_id).limit(bindparam("limit"))
)
_IS_ON = (
    update(live_activities)
    .where(_c.activity_id == bindparam("which"), _c.device == "", _OF_SOMEBODY)
    .values(device=bindparam("its_device"))
)
_REGISTER = (
    update(live_activities)
    .where(_c.activity_id == bindparam("which"))
    .values(token=bindparam("its_token"))
    .returning(_c.order_id)
)
_ENDED = (
    update(live_activities)
    .where(and_(_c.token == bindparam("its_token"), _c.ended_at.is_(None)))
    .values(ended_at=bindparam("at"))
)
_FORGET_OF_ERASED = delete(live_activities).where(_c.token == bindparam("its_token"), _OF_ERASED)
_FORGET_ENDED = delete(live_activities).where(_c.recipient_id == bindparam("whose"), _c.ended_at.is_not(None))
# It is named by a token of its own, and not by that of the activity, which ends it.
_FORGET_DEVICES = update(live_activities).where(_c.recipient_id == bindparam("whose")).values(device="")


async def note(connection: AsyncConnection, activity: LiveActivity, at: datetime) -> None:
    """Note that an activity was started, or may have been. Noted before, it stays as it is.

    On which device is not noted of somebody who was erased meanwhile, and again of one who came back.
    """
    row = {
        "activity_id": activity.activity_id,
        "order_id": activity.order_id,
        "recipient_id": activity.recipient_id,
        "device": "",
        "environment": activity.environment,
        "started_at": at,
    }
    await connection.execute(new_rows(connection, live_activities), row)
    await connection.execute(_IS_ON, {"which": activity.activity_id, "its_device": activity.device})


async def register(connection: AsyncConnection, which: str, token: str) -> str | None:
    """Remember where an activity's updates go; answers its order, None where there is no such activity."""
    found = (await connection.execute(_REGISTER, {"which": which, "its_token": token})).first()
    return None if found is None else str(found.order_id)


async def of_order(connection: AsyncConnection, order_id: str, recipient_id: str) -> tuple[LiveActivity, ...]:
    """What shows an order to a recipient, or did."""
    rows = await connection.execute(_OF_ORDER, {"order_id": order_id, "recipient_id": recipient_id})
    return tuple(LiveActivity(*row) for row in rows)


async def to_be_ended(connection: AsyncConnection, order_id: str) -> tuple[LiveActivity, ...]:
    """Everything that still shows an order to anyone."""
    return tuple(LiveActivity(*row) for row in await connection.execute(_TO_BE_ENDED, {"order_id": order_id}))


async def orders_shown(
    connection: AsyncConnection, before: datetime, after: str, limit: int
) -> Sequence[str]:
    """Orders still shown somewhere since before a moment, by id, from ``after`` on."""
    asked = {"before": before, "after": after, "limit": limit}
    return (await connection.execute(_SHOWN_LONG, asked)).scalars().all()


async def orders_shown_to_erased(connection: AsyncConnection, limit: int) -> Sequence[str]:
    """Orders still shown to people who were erased."""
    return (await connection.execute(_SHOWN_TO_ERASED, {"limit": limit})).scalars().all()


async def ended(connection: AsyncConnection, token: str, at: datetime) -> None:
    """An activity shows its order no more. That of somebody who was erased is forgotten with that."""
    await connection.execute(_ENDED, {"its_token": token, "at": at})
    await connection.execute(_FORGET_OF_ERASED, {"its_token": token})


async def forget(connection: AsyncConnection, recipient_id: str) -> None:
    """Keep of somebody who is erased no more than it takes to clear their lock screens."""
    await connection.execute(_FORGET_ENDED, {"whose": recipient_id})
    await connection.execute(_FORGET_DEVICES, {"whose": recipient_id})
