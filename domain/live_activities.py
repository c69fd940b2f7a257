"""Live Activities: an order on an iPhone's lock screen, started, updated and ended by pushes.

A device that gave us its push-to-start token gets one activity per order. It takes the place of alerts for
news that can wait; news told at once also rings.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from domain.channels import Channel
from domain.recipients import Address, Device, Kind, Recipient
from domain.status import Role, Status

IOS = "ios"
_NAMESPACE = UUID("2f0c0a0e-6a55-5d0e-8d43-6c3f0a0c7b21")


@dataclass(frozen=True, slots=True)
class LiveActivity:
    """One order on one device, named by the device's own token. There is never a second one.

    ``token`` is where its updates go, None until the app handed it in. Once ``ended_at``, nothing goes there.
    """

    order_id: str
    recipient_id: str
    device: str = field(repr=False)
    environment: str
    token: str | None = field(default=None, repr=False)
    ended_at: datetime | None = None

    @property
    def activity_id(self) -> str:
        """Names it without giving the device's token away."""
        return str(uuid5(_NAMESPACE, json.dumps([self.order_id, self.recipient_id, self.device])))

    @property
    def address(self) -> Address | None:
        """Where its updates go, None when there is nowhere."""
        if self.token is None or self.ended_at is not None:
            return None
        return Address(Channel.PUSH, self.token, IOS, self.environment, Kind.LIVE)


def push_addresses(
    recipient: Recipient,
    role: Role,
    path: Sequence[Status],
    activities: Iterable[LiveActivity],
    *,
    is_repeat: bool = False,
) -> tuple[Address, ...]:
    """Everywhere a push goes: alerts, and the Live Activities that take their place or go beside them.

    What may have arrived starts no activity again: two of one order could not be told apart.
    """
    shown = {activity.device: activity for activity in activities}
    is_at_once = any(status.rule.told[role].at_once for status in path)
    is_final = path[-1].rule.final
    may_start = role is Role.CUSTOMER and not is_final and not is_repeat
    found: list[Address] = []
    for device in recipient.devices:
        activity = shown.get(device.token or "")
        live = activity.address if activity else None
        if activity is None and may_start and device.live_activity_token:
            found.append(_start(device, device.live_activity_token))
            continue
        if live is None or is_at_once:
            found.append(device.address)
        # How the order ended is what its end shows: an update beside that could come after it.
        if live and not is_final:
            found.append(live)
    return tuple(found)


def begun_by(address: Address, order_id: str, recipient: Recipient) -> LiveActivity | None:
    """The activity that a push to a device's push-to-start token begins; None for any other address."""
    if address.kind is not Kind.LIVE_START:
        return None
    for device in recipient.devices:
        if device.live_activity_token == address.value and device.token:
            return LiveActivity(order_id, recipient.recipient_id, device.token, device.environment)
    return None


def wants_live_activities(recipient: Recipient, role: Role) -> bool:
    """Whether an order may be shown to this recipient on a lock screen."""
    return role is Role.CUSTOMER and any(device.live_activity_token for device in recipient.devices)


def alert_instead_of(
    address: Address, recipient: Recipient, activities: Iterable[LiveActivity]
) -> Address | None:
    """The alert of the device whose Live Activity an address is; None for any other address."""
    shown_on = {activity.token: activity.device for activity in activities}
    for device in recipient.devices:
        is_start = address.kind is Kind.LIVE_START and device.live_activity_token == address.value
        is_live = address.kind is Kind.LIVE and device.token == shown_on.get(address.value)
        if is_start or is_live:
            return device.address
    return None


def _start(device: Device, token: str) -> Address:
    return Address(Channel.PUSH, token, device.platform, device.environment, Kind.LIVE_START)
