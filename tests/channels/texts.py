"""The same 3,000 texts in every run, of all that makes counting the parts of a text message hard."""

import hashlib
import json
import random
from collections.abc import Sequence

_PLAIN = "abcdefghij ABCDEF 0123456789 .,!?éèñÄß@£$Δ\n"
_TWICE = "^{}\\[~]|€\f"
_ONE_UNIT = "ж中文ç\u2019“”\u2013…\u00a0\t\u0410Б"
_TWO_UNITS = "😀🍔🛵\U0001d49c🎉"
_CLUSTERS = (
    "e\u0301",  # an accent of its own
    "a\u0300\u0323",
    "\r\n",
    "👨\u200d👩\u200d👧\u200d👦",  # a family
    "👩🏽",  # a tone of skin
    "❤\ufe0f",
    "1\ufe0f\u20e3",  # a keycap
    "🇩🇪",  # a flag
    "각",  # a syllable of three letters
    "நி",  # a vowel that follows its consonant
)
_MIXTURES: Sequence[Sequence[str]] = (
    (_PLAIN,),
    (_PLAIN, _TWICE),
    (_PLAIN, _ONE_UNIT),
    (_PLAIN, _TWO_UNITS),
    (_TWO_UNITS,),
    (_PLAIN, _ONE_UNIT, _TWO_UNITS),
)


def random_texts(count: int = 3000) -> list[str]:
    """Of every length from none to some five parts; every other mixture has clusters in it."""
    rng = random.Random("parts of a text message")  # noqa: S311 the same texts in every run
    return [_text(rng, number) for number in range(count)]


def _text(rng: random.Random, number: int) -> str:
    letters = "".join(_MIXTURES[number % len(_MIXTURES)])
    length = rng.choice([rng.randint(0, 80), rng.randint(60, 80), rng.randint(130, 170), rng.randint(0, 330)])
    share = rng.choice([0.02, 0.2, 0.6]) if number // len(_MIXTURES) % 2 else 0
    return "".join(
        rng.choice(_CLUSTERS) if rng.random() < share else rng.choice(letters) for _ in range(length)
    )


def checksum(texts: Sequence[str]) -> str:
    """Names exactly these texts."""
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
