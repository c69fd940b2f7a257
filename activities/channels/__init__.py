"""Who carries the channels: one file per provider, and this list of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, Self

import httpx

from activities.channels import fcm, smtp, twilio
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


class Config(Protocol):
    """A provider's settings: it is on when they are present."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self | None:
        """Read the settings, None where there are none; BadInput names the one that is missing or wrong."""

    def provider(self, http: httpx.AsyncClient, /) -> Provider:
        """Build the provider that these settings describe."""


# A new provider takes its file and its line here. The first that carries an address sends to it.
PROVIDERS: Sequence[type[Config]] = (
    fcm.Config,
    twilio.Config,
    smtp.Config,
)


def configured(environ: Mapping[str, str]) -> list[Config]:
    """Read the settings of every provider that is on."""
    configs = (config.read(environ) for config in PROVIDERS)
    return [config for config in configs if config is not None]


def build(configs: Iterable[Config], http: httpx.AsyncClient) -> list[Provider]:
    """Build the providers, all on one HTTP client."""
    return [config.provider(http) for config in configs]
