"""Decides where a batch is told: preferences, quiet hours, caps and deadline, with the reason for each no."""

from collections.abc import Collection, Mapping
from datetime import datetime

from domain.channels import Channel, Reach
from domain.news import priority_of, still_true
from domain.recipients import Recipient
from domain.status import Status
from domain.telling import Batch, Decision, Verdict

# Messages an hour to one person over all orders. Only news that can wait is held back.
HOURLY_CAPS: Mapping[Channel, int] = {Channel.PUSH: 20, Channel.SMS: 6, Channel.EMAIL: 10}
MAY_BE_HELD_BACK = frozenset({3, 5})
# News of this priority is merged for longer while a queue is behind.
CAN_WAIT = 5
NO_PROVIDER = "no provider is configured"
NO_ADDRESS: Mapping[Channel, str] = {
    Channel.PUSH: "no device",
    Channel.SMS: "no phone number",
    Channel.EMAIL: "no e-mail address",
}


def decide(
    batch: Batch,
    recipient: Recipient,
    *,
    carried: Collection[Channel],
    told_in_last_hour: Mapping[Channel, int],
) -> dict[Channel, Decision]:
    """What to do with a batch on each channel. ``carried`` are the channels some provider carries."""
    decisions = {}
    for channel in Channel:
        path, reach = wanted_on(channel, batch, recipient)
        decisions[channel] = _decide_one(
            batch, recipient, channel, path, reach, channel in carried, told_in_last_hour.get(channel, 0)
        )
    return decisions


def choices_in(batch: Batch, recipient: Recipient) -> dict[Channel, dict[Status, str]]:
    """The recipient's own wishes that a batch is decided by, for whoever asks later; no defaults."""
    own = {
        channel: {
            status: choice
            for status in batch.path_on(channel)
            if (choice := recipient.own_choice(status, channel))
        }
        for channel in Channel
    }
    return {channel: wishes for channel, wishes in own.items() if wishes}


def wanted_on(channel: Channel, batch: Batch, recipient: Recipient) -> tuple[tuple[Status, ...], Reach]:
    """Which part of a batch a recipient is told on a channel, and how strongly they want it there."""
    path = batch.path_on(channel)
    reaches = {status: recipient.reach(status, channel, batch.role) for status in path}
    wanted = still_true(path, [status for status, reach in reaches.items() if reach is not Reach.OFF])
    strength = {reaches[status] for status in wanted}
    if Reach.ON in strength:
        return wanted, Reach.ON
    return (wanted, Reach.FALLBACK) if wanted else ((), Reach.OFF)


def _decide_one(
    batch: Batch,
    recipient: Recipient,
    channel: Channel,
    path: tuple[Status, ...],
    reach: Reach,
    is_carried: bool,
    told_in_last_hour: int,
) -> Decision:
    if reach is Reach.OFF:
        return Decision(verdict=Verdict.OFF)
    if reach is Reach.FALLBACK:
        return Decision(verdict=Verdict.HELD, path=path)
    if batch.told_at >= batch.deadline:
        return Decision(verdict=Verdict.EXPIRED, reason="told too late to be of use", path=path)
    if channel is Channel.IN_APP:
        return Decision(verdict=Verdict.TOLD, path=path)
    if reason := why_unreachable(recipient, channel, is_carried):
        return Decision(verdict=Verdict.REFUSED, reason=reason, path=path)
    return _send_unless_held_back(batch, recipient, channel, path, batch.told_at, told_in_last_hour)


def decide_on_fallback(
    batch: Batch,
    recipient: Recipient,
    channel: Channel,
    *,
    unreachable: str | None,
    at: datetime,
    told_in_last_hour: int,
) -> Decision:
    """What to do on the channel that takes over ``at`` a moment: the plan may be of another hour."""
    path, reach = wanted_on(channel, batch, recipient)
    if reach is Reach.OFF:
        # "off" is never overruled, not even by a plan made before it was.
        return Decision(verdict=Verdict.REFUSED, reason="switched off since", path=batch.path_on(channel))
    if unreachable:
        return Decision(verdict=Verdict.REFUSED, reason=unreachable, path=path)
    return _send_unless_held_back(batch, recipient, channel, path, at, told_in_last_hour)


def _send_unless_held_back(
    batch: Batch,
    recipient: Recipient,
    channel: Channel,
    path: tuple[Status, ...],
    at: datetime,
    told_in_last_hour: int,
) -> Decision:
    # What was taken back and is carried here may be more urgent than what is new.
    if min(batch.priority, priority_of(path, batch.role)) in MAY_BE_HELD_BACK:
        if recipient.is_quiet_at(at):
            quiet = f"quiet hours {recipient.quiet_hours} in {recipient.time_zone}"
            return Decision(verdict=Verdict.SUPPRESSED, reason=quiet, path=path)
        cap = recipient.caps.get(channel, HOURLY_CAPS[channel])
        if told_in_last_hour >= cap:
            return Decision(verdict=Verdict.SUPPRESSED, reason=f"{cap} in the last hour", path=path)
    return Decision(verdict=Verdict.SEND, path=path)


def why_unreachable(recipient: Recipient, channel: Channel, is_carried: bool) -> str | None:
    """Why nothing can be sent on a channel at all, or None when something can."""
    if not is_carried:
        return NO_PROVIDER
    if not recipient.addresses(channel):
        return NO_ADDRESS.get(channel, NO_ADDRESS[Channel.EMAIL])
    return None
