"""Whether it was Twilio that called us: the signature over the URL and the form it posted.

https://www.twilio.com/docs/usage/security#validating-requests
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence

HEADER = "X-Twilio-Signature"


def is_signed(
    auth_token: str, url: str, params: Sequence[tuple[str, str]], headers: Mapping[str, str]
) -> bool:
    """Whether ``url``, exactly as Twilio called it, and the posted form carry the account's signature."""
    given = headers.get(HEADER) or headers.get(HEADER.lower()) or ""
    expected = _signature(auth_token, url, params)
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _signature(auth_token: str, url: str, params: Iterable[tuple[str, str]]) -> str:
    signed = url + "".join(name + value for name, value in sorted(set(params)))
    digest = hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
