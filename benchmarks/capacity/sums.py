"""What so many orders a day take, as sums from what one order was measured to cost. Assumptions are named."""

from collections.abc import Iterator
from dataclasses import dataclass

DAY, MONTH_DAYS, RETENTION_DAYS = 86_400, 30.4, 7
GIB = 2**30

# What Temporal Cloud asks a month by its price list as read in November 2026: US dollars per million actions,
# up to so many million. Beyond the last it is negotiated: that price is the most it can be.
ACTION_PRICES = (
    (5, 50.0),
    (10, 45.0),
    (20, 40.0),
    (50, 35.0),
    (100, 30.0),
    (200, 25.0),
    (float("inf"), 25.0),
)
ACTIVE_GBH, RETAINED_GBH, SUPPORT = 0.042, 0.00105, 0.10


@dataclass(frozen=True)
class OneOrder:
    """One order as it usually goes: each kitchen status in a window of its own, default preferences.

    Customer: 7 batches on push, two texts, two e-mails, 7 in-app. Merchant: 2 batches on push and in-app.
    """

    batches: int = 9
    pushes: int = 9
    texts: int = 2
    mails: int = 2
    in_app: int = 9
    windows: int = 3
    tasks_with_a_plan: int = 7
    open_hours: float = 1.0

    @property
    def sends(self) -> int:
        """Activities, without retries."""
        return self.pushes + self.texts + self.mails

    @property
    def rows(self) -> int:
        """Rows of the ledger."""
        return self.sends + self.in_app

    @property
    def upserts(self) -> int:
        """Of search attributes: the status in the end. What it begins with comes with its start."""
        return 1

    @property
    def actions(self) -> int:
        """Of Temporal Cloud: start, six more signals, timers, sends, upserts, tasks with local activities."""
        timers = self.windows + 2
        return 1 + 6 + timers + self.sends + self.upserts + self.tasks_with_a_plan

    @property
    def events(self) -> int:
        """Of history, counted as docs/cost.md counts them."""
        sends = self.sends * 6
        signals = 7 + 7 * 3
        timers = self.windows * (2 + 3) + 2 + 3 + 1
        return 1 + sends + signals + timers + self.batches + self.upserts + 1

    @property
    def history_bytes(self) -> int:
        """At the bytes of an event that docs/cost.md measured."""
        return self.events * 12_019 // 77


@dataclass(frozen=True)
class Measured:
    """What was measured, per order of ``make bench``: ten sends in five batches. Milliseconds and bytes."""

    worker_ms: float = 86.0
    server_ms: float = 140.0
    sends: int = 10
    row_bytes: float = 900.0
    cached_kib: float = 78.0


@dataclass(frozen=True)
class Needs:
    """What it takes, for ``daily`` orders and ``peak`` orders a second."""

    daily: float
    peak: float
    order: OneOrder = OneOrder()
    measured: Measured = Measured()
    utilisation: float = 0.6

    @property
    def _share(self) -> float:
        return self.order.sends / self.measured.sends

    def rows(self) -> Iterator[tuple[str, str]]:
        """Each need in words, and how much."""
        order, peak, daily = self.order, self.peak, self.daily
        worker = peak * self.measured.worker_ms * self._share / 1000
        server = peak * self.measured.server_ms * self._share / 1000
        yield "sends a second at the peak", f"{peak * order.sends:,.0f}"
        yield (
            "pushes, texts, e-mails a second",
            " / ".join(f"{peak * each:,.0f}" for each in (order.pushes, order.texts, order.mails)),
        )
        yield "worker cores, busy", f"{worker:,.0f}"
        yield f"worker processes at {self.utilisation:.0%}", f"{worker / self.utilisation:,.0f}"
        yield "open orders at the peak", f"{peak * order.open_hours * 3600:,.0f}"
        yield (
            "memory of their cache, GiB",
            f"{peak * order.open_hours * 3600 * self.measured.cached_kib / 2**20:,.0f}",
        )
        yield "Temporal server cores, busy, without its database", f"{server:,.0f}"
        yield "history events a second", f"{peak * order.events:,.0f}"
        yield "history GiB a day", f"{daily * order.history_bytes / GIB:,.0f}"
        yield (
            "ledger rows a second, a day",
            f"{peak * order.rows:,.0f} / {daily * order.rows / 1e6:,.0f} million",
        )
        yield "ledger transactions a second", f"{peak * (order.batches + order.sends):,.0f}"
        yield "ledger GiB a day, with indexes", f"{daily * order.rows * self.measured.row_bytes / GIB:,.0f}"
        yield "Temporal Cloud actions a month", f"{daily * MONTH_DAYS * order.actions / 1e9:,.1f} billion"
        yield "Temporal Cloud, US dollars a month at list prices, at most", f"{self.dollars():,.0f}"

    def dollars(self) -> float:
        """A month on Temporal Cloud: actions, open and closed histories, support."""
        spent = actions_cost(self.daily * MONTH_DAYS * self.order.actions / 1e6)
        gigabytes = self.daily * self.order.history_bytes / 1e9
        # An open order has half of its history, on average.
        active = gigabytes / 2 * self.order.open_hours / 24 * 24 * MONTH_DAYS * ACTIVE_GBH
        retained = gigabytes * RETENTION_DAYS * 24 * MONTH_DAYS * RETAINED_GBH
        return (spent + active + retained) * (1 + SUPPORT)


def actions_cost(millions: float) -> float:
    """What so many million actions cost in a month."""
    spent, below = 0.0, 0.0
    for up_to, price in ACTION_PRICES:
        spent += max(0.0, min(millions, up_to) - below) * price
        below = up_to
    return spent
