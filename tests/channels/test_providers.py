"""The one list of providers, and what it promises to the rest of the house."""

import subprocess
import sys

import pytest

from activities import channels
from activities.channels.http import Client
from activities.provider import Provider
from domain.orders import BadInput

TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "auth-token",
    "TWILIO_FROM": "+15550199",
}
SMTP = {"SMTP_HOST": "relay.example.org", "EMAIL_FROM": "orders@example.org"}
SES = {
    "SES_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "auth-token",
    "EMAIL_FROM": "orders@example.org",
}


def test_a_provider_is_on_when_its_settings_are_there() -> None:
    assert channels.configured({"EMAIL_FROM": "orders@example.org"}) == []
    assert len(channels.configured({**TWILIO, **SMTP})) == 2


def test_half_a_provider_stops_the_worker_before_it_starts() -> None:
    with pytest.raises(BadInput, match=r"^TWILIO_AUTH_TOKEN: missing"):
        channels.configured({**SMTP, **TWILIO, "TWILIO_AUTH_TOKEN": ""})


async def test_what_is_built_is_what_the_send_activity_takes(http: Client) -> None:
    providers: list[Provider] = [*channels.build(channels.configured({**TWILIO, **SMTP}), http)]
    assert [(provider.name, str(provider.channel)) for provider in providers] == [
        ("twilio", "sms"),
        ("smtp", "email"),
    ]


async def test_of_two_that_carry_an_email_the_relay_comes_first(http: Client) -> None:
    providers = channels.build(channels.configured({**SES, **SMTP}), http)
    assert [provider.name for provider in providers] == ["smtp", "ses"]


def test_channels_load_neither_temporal_nor_the_store() -> None:
    program = (
        "import sys, activities.channels; print(sorted({'temporalio', 'sqlalchemy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
