"""Opens the store for a command: brought up to date first, and its troubles told in one line."""

import contextlib
import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from domain.orders import BadInput

if TYPE_CHECKING:
    from activities.store import Store


@contextlib.asynccontextmanager
async def open_store(*, as_it_is: bool = False) -> "AsyncIterator[Store]":
    """The store at ``DATABASE_URL``. Only commands that need it load the libraries for it: half a second.

    ``as_it_is``: for a command that changes nothing, not even the tables.
    """
    from activities.store import Store, StoreUnavailable  # noqa: PLC0415 see above
    from activities.store.migrating import make_ready  # noqa: PLC0415 see above
    from settings import database_url, migrates  # noqa: PLC0415 see above

    url = database_url(os.environ)
    try:
        await make_ready(url, migrates=not as_it_is and migrates(os.environ))
        async with Store(url) as store:
            yield store
    except StoreUnavailable as problem:
        raise BadInput("DATABASE_URL", str(problem)) from None
