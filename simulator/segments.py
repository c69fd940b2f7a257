"""How many parts a text message is sent and billed in."""

import math

_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_TWICE = frozenset("\f^{}\\[~]|€")


def segments(text: str) -> int:
    """Parts of 160 (then 153) GSM-7 characters, or of 70 (then 67) UTF-16 units. At least one.

    Counts plain units; that no part may begin within a character of two is left out.
    """
    characters = set(text)
    if characters <= _GSM_7 | _GSM_7_TWICE:
        units, alone, joined = len(text) + sum(text.count(one) for one in characters & _GSM_7_TWICE), 160, 153
    else:
        units, alone, joined = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= alone else math.ceil(units / joined)
