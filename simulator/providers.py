"""The settings that point every provider at the simulator, by the names the product reads."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulator import aws, ses

if TYPE_CHECKING:
    # By name only: the simulator reads its own settings here.
    from simulator.server import Simulator

_HOST = "127.0.0.1"
TWILIO_ACCOUNT = f"AC{0:032x}"
TWILIO_AUTH_TOKEN = "simulated"  # noqa: S105 everybody may know it
TWILIO_NUMBER = "+15550100"


def settings_for(simulator: "Simulator", folder: Path) -> Mapping[str, str]:
    """Settings for all providers, to be used while this simulator runs. See :func:`provider_settings`."""
    return provider_settings(
        simulator.port,
        simulator.smtp_port,
        folder,
        apns_port=simulator.apns_port,
        apns_ca=simulator.apns_ca,
    )


def provider_settings(
    port: int, smtp_port: int, folder: Path, *, apns_port: int, apns_ca: Path
) -> Mapping[str, str]:
    """Settings for all providers. Fresh keys for FCM and APNs are written into ``folder``."""
    url = f"http://{_HOST}:{port}"
    return {
        "FCM_SERVICE_ACCOUNT_FILE": str(_service_account(url, folder)),
        "FCM_BASE_URL": url,
        "APNS_KEY_FILE": str(_apns_key(folder)),
        "APNS_KEY_ID": "SIMULATED1",
        "APNS_TEAM_ID": "SIMULATED0",
        "APNS_TOPIC": "org.example.orders",
        "APNS_BASE_URL": f"https://{_HOST}:{apns_port}",
        "APNS_CA_FILE": str(apns_ca),
        "TWILIO_ACCOUNT_SID": TWILIO_ACCOUNT,
        "TWILIO_AUTH_TOKEN": TWILIO_AUTH_TOKEN,
        "TWILIO_FROM": TWILIO_NUMBER,
        "TWILIO_BASE_URL": url,
        "SMTP_HOST": _HOST,
        "SMTP_PORT": str(smtp_port),
        "SMTP_TLS": "none",
        "EMAIL_FROM": "Orders <orders@example.org>",
    }


def ses_settings(port: int) -> Mapping[str, str]:
    """Settings for Amazon SES, which the demo leaves to SMTP: a second provider of e-mail beside it."""
    return {
        "SES_REGION": "us-east-1",
        "SES_BASE_URL": f"http://{_HOST}:{port}",
        "SES_CONFIGURATION_SET": ses.CONFIGURATION_SET,
        "AWS_ACCESS_KEY_ID": aws.ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": aws.SECRET_ACCESS_KEY,
        "EMAIL_FROM": "Orders <orders@example.org>",
    }


def _service_account(url: str, folder: Path) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    account = {
        "type": "service_account",
        "project_id": "simulated",
        "private_key_id": "simulated",
        "private_key": _pem(key),
        "client_email": "sender@simulated.example.org",
        "client_id": "1",
        "token_uri": f"{url}/token",
    }
    return _secret(folder / "simulated-service-account.json", json.dumps(account))


def _apns_key(folder: Path) -> Path:
    return _secret(folder / "simulated-apns-key.p8", _pem(ec.generate_private_key(ec.SECP256R1())))


def _pem(key: PrivateKeyTypes) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _secret(file: Path, content: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(content)
    return file
