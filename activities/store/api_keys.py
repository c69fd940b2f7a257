"""Keys that others call the API with: made, found and revoked, and never stored themselves."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from activities.store.database import Database
from activities.store.tables import api_keys
from domain.callers import ApiKey, NewKey, Scope, digest_of

_MAKE = insert(api_keys)
_FIND = select(api_keys).where(api_keys.c.key_id == bindparam("which"))
_ALL = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id)
_REVOKE = (
    update(api_keys)
    .where(api_keys.c.key_id == bindparam("which"), api_keys.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)


class ApiKeys:
    """The keys in one database."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    async def make(self, name: str, scopes: Collection[Scope]) -> NewKey:
        """Make a key. Its text is to be had here and never again."""
        made = NewKey.make()
        row = {
            "key_id": made.key_id,
            "name": name,
            "digest": digest_of(made.text),
            "scopes": sorted(scopes),
            "created_at": self._now(),
        }
        async with self._database.writing() as connection:
            await connection.execute(_MAKE, row)
        return made

    async def find(self, key_id: str) -> ApiKey | None:
        """One key, revoked or not, None where there is none of this id."""
        async with self._database.reading() as connection:
            row = (await connection.execute(_FIND, {"which": key_id})).first()
        return _key(row) if row else None

    async def all(self) -> Sequence[ApiKey]:
        """Every key there ever was, oldest first."""
        async with self._database.reading() as connection:
            return [_key(row) for row in await connection.execute(_ALL)]

    async def revoke(self, key_id: str) -> bool:
        """Let a key open nothing from now on; False where that changes nothing."""
        async with self._database.writing() as connection:
            revoked = await connection.execute(_REVOKE, {"which": key_id, "at": self._now()})
        return revoked.rowcount == 1


def _key(row: Row[*tuple[Any, ...]]) -> ApiKey:
    # A scope that only a newer version knows opens nothing here.
    scopes = frozenset(Scope(scope) for scope in row.scopes if scope in set(Scope))
    return ApiKey(row.key_id, row.name, row.digest, scopes, row.created_at, row.revoked_at)
