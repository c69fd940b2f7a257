"""Our own links in what we send: signed, each good for one thing of one recipient, without a login."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from itsdangerous import BadData, URLSafeSerializer

from domain.channels import Channel
from domain.messages import Links

_PREFERENCES, _LIVE_ACTIVITY = "preferences", "live activity"


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
