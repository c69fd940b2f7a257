"""The provider token by which APNs knows us: one for the whole process, renewed as seldom as Apple asks.

https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns
"""

import time
from collections.abc import Callable

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

# Apple refuses a token after 60 minutes, and one that is newer than the last by less than 20.
RENEWED_AFTER = 45 * 60
NEVER_BEFORE = 20 * 60

Clock = Callable[[], float]


class ProviderToken:
    """Whoever sends with a key shares its one token. ``clock`` is in seconds since 1970."""

    def __init__(
        self, key: ec.EllipticCurvePrivateKey, key_id: str, team_id: str, clock: Clock = time.time
    ) -> None:
        self._key, self._key_id, self._team_id = key, key_id, team_id
        self._clock = clock
        self._token, self._issued_at = "", 0

    def current(self) -> str:
        """Give the token to send with now."""
        if not self._token or self._age() >= RENEWED_AFTER:
            self._renew()
        return self._token

    def instead_of(self, token: str) -> str | None:
        """Give another token than one that APNs calls expired, None when it is too early to make one."""
        if token == self._token:
            if self._age() < NEVER_BEFORE:
                return None
            self._renew()
        return self._token

    def _age(self) -> float:
        # A clock that was set back must not keep a token for hours that nobody else takes for valid.
        return abs(self._clock() - self._issued_at)

    def _renew(self) -> None:
        self._issued_at = int(self._clock())
        claims = {"iss": self._team_id, "iat": self._issued_at}
        headers = {"kid": self._key_id, "typ": None}
        self._token = jwt.encode(claims, self._key, algorithm="ES256", headers=headers)
