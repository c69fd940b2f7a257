"""Opens the store for a command: brought up to date first, and its troubles told in one line."""

import contextlib
import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from domain.orders import BadInput

if TYPE_CHECKING:
    from activities.store import Store


@contextlib.asynccontextmanager
async def open_store() -> "AsyncIterator[Store]":
    """The store at ``DATABASE_URL``. Only commands that need it load the libraries for it: half a second."""
    from activities.store import Store, StoreUnavailable  # noqa: PLC0415 see above
    from activities.store.migrating import migrate  # noqa: PLC0415 see above
    from settings import database_url  # noqa: PLC0415 see above

    url = database_url(os.environ)
    try:
        await migrate(url)
        async with Store(url) as store:
            yield store
    except StoreUnavailable as problem:
        raise BadInput("DATABASE_URL", str(problem)) from None


@contextlib.asynccontextmanager
async def open_store_as_it_is() -> "AsyncIterator[Store]":
    """The same for a command that changes nothing, not even the tables: they have to be ours already."""
    from activities.store import Store, StoreUnavailable  # noqa: PLC0415 as above
    from activities.store.migrating import is_current  # noqa: PLC0415 as above
    from settings import database_url  # noqa: PLC0415 as above

    url = database_url(os.environ)
    try:
        if not await is_current(url):
            raise BadInput(
                "DATABASE_URL",
                "has not the tables of this version, and none are made here: name the ledger of the workers,"
                " or a migrated copy of it",
            )
        async with Store(url) as store:
            yield store
    except StoreUnavailable as problem:
        raise BadInput("DATABASE_URL", str(problem)) from None
