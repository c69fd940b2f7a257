"""The page where a recipient chooses what comes to one address, and what it says where that cannot be."""

from fastapi.responses import HTMLResponse

from activities.wording.phrases import Phrases
from api.rendering import Pages
from domain.channels import Channel

EVERYTHING, RECORDS, NOTHING = CHOICES = "everything", "records", "nothing"


class ChoicesPage:
    """The page in one language."""

    def __init__(self, pages: Pages, say: Phrases) -> None:
        self._pages, self._say = pages, say

    def choices(self, channel: Channel, now: str, *, saved: bool = False) -> HTMLResponse:
        """What a recipient gets on a channel now, and what they can choose instead."""
        values = {"channel": channel, "now": now, "saved": saved, "choices": CHOICES}
        return self._pages.render("choices.html", self._say, values)

    def no_address(self) -> HTMLResponse:
        """There is nothing to choose, since nothing would be sent."""
        return self._only("choices-title", "choices-no-address")

    def unknown(self) -> HTMLResponse:
        """The link is not one of ours."""
        return self._only("choices-unknown", "choices-unknown-more", 404)

    def unclear(self) -> HTMLResponse:
        """The form was sent without any of its choices."""
        return self._only("choices-unclear", "choices-unclear-more", 422)

    def later(self) -> HTMLResponse:
        """Something of ours is away."""
        return self._only("choices-later", "choices-later-more", 503)

    def _only(self, title: str, text: str, status: int = 200) -> HTMLResponse:
        values = {"title": title, "text": text}
        return self._pages.render("no_choices.html", self._say, values, status=status)
