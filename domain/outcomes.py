"""What a provider's answer means to us: every answer is exactly one of five.

Reasons are short fixed phrases. They reach logs, the ledger and workflow histories, so an adapter never
puts a provider's own message into one: providers repeat addresses in theirs.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it. ``reference`` is the provider's own id of the message."""

    reference: str


@dataclass(frozen=True, slots=True)
class Refused:
    """This message will never be taken."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """This address, token or number is dead, or its owner wants nothing more there (``opted_out``).

    ``ours``: many of these would be a mistake of ours, and an operator has to hear of each. ``since``: when
    the provider found out, if it said; a device that was registered after that is not meant.
    """

    reason: str
    opted_out: bool = False
    ours: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class TryLater:
    """Nothing was sent. ``wait`` is the provider's own Retry-After in seconds, if it named one.

    ``ours`` marks our own mistakes, such as bad credentials: worth an alarm, not the recipient's fault.
    """

    reason: str
    wait: float | None = None
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request left and no answer came: it may or may not have been sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotCalled:
    """No call was made, because the provider's breaker is open. No provider answers this."""

    reason: str


Outcome = Accepted | Refused | Gone | TryLater | Unknown
