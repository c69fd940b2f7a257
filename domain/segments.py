"""How many parts a text message is sent and billed in: as Twilio counts, with whole characters."""

import regex  # type: ignore[import-untyped]  # it ships no types

_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_TWICE = frozenset("\f^{}\\[~]|€")

# How much a text of one part holds, and each of several: septets of GSM-7, or units of UTF-16.
SEPTETS = (160, 153)
UNITS = (70, 67)

# What a reader sees as one character: an emoji of several, a letter with its accents. A line break is two.
_CHARACTER = regex.compile(r"\r\n|\X")


def segments(text: str) -> int:
    """Parts of 160 (then 153) GSM-7 characters, or of 70 (then 67) UTF-16 units. At least one.

    One character that GSM-7 has not turns the whole text into UTF-16.
    """
    if set(text) <= _GSM_7 | _GSM_7_TWICE:
        return _parts([1 + (character in _GSM_7_TWICE) for character in text], *SEPTETS)
    alone, joined = UNITS
    sizes = [size for character in _characters(text) for size in _sizes(character, joined)]
    return _parts(sizes, alone, joined)


def _characters(text: str) -> list[str]:
    seen = (found[0] for found in _CHARACTER.finditer(text))
    return [part for one in seen for part in (one if one == "\r\n" else [one])]


def _sizes(character: str, longest: int) -> list[int]:
    """One size, unless it is longer than a part: then it has to be broken between its code points."""
    size = _units(character)
    return [size] if size <= longest else [_units(point) for point in character]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _parts(sizes: list[int], alone: int, joined: int) -> int:
    """Fill one part after the other; what does not fit begins the next."""
    if sum(sizes) <= alone:
        return 1
    parts, left = 1, joined
    for size in sizes:
        if size > left:
            parts, left = parts + 1, joined
        left -= size
    return parts
