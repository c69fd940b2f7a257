"""What one batch came to, to compare what was told with what had to be."""

from dataclasses import dataclass
from typing import Self

from domain.channels import Channel
from domain.ledger import TOLD
from domain.status import Role, Status
from domain.timeline import ToldBatch


@dataclass(frozen=True)
class Told:
    """A batch as told ``on`` some channels, in their usual order, and ``not_on`` others for a reason."""

    role: Role
    path: tuple[Status, ...]
    on: tuple[Channel, ...]
    not_on: tuple[tuple[Channel, str], ...] = ()

    @classmethod
    def of(cls, batch: ToldBatch) -> Self:
        """Read it from a timeline. Channels that were switched off or not needed are neither."""
        used = [batch_line for batch_line in batch.channels if batch_line.status is not None]
        return cls(
            batch.role,
            batch.statuses,
            tuple(line.channel for line in used if line.status in TOLD),
            tuple(
                (line.channel, line.reason or str(line.status)) for line in used if line.status not in TOLD
            ),
        )

    def __str__(self) -> str:
        why_not = "".join(f", not {channel} ({reason})" for channel, reason in self.not_on)
        return f"{self.role} told {' > '.join(self.path)} on {', '.join(self.on) or 'no channel'}{why_not}"
