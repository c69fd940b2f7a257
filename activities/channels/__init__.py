"""Who carries the channels: one file per provider, and this list of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Protocol, Self

from activities.channels import apns, fcm, ses, smtp, twilio
from activities.channels.environ import base_url
from activities.channels.http import Client
from activities.provider import Provider

__all__ = ["FIRST_SETTINGS", "PROVIDERS", "Config", "base_url", "build", "configured"]


class Config(Protocol):
    """A provider's settings: it is on when they are present."""

    FIRST_SETTING: ClassVar[str]

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self | None:
        """Read the settings, None where there are none; BadInput names the one that is missing or wrong."""

    def providers(self, http: Client, /) -> Sequence[Provider]:
        """Build what these settings describe: more than one where a channel has several senders."""


# A new provider takes its file and its line here. Of several that carry an address the first that is well
# sends to it, and the next takes over before another channel does.
PROVIDERS: Sequence[type[Config]] = (
    apns.Config,
    fcm.Config,
    twilio.Config,
    smtp.Config,
    ses.Config,
)

# What to set first for each of them to be on.
FIRST_SETTINGS = tuple(config.FIRST_SETTING for config in PROVIDERS)


def configured(environ: Mapping[str, str]) -> list[Config]:
    """Read the settings of every provider that is on."""
    configs = (config.read(environ) for config in PROVIDERS)
    return [config for config in configs if config is not None]


def build(configs: Iterable[Config], http: Client) -> list[Provider]:
    """Build the providers, all on one HTTP client."""
    return [provider for config in configs for provider in config.providers(http)]
