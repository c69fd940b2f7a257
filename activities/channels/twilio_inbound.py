"""Reads what recipients text back: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out."""

import re
from collections.abc import Mapping
from typing import Literal

OptWord = Literal["STOP", "START", "HELP"]

WORDS: Mapping[str, OptWord] = {
    **dict.fromkeys(("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"), "STOP"),
    **dict.fromkeys(("START", "YES", "UNSTOP"), "START"),
    **dict.fromkeys(("HELP", "INFO"), "HELP"),
}
_OPT_OUT_TYPES: Mapping[str, OptWord] = {"STOP": "STOP", "START": "START", "HELP": "HELP"}


def opt_word(body: str, opt_out_type: str | None) -> OptWord | None:
    """Say what a recipient's text asks for, if it asks for anything. ``opt_out_type`` is Twilio's own word.

    Only a text of that one word counts, as it does for Twilio: "please stop by" is no opt-out.
    """
    decided = _OPT_OUT_TYPES.get((opt_out_type or "").strip().upper())
    return decided or WORDS.get(re.sub(r"^[\W_]+|[\W_]+$", "", body).upper())
