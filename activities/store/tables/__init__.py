"""The tables: people, what was told, and providers."""

from activities.store.tables.base import Base
from activities.store.tables.ledger import (
    dead_letters,
    inbox,
    inbox_heads,
    live_activities,
    notifications,
    receipts,
)
from activities.store.tables.people import (
    addresses,
    api_keys,
    consent_heads,
    consents,
    opt_outs,
    recipients,
    signing_keys,
)
from activities.store.tables.providers import breakers, calls

__all__ = [
    "Base",
    "addresses",
    "api_keys",
    "breakers",
    "calls",
    "consent_heads",
    "consents",
    "dead_letters",
    "inbox",
    "inbox_heads",
    "live_activities",
    "notifications",
    "opt_outs",
    "receipts",
    "recipients",
    "signing_keys",
]
