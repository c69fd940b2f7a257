"""What a provider is to those who send: one protocol, which every file in ``channels/`` fulfils."""

from typing import Protocol

from domain.channels import Channel
from domain.messages import Message
from domain.outcomes import Outcome
from domain.recipients import Address


class Provider(Protocol):
    """Who carries a channel. No answer of the provider's makes ``send`` raise."""

    name: str
    channel: Channel

    def carries(self, address: Address) -> bool:
        """Whether this provider can send to ``address``."""

    async def send(self, message: Message, address: Address) -> Outcome:
        """One attempt, without retries of its own."""
