"""What a browser says about the languages that somebody reads."""

import re
from collections.abc import Sequence

from fastapi import Request

from activities.wording import FluentWording
from activities.wording.phrases import Phrases

# A header may hold what it likes; nobody reads more languages than these.
MOST = 10
_ONE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4})\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?"
)


def accepted(header: str) -> Sequence[str]:
    """The tags in an ``Accept-Language`` header, best liked first, without those not liked at all."""
    found = [match for part in header.split(",", 10 * MOST) if (match := _ONE.fullmatch(part))]
    liked = [(float(one[2] or 1), one[1]) for one in found]
    liked.sort(key=lambda pair: -pair[0])
    return [tag for weight, tag in liked if weight > 0][:MOST]


def spoken(request: Request, wording: FluentWording) -> Phrases:
    """What a browser says that somebody reads, for whom we know nothing better of."""
    return wording.phrases(*accepted(request.headers.get("accept-language", "")))
