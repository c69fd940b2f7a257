"""What recipients ask for by text."""

import pytest

from activities.channels.twilio_inbound import opt_word

STOP = ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL")
START = ("START", "YES", "UNSTOP")
HELP = ("HELP", "INFO")


@pytest.mark.parametrize("style", ["{}", "  {}\n", "{}.", '"{}"!', "...{}...", "_{}_", "\u00a0{} \U0001f600"])
@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        *((word, "STOP") for word in STOP),
        *((word, "START") for word in START),
        *((word, "HELP") for word in HELP),
    ],
)
def test_a_keyword_counts_in_any_case_with_anything_around_it(word: str, meaning: str, style: str) -> None:
    for written in (word, word.lower(), word.capitalize()):
        assert opt_word(style.format(written), None) == meaning


@pytest.mark.parametrize(
    "body", ["", " ", "!", "please stop", "STOP PLEASE", "Stop by at 7", "stops", "yess", "where is it?", "S"]
)
def test_any_other_text_is_just_a_text(body: str) -> None:
    assert opt_word(body, None) is None
    assert opt_word(body, "") is None


@pytest.mark.parametrize("said", ["STOP", "stop", " Stop "])
def test_what_twilio_made_of_it_wins(said: str) -> None:
    assert opt_word("basta", said) == "STOP"
    assert opt_word("START", said) == "STOP"


def test_a_type_that_is_new_to_us_leaves_the_keyword() -> None:
    assert opt_word("stop", "SNOOZE") == "STOP"
    assert opt_word("basta", "SNOOZE") is None
