"""The ledger's words: what a notification's status may be, how it may move, and the id it has for ever."""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from uuid import UUID, uuid5

from domain.channels import Channel


class NotificationStatus(StrEnum):
    """Where one notification stands."""

    PENDING = "PENDING"
    RETRYING = "RETRYING"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"
    SUPERSEDED = "SUPERSEDED"
    SUPPRESSED = "SUPPRESSED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"


_N = NotificationStatus
_UNSETTLED = frozenset({_N.PENDING, _N.RETRYING})

# From which statuses a notification may come to each. The statement that writes enforces it.
MAY_COME_FROM: Mapping[NotificationStatus, frozenset[NotificationStatus]] = {
    _N.PENDING: frozenset(),
    _N.RETRYING: _UNSETTLED,
    _N.SENT: _UNSETTLED | {_N.UNKNOWN},
    _N.DELIVERED: _UNSETTLED | {_N.UNKNOWN, _N.SENT},
    _N.READ: _UNSETTLED | {_N.UNKNOWN, _N.SENT, _N.DELIVERED},
    _N.FAILED: _UNSETTLED | {_N.UNKNOWN, _N.SENT},
    _N.SUPERSEDED: _UNSETTLED,
    _N.SUPPRESSED: frozenset(),
    _N.EXPIRED: _UNSETTLED,
    _N.UNKNOWN: _UNSETTLED,
}

# The one way back, and by redriving alone: no attempt, receipt or settlement may take it.
MAY_BE_REOPENED = frozenset({_N.FAILED})

UNSETTLED = _UNSETTLED
TOLD = frozenset({_N.SENT, _N.DELIVERED, _N.READ})

_NAMESPACE = UUID("6f1c1f0e-3b1f-5c57-9a52-0d3f2f6f4a11")


# Asked for a dozen times in the life of a message.
@lru_cache(maxsize=4096)
def message_id(order_id: str, recipient_id: str, channel: Channel, newest_event_id: str) -> str:
    """The id of a notification: the same whichever worker, attempt or run computes it."""
    return str(uuid5(_NAMESPACE, json.dumps([order_id, recipient_id, channel, newest_event_id])))


def dead_letter_id(order_id: str, source: str, content: str) -> str:
    """The id of a dead letter: the same content kept twice is one dead letter."""
    return str(uuid5(_NAMESPACE, json.dumps(["dead letter", order_id, source, content])))
