"""Who carries the channels: one file per provider, and this list of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Protocol, Self

import httpx

from activities.channels import fcm, smtp, twilio
from activities.provider import Provider


class Config(Protocol):
    """A provider's settings: it is on when they are present."""

    FIRST_SETTING: ClassVar[str]

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

# What to set first for each of them to be on.
FIRST_SETTINGS = tuple(config.FIRST_SETTING for config in PROVIDERS)


def configured(environ: Mapping[str, str]) -> list[Config]:
    """Read the settings of every provider that is on."""
    configs = (config.read(environ) for config in PROVIDERS)
    return [config for config in configs if config is not None]


def build(configs: Iterable[Config], http: httpx.AsyncClient) -> list[Provider]:
    """Build the providers, all on one HTTP client."""
    return [config.provider(http) for config in configs]
