"""Encrypts what Temporal stores: without our keys, nobody who reads its database or UI sees any content.

Off unless ``PAYLOAD_KEYS_FILE`` names a file with one key a line, ``name:base64 of 32 bytes``. The last one
encrypts, all of them decrypt: a new key is appended, and an old one removed when no history is left that was
encrypted with it. What comes in unencrypted, such as a signal of a client without keys, is read as it is.
"""

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from domain.orders import BadInput

SETTING = "PAYLOAD_KEYS_FILE"
_ENCODING, _KEY = b"binary/encrypted", "encryption-key-id"
_NONCE_BYTES, _KEY_BYTES = 12, 32


class CannotDecrypt(Exception):
    """A payload was encrypted with a key that is not in the file, or was tampered with."""


@dataclass(frozen=True)
class PayloadKeys:
    """Keys for AES-256-GCM by their names, oldest first."""

    by_name: Mapping[str, bytes] = field(repr=False)

    @property
    def current(self) -> str:
        """The name of the key that encrypts."""
        return list(self.by_name)[-1]

    @classmethod
    def configured(cls, environ: Mapping[str, str]) -> "PayloadKeys | None":
        """The keys in the file that the setting names, None without the setting. Raises :class:`BadInput`."""
        if not (name := environ.get(SETTING, "").strip()):
            return None
        try:
            text = Path(name).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            raise BadInput(SETTING, f"{name} cannot be read, name a file with one name:key a line") from None
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if not lines:
            raise BadInput(SETTING, f"{name} has no key, add a line: k1:<base64 of 32 random bytes>")
        return cls(dict(_key(line, number) for number, line in enumerate(lines, 1)))


class EncryptedPayloads(PayloadCodec):
    """AES-256-GCM around whole payloads, so that neither content nor its type is to be seen."""

    def __init__(self, keys: PayloadKeys) -> None:
        self._current = keys.current
        self._ciphers = {name: AESGCM(key) for name, key in keys.by_name.items()}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt with the current key."""
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what is encrypted. Raises :class:`CannotDecrypt`."""
        return [self._decrypt(payload) for payload in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce, name = os.urandom(_NONCE_BYTES), self._current.encode()
        sealed = self._ciphers[self._current].encrypt(nonce, payload.SerializeToString(), name)
        return Payload(metadata={"encoding": _ENCODING, _KEY: name}, data=nonce + sealed)

    def _decrypt(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != _ENCODING:
            return payload
        name = payload.metadata.get(_KEY, b"")
        cipher = self._ciphers.get(name.decode(errors="replace"))
        if cipher is None:
            raise CannotDecrypt(f"{SETTING} lacks the key {name.decode(errors='replace')[:40]!r}")
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, name))
        except InvalidTag:
            raise CannotDecrypt(f"a payload was not encrypted by our key {name.decode()!r}") from None


def _key(line: str, number: int) -> tuple[str, bytes]:
    name, _, value = line.partition(":")
    try:
        key = base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        key = b""
    if not name.strip() or len(key) != _KEY_BYTES:
        # Not the line itself: it may well hold a key.
        raise BadInput(SETTING, f"line {number} is not name:key, write k1:<base64 of 32 random bytes>")
    return name.strip(), key
