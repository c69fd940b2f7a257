"""Who listens to an order: what waits for one recipient in one role, and when it is due."""

from datetime import datetime, timedelta

from pydantic import BaseModel

from domain.channels import Channel
from domain.deciding import CAN_WAIT
from domain.news import News, in_order
from domain.status import Role

# A window full of news is told before its time, so that what is carried to a next run stays small.
WINDOW_HOLDS = 500
# While a queue is behind, news that can wait does so for so many windows, and for no more than this share
# of the time it is of use.
WINDOWS_AT_MOST, OF_ITS_USE = 5, 0.5


class Listener(BaseModel):
    """One recipient of this order in one role: what waits for them, and up to where they were told.

    ``behind``: channels whose queues were behind when they were told last. ``held_until``: what waits is
    merged until then instead.
    """

    recipient_id: str
    role: Role
    waiting: list[News] = []
    waiting_since: datetime | None = None
    told_through: tuple[datetime, int] | None = None
    ledger_asked: bool = False
    behind: tuple[Channel, ...] = ()
    held_until: datetime | None = None

    def would_be_old(self, news: News) -> bool:
        """Whether this recipient was already told something as new or newer."""
        return self.told_through is not None and news.moment <= self.told_through

    def due_at(self, window: timedelta) -> datetime | None:
        """When to tell what waits; the window is fixed by the first piece and does not slide."""
        if self.waiting_since is None:
            return None
        is_full = len(self.waiting) >= WINDOW_HOLDS
        if is_full or any(news.status.rule.told[self.role].at_once for news in self.waiting):
            return self.waiting_since
        return max(self.waiting_since + window, self.held_until or self.waiting_since)

    def may_be_held_until(self, window: timedelta, now: datetime) -> datetime | None:
        """Until when what is due now may wait for more company, None when it may not."""
        due = self.due_at(window)
        if not self.behind or not self.waiting_since or due is None or not self.waiting_since < due <= now:
            return None
        if any(news.status.rule.told[self.role].priority != CAN_WAIT for news in self.waiting):
            return None
        half_used = min(news.at + news.status.rule.useful_for * OF_ITS_USE for news in self.waiting)
        until = min(now + window, self.waiting_since + WINDOWS_AT_MOST * window, half_used)
        return until if until > now else None

    def take_in(self, news: News, now: datetime) -> None:
        """Let a piece of news wait."""
        self.waiting.append(news)
        self.waiting_since = self.waiting_since or now

    def hand_out(self) -> tuple[News, ...]:
        """Everything that waits, oldest first, as told from now on."""
        news = tuple(in_order(self.waiting))
        self.waiting, self.waiting_since, self.held_until = [], None, None
        self.told_through = news[-1].moment
        return news
