"""Connects to Temporal by its own client configuration, with JSON on the wire, in the clear or encrypted."""

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
)
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import RetryConfig

from domain.orders import Wire
from encryption import EncryptedPayloads, PayloadKeys
from tracing import plugins


class _LeanJson(PydanticJSONPlainPayloadConverter):
    """Leaves out what is as by default: histories are paid for by the byte. So defaults never change."""

    def to_payload(self, value: Any) -> Payload | None:
        if isinstance(value, Wire):
            data = value.model_dump_json(exclude_none=True, exclude_defaults=True).encode()
        else:
            data = to_json(value, exclude_none=True)
        return Payload(metadata={"encoding": self.encoding.encode()}, data=data)


# The SDK makes a converter for every task. What this one learns of types, it keeps.
_LEAN_JSON = _LeanJson()


class LeanPayloadConverter(CompositePayloadConverter):
    """Temporal's own converters, with pydantic's JSON in the place of the default one."""

    def __init__(self) -> None:
        converters = DefaultPayloadConverter.default_encoding_payload_converters
        super().__init__(*(_LEAN_JSON if one.encoding == _LEAN_JSON.encoding else one for one in converters))


DATA_CONVERTER = DataConverter(payload_converter_class=LeanPayloadConverter)


def data_converter(environ: Mapping[str, str]) -> DataConverter:
    """What turns our data into payloads. With keys they are encrypted, and so is what failures say."""
    keys = PayloadKeys.configured(environ)
    if keys is None:
        return DATA_CONVERTER
    return DataConverter(
        payload_converter_class=LeanPayloadConverter,
        payload_codec=EncryptedPayloads(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


# Something that listens and never answers is no server either.
_ANSWERS_WITHIN = 5


class NoServer(Exception):
    """No Temporal server answers where the settings say."""


async def connect(runtime: Runtime | None = None, retry: RetryConfig | None = None) -> Client:
    """A client by Temporal's environment variables and profile file. ``retry``: how long it tries by itself.

    Raises :class:`NoServer`, and ``BadInput`` where payloads shall be encrypted and the keys cannot be read.
    """
    converter = data_converter(os.environ)
    try:
        config = ClientConfig.load_client_connect_config()
    except (RuntimeError, OSError, ValueError) as problem:
        raise NoServer(f"Temporal's own settings cannot be read: {problem}") from None
    address = config.setdefault("target_host", "localhost:7233")
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN):
            return await Client.connect(
                **config, data_converter=converter, runtime=runtime, plugins=plugins(), retry_config=retry
            )
    except (RuntimeError, TimeoutError) as problem:
        raise NoServer(_meaning(str(problem), has_tls=bool(config.get("tls"))).format(address)) from None


def _meaning(problem: str, *, has_tls: bool) -> str:
    found = (meaning for sign, meaning in _TROUBLE_WITH_TLS.items() if sign in problem)
    return next(found, _NO_SERVER) if has_tls else _NO_SERVER


_NO_SERVER = "TEMPORAL_ADDRESS: no Temporal server answers at {}, start it or correct it"
_HUNG_UP = (
    "TEMPORAL_TLS_CLIENT_CERT_PATH: the server at {} hung up, give it a certificate "
    "that it knows, and TEMPORAL_TLS_CLIENT_KEY_PATH"
)
# By words of the SDK's core, the first that fits. Should it choose others, it is as without TLS.
_TROUBLE_WITH_TLS = {
    "NotValidForName": "TEMPORAL_TLS_SERVER_NAME: the server at {} has a certificate for another name, "
    "give that one",
    "InvalidCertificate": "TEMPORAL_TLS_SERVER_CA_CERT_PATH: who vouches for the server at {} is not "
    "trusted, name the file with their certificate",
    "PrivateKeyParseError": "TEMPORAL_TLS_CLIENT_KEY_PATH: the key for the server at {} cannot be read, "
    "name a PEM file",
    "InvalidContentType": "TEMPORAL_TLS: the server at {} does not speak TLS, correct TEMPORAL_ADDRESS "
    "or leave TLS and the API key out",
    "code: Unauthenticated": "TEMPORAL_API_KEY: the server at {} does not take it, or wants one",
    "code: PermissionDenied": "TEMPORAL_API_KEY: the server at {} knows whose it is and does not let them in",
    # While the first question was on its way, and before it was.
    "transport error": _HUNG_UP,
    "operation was canceled": _HUNG_UP,
}
