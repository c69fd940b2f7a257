"""What Twilio's stand-in remembers of accepted messages, and the page it shows of them."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

KEPT = 100_000

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """One accepted message. What becomes of it is settled at once: delivered, or not with a code why."""

    sid: str
    account: str
    to: str
    sender: str | None
    service: str | None
    body: str
    segments: int
    at: datetime
    error_code: int | None = None

    @property
    def status(self) -> str:
        """What became of it."""
        return "delivered" if self.error_code is None else "undelivered"

    @property
    def from_whom(self) -> str | None:
        """The service, or the number where there is none: to whom a STOP is said."""
        return self.service or self.sender

    def resource(self) -> Json:
        """Show the message as Twilio does, with Twilio's field names and types."""
        uri = f"/2010-04-01/Accounts/{self.account}/Messages/{self.sid}"
        date = format_datetime(self.at)
        return {
            "account_sid": self.account,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": date,
            "date_sent": date,
            "date_updated": date,
            "direction": "outbound-api",
            "error_code": self.error_code,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": self.service,
            "num_media": "0",
            "num_segments": str(self.segments),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }


class SentLog:
    """The latest messages, found by number without going through all: look-ups run beside benchmarks."""

    def __init__(self, keep: int = KEPT) -> None:
        self._keep = keep
        self._all: deque[Sent] = deque()
        self._by_number: defaultdict[str, deque[Sent]] = defaultdict(deque)
        self._by_sid: dict[str, Sent] = {}

    def add(self, sent: Sent) -> None:
        """Remember one message, and forget the oldest when there are too many."""
        self._all.append(sent)
        self._by_number[sent.to].append(sent)
        self._by_sid[sent.sid] = sent
        if len(self._all) > self._keep:
            oldest = self._all.popleft()
            self._by_sid.pop(oldest.sid, None)
            to_same_number = self._by_number[oldest.to]
            to_same_number.popleft()
            if not to_same_number:
                del self._by_number[oldest.to]

    def find(self, sid: str) -> Sent | None:
        """One message by its sid."""
        return self._by_sid.get(sid)

    def newest_first(self, to: str | None) -> Iterator[Sent]:
        """All messages, or those to one number."""
        return reversed(self._all if to is None else self._by_number.get(to, deque()))


def page(log: SentLog, account: str, filters: Mapping[str, str]) -> Json:
    """One page of an account's messages, newest first. Raises ValueError for a filter that cannot be read."""
    number, size = int(filters.get("Page", "0")), min(int(filters.get("PageSize", "50")), 1000)
    if number < 0 or size < 1:
        raise ValueError("Page and PageSize count from 0 and 1")
    start = number * size
    # One more than asked for shows whether another page follows.
    found = list(islice(_matching(log, account, filters), start, start + size + 1))
    asked = {name: value for name, value in filters.items() if name not in {"Page", "PageSize", "PageToken"}}
    query = urlencode({**asked, "PageSize": size})
    uri = f"/2010-04-01/Accounts/{account}/Messages.json?{query}&Page="
    return {
        "messages": [sent.resource() for sent in found[:size]],
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + min(len(found), size) - 1,
        "uri": f"{uri}{number}",
        "first_page_uri": f"{uri}0",
        "previous_page_uri": f"{uri}{number - 1}" if number else None,
        "next_page_uri": f"{uri}{number + 1}" if len(found) > size else None,
    }


def _matching(log: SentLog, account: str, filters: Mapping[str, str]) -> Iterator[Sent]:
    # "DateSent>=2026-11-22" reads as a parameter named "DateSent>".
    since = _moment(filters["DateSent>"]) if "DateSent>" in filters else None
    for sent in log.newest_first(filters.get("To")):
        if since and sent.at < since:
            return
        if sent.account == account and filters.get("From") in (None, sent.sender):
            yield sent


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
