"""Tells Twilio's own webhooks from anybody's: https://www.twilio.com/docs/usage/webhooks/webhooks-security."""

import hmac
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

SIGNATURE = "x-twilio-signature"
SETTINGS = "x-twilio-webhooks-signature-settings"

Params = list[tuple[str, str]]


def is_signed(auth_token: str, url: str, params: Params, headers: Mapping[str, str]) -> bool:
    """Whether a webhook was signed with ``auth_token``, or with the shared key that is given in its place.

    ``url`` is the one that Twilio called, with its query. ``params`` are the fields of a form, those without
    a value too. What cannot be understood is not signed. Twilio signs no time: an old webhook can come again.
    """
    known = {name.lower(): value for name, value in headers.items()}
    algorithm = _algorithm(known.get(SETTINGS, ""))
    given = known.get(SIGNATURE)
    if algorithm is None or given is None:
        return False
    wanted = [signature(auth_token, one, params, algorithm) for one in _as_called(url)]
    # All of them, so that the time it takes tells nothing.
    return sum(hmac.compare_digest(_bytes(given), _bytes(one)) for one in wanted) > 0


def signature(secret: str, url: str, params: Params, algorithm: str = "sha1") -> str:
    """What Twilio's header says for a call: over the URL, and each field's distinct values in order."""
    fields = "".join(name + value for name, value in sorted(set(params)))
    return b64encode(hmac.digest(_bytes(secret), _bytes(url + fields), algorithm)).decode()


def _algorithm(settings: str) -> str | None:
    """The hash that ``key=...,algorithm=HMAC_SHA256`` asks for, SHA-1 where nothing does, None if unknown."""
    named = (part.partition("=") for part in settings.split(","))
    found = (value.strip().upper() for name, _, value in named if name.strip() == "algorithm")
    asked = next(filter(None, found), "HMAC_SHA1")
    return {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}.get(asked)


def _as_called(url: str) -> Iterable[str]:
    """The URL as it may have been signed: Twilio is not consistent about ports."""
    try:
        parts = urlsplit(url)
        return {url, *_with_and_without_port(parts)}
    except ValueError:
        return {url}


def _with_and_without_port(parts: SplitResult) -> Iterator[str]:
    if parts.port:
        yield parts._replace(netloc=parts.netloc.removesuffix(f":{parts.port}")).geturl()
    else:
        port = 443 if parts.scheme == "https" else 80
        yield parts._replace(netloc=f"{parts.netloc}:{port}").geturl()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
