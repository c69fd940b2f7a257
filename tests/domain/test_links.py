"""Our own links: good for one thing of one recipient, and no one else's."""

import pytest

from domain.channels import Channel
from domain.links import SignedLinks

LINKS = SignedLinks("https://example.org", ["old", "new"])


def token_of(url: str) -> str:
    return url.rpartition("/")[2]


def test_a_link_names_its_recipient_and_channel() -> None:
    links = LINKS.preferences("c-42", Channel.EMAIL, is_optional=True)

    assert links.preferences.startswith("https://example.org/preferences/")
    assert links.unsubscribe == links.preferences
    assert LINKS.read_preferences(token_of(links.preferences)) == ("c-42", Channel.EMAIL)


def test_a_record_has_no_one_click() -> None:
    assert LINKS.preferences("c-42", Channel.EMAIL, is_optional=False).unsubscribe is None


def test_a_link_signed_with_an_older_key_is_still_read() -> None:
    before = SignedLinks("https://example.org", ["old"])
    token = token_of(before.preferences("c-42", Channel.EMAIL, is_optional=True).preferences)

    assert LINKS.read_preferences(token) == ("c-42", Channel.EMAIL)


@pytest.mark.parametrize("spoilt", ["{}x", "x{}", "", "é", "{}.{}"])
def test_a_spoilt_link_leads_nowhere(spoilt: str) -> None:
    token = token_of(LINKS.preferences("c-42", Channel.EMAIL, is_optional=True).preferences)

    assert LINKS.read_preferences(spoilt.format(token, token)) is None


def test_a_link_for_one_thing_is_not_good_for_another() -> None:
    token = token_of(LINKS.live_activity("c-42"))

    assert LINKS.read_live_activity(token) == "c-42"
    assert LINKS.read_preferences(token) is None


def test_no_link_is_shown_in_a_log() -> None:
    links = LINKS.preferences("c-42", Channel.EMAIL, is_optional=True)

    assert "example.org" not in repr(links)
    assert "new" not in repr(LINKS)
