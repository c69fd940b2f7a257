"""Who may call the HTTP API: order services and operators by keys with scopes, recipients by tokens."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

_MARK, _KEY_ID_BYTES, _SECRET_BYTES = "onk", 6, 32


class Scope(StrEnum):
    """What a key opens. ``operations`` are dead letters, providers and the search for orders."""

    WRITE_EVENTS = "events:write"
    READ_ORDERS = "orders:read"
    READ_RECIPIENTS = "recipients:read"
    WRITE_RECIPIENTS = "recipients:write"
    READ_OPERATIONS = "operations:read"
    WRITE_OPERATIONS = "operations:write"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is shown once, when it is made: ``onk_<key id>_<secret>``. It is stored as its digest."""

    key_id: str
    text: str = field(repr=False)

    @classmethod
    def make(cls) -> "NewKey":
        """Make one that nobody can guess."""
        key_id = secrets.token_hex(_KEY_ID_BYTES)
        return cls(key_id, f"{_MARK}_{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key. ``name`` is whose it is, for people. Once revoked it opens nothing."""

    key_id: str
    name: str
    digest: str = field(repr=False)
    scopes: Collection[Scope]
    created_at: datetime
    revoked_at: datetime | None = None

    def opens_with(self, text: str) -> bool:
        """Whether ``text`` is this very key, still good."""
        return self.revoked_at is None and hmac.compare_digest(self.digest, digest_of(text))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: ``name`` is what is written down of a change they make."""

    name: str
    scopes: Collection[Scope]
    key_id: str = ""


def digest_of(key: str) -> str:
    """What is kept of a key. A plain hash is enough for what nobody can guess."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def key_id_in(text: str) -> str | None:
    """The id within a key, None for what is no key of ours."""
    match text.split("_", 2):
        case [mark, key_id, _] if mark == _MARK:
            return key_id
    return None
