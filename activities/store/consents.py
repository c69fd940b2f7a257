"""The consent ledger: every change of what somebody gets, or where, in one chain that nobody can fork."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import and_, bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store import known, notifications, opt_outs, recipients, signing_keys
from activities.store.database import Database
from activities.store.inserting import added_rows
from activities.store.notifications import Notification
from activities.store.tables import consent_heads, consents
from domain.channels import Channel
from domain.consents import (
    BEGINNING,
    Break,
    By,
    Consent,
    End,
    Facts,
    State,
    Topic,
    Walk,
    changes,
    state_at,
    written,
)
from domain.recipients import Address, Recipient
from domain.wishes import keyed, opt_out_facts, opt_out_topic, recipient_in, wishes_of

_CHAIN, _AT_ONCE, _ALL = 1, 500, 2**31 - 1
_c = consents.c
_ADD = insert(consents)
_END = select(consent_heads.c.number, consent_heads.c.digest).where(consent_heads.c.chain == _CHAIN)
_MOVE_END = (
    update(consent_heads)
    .where(consent_heads.c.chain == _CHAIN)
    .values(number=bindparam("last"), digest=bindparam("its_digest"))
)
_NEXT = (
    select(*(_c[field.name] for field in fields(Consent)))
    .where(_c.number > bindparam("after"))
    .order_by(_c.number)
    .limit(bindparam("most"))
)
_EVER_THEIRS = select(_c.address).where(_c.recipient_id == bindparam("whose"), _c.address.is_not(None))
# What was said of an address is about whoever has it, or had.
_ABOUT = _NEXT.where(
    or_(
        _c.recipient_id == bindparam("whose"),
        and_(
            _c.recipient_id.is_(None),
            or_(_c.address.in_(_EVER_THEIRS), _c.address.in_(bindparam("theirs", expanding=True))),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What somebody wanted when a notification was decided on."""

    notification: Notification
    recipient: Recipient
    state: State


class Consents:
    """The ledger of one database."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    @asynccontextmanager
    async def changing(
        self, by: By, ids: Sequence[str] = (), said_of: Collection[Address] = ()
    ) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes down what it changes of recipients, and of what is said of addresses.

        One at a time in the whole fleet: what is found in it stays so, and the chain has one end.
        """
        async with self._database.transaction() as connection:
            end = await _hold_end(connection)
            secret = await _secret(connection, self._now())
            before = await _state_of(connection, ids, said_of, secret)
            yield connection
            after = await _state_of(connection, ids, said_of, secret)
            rows = written(changes(before, after), by, self._now(), end)
            if rows:
                last = {"last": rows[-1].number, "its_digest": rows[-1].digest}
                await connection.execute(_ADD, [asdict(row) for row in rows])
                await connection.execute(_MOVE_END, last)

    async def about(self, recipient_id: str, after: int = 0, limit: int = 100) -> tuple[Consent, ...]:
        """The rows about a recipient and about addresses that are or were theirs, oldest first."""
        async with self._database.reading() as connection:
            secret = await _secret(connection, self._now())
            now = [keyed(secret, address) for address in await _addresses(connection, recipient_id)]
            return await _about(connection, recipient_id, now, after, limit)

    async def end(self) -> End:
        """Where the chain ends, as whoever added to it last noted."""
        async with self._database.reading() as connection:
            return await _noted_end(connection)

    async def verify(self, noted: str | None = None) -> End | Break:
        """Go through the whole chain; answers where it ends, or the first place where it is not whole.

        ``noted``: a digest that it ended with once; everything up to there must still be in it.
        """
        async with self._database.reading() as connection:
            walk = Walk(await _noted_end(connection), noted)
            while rows := await _rows(connection, walk.end.number, _AT_ONCE):
                if broken := next(filter(None, map(walk.goes_on_to, rows)), None):
                    return broken
            return walk.ends(await _noted_end(connection))

    async def when_decided(self, message_id: str) -> Hindsight | None:
        """What a notification's recipient wanted when it was decided on, None where there is no such row."""
        async with self._database.reading() as connection:
            row = await notifications.by_id(connection, message_id)
            if row is None:
                return None
            secret, who = await _secret(connection, self._now()), row.recipient_id
            theirs = await _addresses(connection, who)
            rows = await _about(connection, who, [keyed(secret, one) for one in theirs], 0, _ALL)
            now = await _state_of(connection, [who], theirs, secret)
        state = state_at(row.created_at, rows, now)
        return Hindsight(row, recipient_in(state, who, row.role), state)


async def _hold_end(connection: AsyncConnection) -> End:
    hold = added_rows(connection.dialect.name, consent_heads, "number")
    row = {"chain": _CHAIN, "number": 0, "digest": BEGINNING.digest}
    held = await connection.execute(hold.returning(consent_heads.c.number, consent_heads.c.digest), row)
    return End(*held.one())


async def _noted_end(connection: AsyncConnection) -> End:
    found = (await connection.execute(_END)).first()
    return End(*found) if found else BEGINNING


async def _secret(connection: AsyncConnection, now: datetime) -> str:
    """The first there ever was: what was digested once has to stay recognisable."""
    return (await signing_keys.signing_secrets(connection, now))[0]


async def _rows(connection: AsyncConnection, after: int, most: int) -> list[Consent]:
    return [Consent(*row) for row in await connection.execute(_NEXT, {"after": after, "most": most})]


async def _about(
    connection: AsyncConnection, recipient_id: str, theirs: Sequence[str], after: int, most: int
) -> tuple[Consent, ...]:
    asked = {"whose": recipient_id, "theirs": theirs, "after": after, "most": most}
    return tuple(Consent(*row) for row in await connection.execute(_ABOUT, asked))


async def _addresses(connection: AsyncConnection, recipient_id: str) -> list[Address]:
    person = await recipients.find(connection, recipient_id)
    return [one for channel in Channel for one in person.addresses(channel)] if person else []


async def _state_of(
    connection: AsyncConnection, ids: Sequence[str], said_of: Collection[Address], secret: str
) -> State:
    state: dict[Topic, Facts] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        gone = await known.gone(connection, some)
        for person in await known.find(connection, some):
            marked = [(one.address, one.reason) for one in gone.get(person.recipient_id, ())]
            state.update(wishes_of(person, marked, secret))
    for address in said_of:
        if covers := await opt_outs.opted_out_of(connection, address.channel, address.value):
            state[opt_out_topic(address, secret)] = opt_out_facts(address, covers)
    return state
