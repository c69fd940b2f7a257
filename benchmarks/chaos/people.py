"""Who the orders of a chaos run are for: people whose wishes and devices lead to every kind of ending."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from domain.channels import Channel, Reach
from domain.recipients import Recipient, unknown_recipient
from domain.status import Role, Status

MERCHANTS = 8
COURIERS = 12
# A customer of several orders meets the caps; all the kinds below have to be there too.
ORDERS_A_CUSTOMER = 4

_ALL_DAY = {"start": "00:00:00", "end": "23:59:59.999999"}
_NOWHERE: Mapping[str, Any] = {"devices": (), "phone": None, "email": None}
_EVERYTHING_OFF = dict.fromkeys(Channel, Reach.OFF)


def _always(channel: Channel, reach: Reach) -> Mapping[Status, Mapping[Channel, Reach]]:
    return {status: {channel: reach} for status in Status}


# What distinguishes one customer from the usual one, who has everything and wants the defaults.
_CUSTOMERS: tuple[Mapping[str, Any], ...] = (
    {},
    {"preferences": _always(Channel.PUSH, Reach.OFF)},
    {"devices": ()},
    {"quiet_hours": _ALL_DAY},
    {"devices": ("phone", "tablet")},
    {"devices": ("dead",)},
    {**_NOWHERE, "preferences": _always(Channel.IN_APP, Reach.OFF)},
    {"preferences": {Status.PREPARING: _EVERYTHING_OFF}},
    {"phone": None, "preferences": _always(Channel.EMAIL, Reach.FALLBACK)},
    {"devices": (), "phone": None},
)
_COURIERS: tuple[Mapping[str, Any], ...] = ({}, {}, {"devices": ()}, {}, _NOWHERE, {"devices": ("dead",)})


def everybody(orders: int) -> list[Recipient]:
    """Customers enough for this many orders, merchants and couriers."""
    customers = max(len(_CUSTOMERS), orders // ORDERS_A_CUSTOMER)
    return [
        *(_person(Role.CUSTOMER, n, _CUSTOMERS[n % len(_CUSTOMERS)]) for n in range(customers)),
        *(_person(Role.MERCHANT, n, {}) for n in range(MERCHANTS)),
        *(_person(Role.COURIER, n, _COURIERS[n % len(_COURIERS)]) for n in range(COURIERS)),
    ]


def stranger() -> Recipient:
    """A customer whom nobody loaded."""
    return unknown_recipient("nobody-loaded", Role.CUSTOMER)


def dead_devices(people: list[Recipient]) -> list[str]:
    """Tokens that the provider will say are gone."""
    tokens = [device.address.value for person in people for device in person.devices]
    return [token for token in tokens if token.startswith("dead")]


def _person(role: Role, number: int, differs: Mapping[str, Any]) -> Recipient:
    name = f"{role}-{number}"
    own = {
        "devices": ("phone",),
        "phone": f"+1555{crc32(name.encode()) % 10**7:07}",
        "email": f"{name}@example.org",
        **differs,
    }
    devices = [{"platform": "android", "token": f"{kind}-of-{name}"} for kind in own.pop("devices")]
    return Recipient.model_validate({"recipient_id": name, "role": role, "devices": devices, **own})
