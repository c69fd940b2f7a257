"""The stage of the channel tests: a wire, a client, a key, and an ear for contact details that leak."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from activities.channels.http import Client, new_client

from .apple import Apple, an_apple
from .messages import DEVICE, EMAIL, PHONE, TOKEN
from .wire import PATIENT, Wire, a_wire

# "eyJ" begins every signed token: APNs knows us by one.
SECRETS = (TOKEN, DEVICE, PHONE.removeprefix("+"), EMAIL, "auth-token", "ya29", "eyJ")


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with a_wire() as wire:
        yield wire


@pytest.fixture
async def http() -> AsyncIterator[Client]:
    async with new_client() as http:
        http.timeout = PATIENT
        yield http


@pytest.fixture
async def apple(tmp_path: Path) -> AsyncIterator[Apple]:
    async with an_apple(tmp_path) as apple:
        yield apple


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(autouse=True)
def no_log_holds_a_contact_detail(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    # The test's own servers may say what they heard.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    yield
    formatter = logging.Formatter()
    for line in map(formatter.format, caplog.get_records("call")):
        assert not [secret for secret in SECRETS if secret in line]
