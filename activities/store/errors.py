"""What goes wrong with a database, told without the values that were in the statement."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

_SQLITE_ERROR = 1  # "SQL error or missing database object": our own mistake, not an outage


class StoreUnavailable(Exception):
    """The database cannot be reached, is locked or has gone away: nothing was written, try again later."""


def is_outage(error: SQLAlchemyError) -> bool:
    """Whether the same statement may well succeed later."""
    if isinstance(error, NoConnectionLeft):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlite_errorcode", None) == _SQLITE_ERROR:
        return False
    return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))


def without_values(error: SQLAlchemyError) -> SQLAlchemyError:
    """The same error as far as it is ours to see: PostgreSQL repeats the refused row, from line two on."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return error
    first_line = str(error.orig).partition("\n")[0]
    return type(error)(error.statement, None, type(error.orig)(first_line), hide_parameters=True)
