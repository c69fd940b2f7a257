"""The store: recipients, the ledger, the inbox and dead letters, on SQLite or PostgreSQL."""

from activities.store.errors import StoreUnavailable
from activities.store.store import Store

__all__ = ["Store", "StoreUnavailable"]
