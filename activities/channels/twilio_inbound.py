"""What a recipient's answer to a text means: to stop, to start again, to ask what this is."""

from typing import Literal

Word = Literal["STOP", "START", "HELP"]

_WORDS: dict[str, Word] = {
    **dict.fromkeys(("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"), "STOP"),
    **dict.fromkeys(("START", "YES", "UNSTOP"), "START"),
    **dict.fromkeys(("HELP", "INFO"), "HELP"),
}


def opt_word(body: str, opt_out_type: str | None) -> Word | None:
    """The word for it, None for any other text. ``opt_out_type`` is Twilio's own reading of the text."""
    return _WORDS.get((opt_out_type or "").strip().upper()) or _WORDS.get(body.strip().upper())
