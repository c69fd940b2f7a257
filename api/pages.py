"""The pages that recipients see: plain HTML, no scripts, and every word in one place."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from fastapi.responses import HTMLResponse

from domain.channels import Channel

EVERYTHING, RECORDS, NOTHING = "everything", "records", "nothing"

# A language is one more of these.
ENGLISH: Mapping[str, str] = {
    "title": "Updates about your orders",
    "email": "By e-mail",
    "sms": "By text message",
    "now": "you get",
    "saved": "you now get",
    "legend": "What would you like to get?",
    "save": "Save",
    EVERYTHING: "Every update",
    f"{EVERYTHING} means": "Also what happens between the order and the door.",
    f"{EVERYTHING} said": "every update we have for you there",
    RECORDS: "Only the ones to keep",
    f"{RECORDS} means": "When an order is placed, delivered or cancelled.",
    f"{RECORDS} said": "only the updates to keep: when an order is placed, delivered or cancelled",
    NOTHING: "Nothing",
    f"{NOTHING} means": "Not even when an order is cancelled.",
    f"{NOTHING} said": "nothing",
    "done": "Saved.",
    "other ways": "Whatever you get in other ways stays as it is.",
    "after stop": "If you once answered STOP to a text, answer START to it as well.",
    "no address": "There is no address of yours here that we would write to.",
    "unknown": "This link does not work",
    "unknown more": "It may have been cut short. Open it again from the newest message you got from us.",
    "unclear": "That could not be saved",
    "unclear more": "Go back, choose one of the three and save again.",
    "later": "That could not be done just now",
    "later more": "Nothing was changed. Please try again in a few minutes.",
}
_STYLE = """
:root{color-scheme:light dark;--ink:#1c1c1a;--soft:#55544f;--paper:#f6f5f1;--card:#fff;--line:#8a8880;
--mark:#0b5c4a;--on:#fff;--good:#e3f1ea}
@media (prefers-color-scheme:dark){:root{--ink:#f1f0eb;--soft:#b9b7ae;--paper:#171815;--card:#22231f;
--line:#85837a;--mark:#7ed9bd;--on:#10211b;--good:#1d3a30}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1.0625rem/1.5 system-ui,sans-serif}
main{max-width:34rem;margin:0 auto;padding:2rem 1.25rem 3rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem;text-wrap:balance}
p{margin:0 0 1.25rem}
.soft{color:var(--soft);font-size:.9375rem}
.after{margin:1.25rem 0 0}
.good{background:var(--good);border-left:.3rem solid var(--mark);padding:.75rem 1rem;border-radius:.3rem}
fieldset{border:0;margin:0 0 1.25rem;padding:0}
legend{font-weight:600;padding:0;margin-bottom:.5rem}
label{display:flex;gap:.75rem;align-items:flex-start;background:var(--card);border:1px solid var(--line);
border-radius:.6rem;padding:.8rem 1rem;margin-bottom:.6rem;cursor:pointer}
label:has(:checked){border-color:var(--mark);box-shadow:inset 0 0 0 1px var(--mark)}
label small{display:block;color:var(--soft);font-size:.9375rem}
input{accent-color:var(--mark);width:1.25rem;height:1.25rem;margin:.15rem 0 0;flex:none}
button{font:inherit;font-weight:600;width:100%;padding:.8rem 2rem;border:0;border-radius:.6rem;
background:var(--mark);color:var(--on);cursor:pointer}
:focus-visible{outline:3px solid var(--mark);outline-offset:3px}
label:has(:focus-visible){outline:3px solid var(--mark);outline-offset:3px}
label :focus-visible{outline:none}
@media (min-width:30rem){button{width:auto}main{padding-top:4rem}}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    # The address of the page is a secret of the recipient's.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


def choices(
    channel: Channel, now: str, *, saved: bool = False, words: Mapping[str, str] = ENGLISH
) -> HTMLResponse:
    """What a recipient gets on a channel now, and what they can choose instead."""
    said = f"{words[channel]} {words['saved' if saved else 'now']} {words[f'{now} said']}."
    status = (
        f'<p class="good" role="status">{escape(words["done"])} {escape(said)}</p>'
        if saved
        else f"<p>{escape(said)}</p>"
    )
    notes = ["other ways", *(["after stop"] if channel is Channel.SMS else [])]
    options = "".join(_option(choice, words, now) for choice in (EVERYTHING, RECORDS, NOTHING))
    return _page(
        words["title"],
        f'{status}<form method="post"><fieldset><legend>{escape(words["legend"])}</legend>'
        f"{options}</fieldset>"
        f'<button type="submit">{escape(words["save"])}</button></form>'
        + "".join(f'<p class="soft after">{escape(words[note])}</p>' for note in notes),
    )


def no_address(words: Mapping[str, str] = ENGLISH) -> HTMLResponse:
    """There is nothing to choose, since nothing would be sent."""
    return _page(words["title"], f'<p role="status">{escape(words["no address"])}</p>')


def unknown(words: Mapping[str, str] = ENGLISH) -> HTMLResponse:
    """The link is not one of ours."""
    return _page(words["unknown"], f"<p>{escape(words['unknown more'])}</p>", 404)


def unclear(words: Mapping[str, str] = ENGLISH) -> HTMLResponse:
    """The form was sent without any of its choices."""
    return _page(words["unclear"], f"<p>{escape(words['unclear more'])}</p>", 422)


def later(words: Mapping[str, str] = ENGLISH) -> HTMLResponse:
    """Something of ours is away."""
    return _page(words["later"], f"<p>{escape(words['later more'])}</p>", 503)


def _option(choice: str, words: Mapping[str, str], now: str) -> str:
    checked = " checked" if choice == now else ""
    return (
        f'<label><input type="radio" name="choice" value="{choice}"{checked}>'
        f"<span>{escape(words[choice])}<small>{escape(words[f'{choice} means'])}</small></span></label>"
    )


def _page(title: str, content: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>",
        status,
        HEADERS,
    )
