"""Our own links in what we send: signed, each good for one thing of one recipient, without a login."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from domain.channels import Channel
from domain.messages import Links

_PREFERENCES, _LIVE_ACTIVITY = "preferences", "live activity"
_RECIPIENT, _OPERATOR = "recipient", "operator"
RECIPIENT_SECONDS = 3600
OPERATOR_SECONDS = 8 * 3600


@dataclass(frozen=True)
class SignedLinks:
    """Makes and reads links under ``public_url``. The last of ``secrets`` signs, the others are still read.

    They do not expire: a link in an e-mail is clicked when the e-mail is read.
    """

    public_url: str
    secrets: Sequence[str] = field(repr=False)

    def preferences(self, recipient_id: str, channel: Channel, *, is_optional: bool) -> Links:
        """Where a recipient changes what they get on ``channel``; one click only for what is optional."""
        url = f"{self.public_url}/preferences/{self._sign(_PREFERENCES, [recipient_id, channel])}"
        return Links(preferences=url, unsubscribe=url if is_optional else None)

    def live_activity(self, activity_id: str) -> str:
        """Where an app hands in the token of one Live Activity."""
        return f"{self.public_url}/live-activities/{self._sign(_LIVE_ACTIVITY, activity_id)}"

    def read_preferences(self, token: str) -> tuple[str, Channel] | None:
        """The recipient and channel a link is for, None for one that we did not make."""
        match self._read(_PREFERENCES, token):
            case [str(recipient_id), str(channel)] if channel in set(Channel):
                return recipient_id, Channel(channel)
        return None

    def read_live_activity(self, token: str) -> str | None:
        """The activity a link is for, None for one that we did not make."""
        found = self._read(_LIVE_ACTIVITY, token)
        return found if isinstance(found, str) else None

    def recipient_token(self, recipient_id: str) -> str:
        """What lets somebody in to their own inbox and preferences, for :data:`RECIPIENT_SECONDS`."""
        return self._sign_for_a_while(_RECIPIENT, recipient_id)

    def read_recipient_token(self, token: str) -> str | None:
        """Whom a token lets in, None for one that is over or not of ours."""
        return self._read_in_time(_RECIPIENT, token, RECIPIENT_SECONDS)

    def operator_session(self, key_id: str) -> str:
        """What a browser keeps of a key that somebody signed in with, for :data:`OPERATOR_SECONDS`."""
        return self._sign_for_a_while(_OPERATOR, key_id)

    def read_operator_session(self, token: str) -> str | None:
        """The id of the key that somebody signed in with, None for what is over or not of ours."""
        return self._read_in_time(_OPERATOR, token, OPERATOR_SECONDS)

    def _sign_for_a_while(self, purpose: str, who: str) -> str:
        signed = self._timed(purpose).dumps(who)
        return signed if isinstance(signed, str) else signed.decode()

    def _read_in_time(self, purpose: str, token: str, seconds: int) -> str | None:
        try:
            found: object = self._timed(purpose).loads(token, max_age=seconds)
        except BadData:
            return None
        return found if isinstance(found, str) else None

    def _timed(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(list(self.secrets), salt=f"order-notifications {purpose}")

    def _sign(self, purpose: str, what: object) -> str:
        signed = self._serializer(purpose).dumps(what)
        return signed if isinstance(signed, str) else signed.decode()

    def _read(self, purpose: str, token: str) -> object:
        try:
            return self._serializer(purpose).loads(token)
        except BadData:
            return None

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        return URLSafeSerializer(list(self.secrets), salt=f"order-notifications {purpose}")
