"""What a recipient wants, and where, as facts to be kept for ever: no contact detail can be read in them."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any

from domain.channels import Channel, Reach
from domain.consents import Facts, State, Topic
from domain.recipients import Address, Kind, OptOut, QuietHours, Recipient
from domain.status import Role, Status

_LIVE = "live activities"


def masked(address: Address) -> str:
    """An address as its owner recognises it, and nobody else can use it: a…@example.org, +1555…00."""
    value = address.value
    if address.channel is Channel.EMAIL:
        name, _, host = value.rpartition("@")
        return f"{name[:1] if len(name) > 2 else ''}…@{host}"
    if address.channel is Channel.SMS:
        return f"{value[:5]}…{value[-2:]}"
    return f"{address.platform} …{value[-4:]}"


def keyed(secret: str, address: Address) -> str:
    """The digest of an address: whoever has it and the secret can tell that it was this one, nobody else."""
    name = f"consents {address.channel} {address.value}".encode(errors="replace")
    return hmac.new(secret.encode(), name, hashlib.sha256).hexdigest()


def wishes_of(person: Recipient, gone: Iterable[tuple[Address, str]], secret: str) -> State:
    """All of a recipient that the ledger keeps. ``gone``: addresses not to be used again, and why."""
    who = person.recipient_id
    plain: Mapping[str, Facts | None] = {
        "role": {"role": str(person.role)},
        "locale": {"locale": person.locale},
        "time_zone": {"time_zone": person.time_zone},
        "quiet_hours": _as_facts(person.quiet_hours),
        "preferences": _grid(person) or None,
        "caps": {str(channel): cap for channel, cap in person.caps.items()} or None,
    }
    return {
        **{Topic(subject, who): facts for subject, facts in plain.items() if facts},
        **{_topic(address, who, secret): _of_gone(address, reason) for address, reason in gone},
        **{_topic(address, who, secret): _of_address(address) for address in _alive(person)},
    }


def opt_out_topic(address: Address, secret: str) -> Topic:
    """What the owner of an address said of it; it holds for whoever has it."""
    return Topic(_opt_out(address.channel), address=keyed(secret, address))


def opt_out_facts(address: Address, covers: OptOut) -> Facts:
    """What is not wanted at an address."""
    return {"address": masked(address), "covers": str(covers)}


def recipient_in(state: State, recipient_id: str, role: Role) -> Recipient:
    """The recipient whose wishes are in a state, without their addresses. ``role`` if the state has none."""
    said: dict[str, Any] = {topic.subject: facts for topic, facts in state.items() if not topic.address}
    quiet = said.get("quiet_hours")
    return Recipient.model_construct(
        recipient_id=recipient_id,
        role=Role(said["role"]["role"]) if "role" in said else role,
        locale=said.get("locale", {}).get("locale", "en"),
        time_zone=said.get("time_zone", {}).get("time_zone", "UTC"),
        email=None,
        phone=None,
        devices=(),
        preferences={
            Status(status): {Channel(channel): Reach(reach) for channel, reach in cells.items()}
            for status, cells in said.get("preferences", {}).items()
        },
        quiet_hours=quiet
        and QuietHours(start=time.fromisoformat(quiet["start"]), end=time.fromisoformat(quiet["end"])),
        caps={Channel(channel): cap for channel, cap in said.get("caps", {}).items()},
        opted_out=dict(_opted_out(state)),
    )


def _opted_out(state: State) -> Iterable[tuple[Channel, OptOut]]:
    for topic, facts in state.items():
        for channel in (Channel.SMS, Channel.EMAIL):
            if topic.subject == f"address {channel}" and "gone" not in facts:
                said = state.get(Topic(_opt_out(channel), address=topic.address))
                if said:
                    yield channel, OptOut(said["covers"])


def _opt_out(channel: Channel) -> str:
    return f"opt-out {channel}"


def _grid(person: Recipient) -> Facts:
    return {
        str(status): {str(channel): str(reach) for channel, reach in cells.items()}
        for status, cells in person.preferences.items()
        if cells
    }


def _as_facts(quiet: QuietHours | None) -> Facts | None:
    return {"start": quiet.start.isoformat(), "end": quiet.end.isoformat()} if quiet else None


def _alive(person: Recipient) -> Iterable[Address]:
    for channel in Channel:
        yield from person.addresses(channel)
    for device in person.devices:
        if device.live_activity_token:
            value = device.live_activity_token
            yield Address(Channel.PUSH, value, device.platform, device.environment, Kind.LIVE_START)


def _topic(address: Address, who: str, secret: str) -> Topic:
    subject = _LIVE if address.kind is Kind.LIVE_START else f"address {address.channel}"
    return Topic(subject, who, keyed(secret, address))


def _of_address(address: Address) -> Facts:
    facts = {"address": masked(address)}
    return {**facts, "environment": "sandbox"} if address.environment == "sandbox" else facts


def _of_gone(address: Address, reason: str) -> Facts:
    return {**_of_address(address), "gone": reason}
