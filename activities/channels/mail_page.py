"""Draws the HTML body of an e-mail: a headline, a sentence, and how far the order is, without words."""

import unicodedata
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from domain.messages import Message
from domain.orders import Fact
from domain.status import Status

LONGEST_ORDER_ID, LONGEST_NAME = 20, 60

# The steps of a trail: their class in the styles for dark mode, and their colour otherwise.
AHEAD, PASSED, MOVING = ("ahead", "#e9e4dc"), ("passed", "#f3c3a3"), ("moving", "#e8590c")
ARRIVED, STOPPED = ("arrived", "#2f9e5f"), ("stopped", "#d6453d")

_FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_ABOVE = Template(
    '<table role="presentation" width="100%" border="0" cellpadding="0" cellspacing="0"><tr>'
    '<td class="quiet" align="$start" dir="auto" style="padding-bottom:22px; font:600 14px/20px $font;'
    ' color:#6f675e;">$merchant</td>'
    '<td class="quiet" align="$end" dir="auto" style="padding-bottom:22px; font:400 14px/20px $font;'
    ' color:#6f675e;">$order</td></tr></table>\n'
)
_STEP = (
    '<td class="{name}" height="6" bgcolor="{colour}" style="height:6px; font-size:0; line-height:0;'
    ' background-color:{colour}; border-radius:3px;">&nbsp;</td>'
)
_GAP = '<td width="5" style="width:5px; font-size:0; line-height:0;">&nbsp;</td>'
# Keeps the preview in a list of mails from going on with what comes after the sentence.
_FILLER = "&#847;&zwnj;&nbsp;" * 60
_FOOTER = (
    '<p class="quiet" align="center" style="margin:20px 0 0; font:400 13px/20px {font};'
    ' color:#6f675e;"><a href="{url}" style="color:#6f675e; text-decoration:underline;">{words}</a></p>'
)


def page(message: Message, title: str, text: str) -> str:
    """Draw the page. Everything that comes from outside is escaped here."""
    words = message.words
    # Not "start" and "end": Outlook knows neither.
    start, end = ("left", "right") if words.direction == "ltr" else ("right", "left")
    return _template().substitute(
        language=escape(words.language),
        dir=words.direction,
        start=start,
        font=_FONT,
        preheader=escape(" ".join(text.split())),
        filler=_FILLER,
        above=_above(message, start, end),
        trail=_trail(message.path),
        title=escape(title),
        text=escape(text).replace("\n", "<br>"),
        footer=_footer(message),
    )


@cache
def _template() -> Template:
    return Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))


def _above(message: Message, start: str, end: str) -> str:
    """Whose order it is and which: names, so no words that would need a translation."""
    merchant = _name(message.facts.get("merchant_name"))
    # Half an id is worse than none.
    order = _name(message.order_id) if len(message.order_id) <= LONGEST_ORDER_ID else ""
    if not merchant and not order:
        return ""
    return _ABOVE.substitute(start=start, end=end, font=_FONT, merchant=escape(merchant), order=escape(order))


def _name(fact: Fact | None) -> str:
    """A fact in one line, without what is not seen: that could turn around what stands beside it."""
    if not isinstance(fact, str):
        return ""
    line = " ".join("".join(map(_seen, fact)).split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 3].rstrip()}..."


def _seen(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cf", "Cs"}:
        return ""
    return " " if category == "Cc" else character


def _trail(path: tuple[Status, ...]) -> str:
    newest = path[-1]
    steps = [status for status in Status if not status.rule.silences]
    looks = [_look(step, path, newest) for step in steps]
    return _GAP.join(_STEP.format(name=name, colour=colour) for name, colour in looks)


def _look(step: Status, path: tuple[Status, ...], newest: Status) -> tuple[str, str]:
    """How far an order got before it was cancelled is not told, so its whole trail is stopped."""
    if newest.rule.silences:
        return STOPPED
    if newest.rule.final:
        return ARRIVED
    if step.rank > newest.rank:
        return AHEAD
    return MOVING if step in path else PASSED


def _footer(message: Message) -> str:
    if message.links is None:
        return ""
    url, words = escape(message.links.preferences), escape(message.words.footer)
    return _FOOTER.format(font=_FONT, url=url, words=words)
