"""Makes the facts of an order safe and pleasant to say: they come from outside."""

import unicodedata
from collections.abc import Iterator, Mapping

from domain.channels import Channel
from domain.orders import Fact

LONGEST_NAME = 30
LONGEST_ORDER_ID = 20
LONGEST_ETA = 24 * 60
# From here on people think in hours.
HOURS_FROM = 90

# One curly quote turns a text message of 160 characters into one of 70.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys(
            "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{ACUTE ACCENT}`", "'"
        ),
        **dict.fromkeys("\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}", '"'),
        **dict.fromkeys("\N{EN DASH}\N{EM DASH}\N{NON-BREAKING HYPHEN}", "-"),
        **dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}", " "),
        "\N{HORIZONTAL ELLIPSIS}": "...",
    }
)


def plain(text: str) -> str:
    """Put a text into the alphabet of text messages as far as typography alone keeps it out."""
    return text.translate(_PLAIN)


def sayable(facts: Mapping[str, Fact], channel: Channel) -> dict[str, str | int]:
    """Prepare what a catalogue may use.

    Every variable always has a value, and beside it one that tells whether it is a real one: a missing
    variable is an error in Fluent, and a value that means "none" could be some merchant's name.
    """
    merchant_name = _text(facts.get("merchant_name"), channel)
    order_id = _text(facts.get("order_id"), channel)
    return {
        **_optional("merchant_name", _cut(merchant_name, LONGEST_NAME)),
        # Half an id is worse than none.
        **_optional("order_id", order_id if len(order_id) <= LONGEST_ORDER_ID else ""),
        **_eta(facts.get("eta_minutes")),
    }


def ever_fewer(values: Mapping[str, str | int]) -> Iterator[Mapping[str, str | int]]:
    """Give less and less of what a catalogue may use: what is missed least goes first."""
    for left_out in _LEAST_MISSED_FIRST:
        yield {**values, **{name: value for fact in left_out for name, value in _UNKNOWN[fact].items()}}


def _optional(name: str, value: str) -> dict[str, str | int]:
    return {name: value, f"has_{name}": "yes" if value else "no"}


def _eta(value: object) -> dict[str, str | int]:
    minutes = _minutes(value)
    hours = 0 if minutes is None else (minutes + 30) // 60
    unit = "unknown" if minutes is None else "minutes" if minutes < HOURS_FROM else "hours"
    return {"eta": unit, "eta_minutes": minutes or 0, "eta_hours": hours}


def _minutes(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return round(value) if 0 <= value <= LONGEST_ETA else None


def _text(value: object, channel: Channel) -> str:
    """Put a text into one line and drop what is not seen, so that it cannot turn a sentence around."""
    if not isinstance(value, str):
        return ""
    shown = "".join(_shown(character) for character in unicodedata.normalize("NFC", value))
    line = " ".join(shown.split())
    return plain(line) if channel is Channel.SMS else line


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cf", "Cs"}:
        return ""
    return " " if category in {"Cc", "Zl", "Zp"} else character


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3].rstrip() + "..."


_UNKNOWN: Mapping[str, Mapping[str, str | int]] = {
    "order_id": _optional("order_id", ""),
    "merchant_name": _optional("merchant_name", ""),
    "eta": _eta(None),
}
_LEAST_MISSED_FIRST = (
    ("order_id",),
    ("merchant_name",),
    ("order_id", "merchant_name"),
    ("order_id", "merchant_name", "eta"),
)
