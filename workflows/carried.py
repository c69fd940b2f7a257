"""What one run of an order hands to the next, and how an order's start input is read."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.desk import Desk
    from domain.orders import Order, Receipt, Wire
    from domain.telling import Batch, DeadLetter
    from domain.timeline import ToldBatch


class Unfinished(Wire):
    """A delivery under way."""

    batch: Batch
    told: ToldBatch


class Carried(Wire):
    """All that an order remembers."""

    desk: Desk
    told: tuple[ToldBatch, ...] = ()
    forgotten: int = 0
    unfinished: tuple[Unfinished, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    unkept: tuple[DeadLetter, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    is_shown_live: bool = False


class NextRun(Order):
    """Start input of a run: an order as its service started it, or as an earlier run carried it on."""

    carried: Carried | None = None
