"""How many parts a text message takes: by the rules, by Twilio's own calculator and by another counter."""

import json
from pathlib import Path

import pytest
import regex  # type: ignore[import-untyped]  # it ships no types
import smsutil  # type: ignore[import-untyped]  # as above

from domain.segments import segments

from .texts import checksum, random_texts

BY_TWILIO = Path(__file__).with_name("segments_by_twilio.json")
FAMILY = "👨\u200d👩\u200d👧\u200d👦"
TEXTS = random_texts()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("\f" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # no part ends within a character of two septets
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 135, 3),
        ("a" * 70 + "\N{RIGHT SINGLE QUOTATION MARK}", 2),  # one curly quote, and all count double
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),  # 33 to a part: a unit stays empty
        (FAMILY * 6, 1),
        (FAMILY * 7, 2),
        ("ж" * 57 + FAMILY + "ж" * 57, 3),  # a family stays together
        ("ж" * 66 + "e\u0301" + "ж" * 66, 3),  # and so does a letter with its accent
        ("ж" * 66 + "\r\n" + "ж" * 66, 2),  # but not a line break
        ("z" + "\u0301" * 133, 2),  # longer than a part by itself
        ("z" + "\u0301" * 134, 3),
        ("\ud800" * 70, 1),
    ],
)
def test_a_texts_parts_are_counted(text: str, parts: int) -> None:
    assert segments(text) == parts


def test_twilios_own_calculator_counts_the_same() -> None:
    """Against a file of what it counted, so that nobody needs node to run the tests.

    The file was made once: ``npm install sms-segments-calculator@1.3.0``, then in node, with the JSON of
    ``random_texts()`` as ``texts``: ``texts.map(text => new SegmentedMessage(text).segmentsCount)``. Each
    count is one digit, in base 36, and ``texts`` is the ``checksum`` of what was counted.
    """
    by_twilio = json.loads(BY_TWILIO.read_text())
    assert by_twilio["texts"] == checksum(TEXTS), "the texts changed: count them again"
    counts = [int(digit, 36) for digit in "".join(by_twilio["counts"])]
    assert len(counts) == 3000
    assert [segments(text) for text in TEXTS] == counts


def test_a_counter_of_plain_characters_differs_only_where_it_cuts_one_that_is_seen_as_one() -> None:
    more = 0
    for text in TEXTS:
        parts = [part.content for part in smsutil.split(text).parts]
        assert "".join(parts) == text
        if _cuts_within_a_character(parts):
            assert segments(text) >= len(parts)
            more += segments(text) > len(parts)
        else:
            assert segments(text) == len(parts)
    assert more == 45


def _cuts_within_a_character(parts: list[str]) -> bool:
    ends, place = set(), 0
    for part in parts:
        place += len(part)
        ends.add(place)
    text = "".join(parts)
    seen = [found.span() for found in regex.finditer(r"\r\n|\X", text) if found[0] != "\r\n"]
    return any(begin < end < until for begin, until in seen for end in ends)
