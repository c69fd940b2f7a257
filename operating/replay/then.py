"""Who could be reached how when a batch was told: as its rows say, for addresses come and go."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.channels import Channel
from domain.deciding import NO_ADDRESS, NO_PROVIDER
from domain.recipients import Device, Recipient
from domain.telling import Verdict
from operating.replay.told import Said, Telling

# Stands for an address that was there: nothing is sent to it, and nobody sees it.
_SOME: Mapping[Channel, Mapping[str, Any]] = {
    Channel.PUSH: {"devices": (Device(platform="android", token="then"),)},  # noqa: S106 no secret
    Channel.SMS: {"phone": "+15550100"},
    Channel.EMAIL: {"email": "then@example.org"},
}
_NONE: Mapping[Channel, Mapping[str, Any]] = {
    Channel.PUSH: {"devices": ()},
    Channel.SMS: {"phone": None},
    Channel.EMAIL: {"email": None},
}
_HAD_AN_ADDRESS = frozenset({Verdict.SEND, Verdict.SUPPRESSED})


def reachable_as_then(recipient: Recipient, then: Telling | None) -> Recipient:
    """The recipient with an address where there was one then; as now where the ledger does not say."""
    channels = then.channels if then else {}
    changes: dict[str, Any] = {}
    for channel, reason in NO_ADDRESS.items():
        said = channels.get(channel)
        if said and said.decision.verdict in _HAD_AN_ADDRESS:
            changes.update(_SOME[channel])
        elif _was_refused(said, reason):
            changes.update(_NONE[channel])
    return recipient.model_copy(update=changes)


def carried_then(tellings: Iterable[Telling]) -> frozenset[Channel]:
    """The channels that had a provider: all but those of which a row says that they had none."""
    lacking = {
        channel
        for then in tellings
        for channel, said in then.channels.items()
        if _was_refused(said, NO_PROVIDER)
    }
    return frozenset(Channel) - lacking


def _was_refused(said: Said | None, reason: str) -> bool:
    return bool(said and said.decision.verdict is Verdict.REFUSED and said.decision.reason == reason)
