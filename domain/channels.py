"""Channels, and what a recipient wants of each for each status."""

from collections.abc import Mapping
from enum import StrEnum

from domain.status import Role, Status


class Channel(StrEnum):
    """Where a recipient is told."""

    PUSH = "push"
    SMS = "sms"
    EMAIL = "email"
    IN_APP = "in_app"


class Reach(StrEnum):
    """What a recipient wants of one channel for one status."""

    ON = "on"
    FALLBACK = "fallback"
    OFF = "off"


FALLBACK_ORDER = (Channel.PUSH, Channel.SMS, Channel.EMAIL)


def _mostly(usual: Reach, **otherwise: tuple[Status, ...]) -> Mapping[Status, Reach]:
    exceptions = {status: Reach(reach) for reach, statuses in otherwise.items() for status in statuses}
    return {status: exceptions.get(status, usual) for status in Status}


_S = Status
DEFAULT_GRID: Mapping[Role, Mapping[Channel, Mapping[Status, Reach]]] = {
    Role.CUSTOMER: {
        Channel.IN_APP: _mostly(Reach.ON),
        Channel.PUSH: _mostly(Reach.ON),
        Channel.SMS: _mostly(
            Reach.OFF, on=(_S.OUT_FOR_DELIVERY, _S.DELIVERED), fallback=(_S.NEARBY, _S.CANCELLED)
        ),
        Channel.EMAIL: _mostly(Reach.FALLBACK, on=(_S.PLACED, _S.DELIVERED, _S.CANCELLED)),
    },
    Role.MERCHANT: {
        Channel.IN_APP: _mostly(Reach.ON),
        Channel.PUSH: _mostly(Reach.ON),
        Channel.SMS: _mostly(Reach.OFF),
        Channel.EMAIL: _mostly(Reach.OFF),
    },
    Role.COURIER: {
        Channel.IN_APP: _mostly(Reach.OFF),
        Channel.PUSH: _mostly(Reach.ON),
        Channel.SMS: _mostly(Reach.FALLBACK),
        Channel.EMAIL: _mostly(Reach.OFF),
    },
}
