"""Signs requests as AWS wants them, by AWS's own signer, with the keys that AWS's own settings name.

Keys come from the environment or from a profile's file. No metadata service is asked: that is a network
call at start, which hangs wherever there is none.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from botocore.auth import SigV4Auth  # type: ignore[import-untyped]  # it ships no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials, SharedCredentialProvider  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]

from activities.channels.environ import any_given, optional, required
from domain.orders import BadInput

CREDENTIALS_FILE = "~/.aws/credentials"


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs: ``session_token`` comes with keys that expire."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Keys":
        """Find the keys, or BadInput naming the setting that is missing or leads nowhere."""
        if any_given(environ, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            key_id = required(environ, "AWS_ACCESS_KEY_ID")
            secret = required(environ, "AWS_SECRET_ACCESS_KEY")
            return cls(key_id, secret, optional(environ, "AWS_SESSION_TOKEN"))
        return cls._of_profile(environ)

    @classmethod
    def _of_profile(cls, environ: Mapping[str, str]) -> "Keys":
        profile, file = optional(environ, "AWS_PROFILE"), optional(environ, "AWS_SHARED_CREDENTIALS_FILE")
        try:
            found = SharedCredentialProvider(file or CREDENTIALS_FILE, profile or "default").load()
        except BotoCoreError:
            raise BadInput("AWS_SHARED_CREDENTIALS_FILE", "cannot be read, or has half a profile") from None
        if found is None and (profile or file):
            raise BadInput("AWS_PROFILE", "names a profile that is not in the credentials file")
        if found is None:
            raise BadInput("AWS_ACCESS_KEY_ID", "missing, set it and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
        return cls(found.access_key, found.secret_key, found.token)


class Signer:
    """Signs for one service in one region."""

    def __init__(self, keys: Keys, service: str, region: str) -> None:
        credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
        self._signer = SigV4Auth(credentials, service, region)
        # At DEBUG it logs everything that it signs, the session token with it.
        logging.getLogger("botocore.auth").setLevel(logging.INFO)

    def headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        """Give the headers that a request of JSON needs. They are good for some minutes."""
        request = AWSRequest(method, url, data=body, headers={"Content-Type": "application/json"})
        self._signer.add_auth(request)
        return dict(request.headers.items())
