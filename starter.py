"""The order service's side, as a library and as a command line: tell orders, look at them, load recipients.

Any Temporal client in any language can do what this does; the contract is in README.md.
"""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    QueryRejectCondition,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import TemporalError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

import logs
import tracing
from bridge.command import bridge_through
from bridge.handing import Door
from domain.desk import Answer
from domain.orders import (
    ORDERS_QUEUE,
    WORKFLOW_TYPE,
    BadInput,
    Order,
    OrderEvent,
    Rules,
    read_event,
    workflow_id,
)
from domain.recipients import read_recipients
from domain.status import Status
from domain.timeline import Timeline
from leaving import FAILED, leave_after
from operating.consent import app as consent
from operating.dead_letters import app as dead_letters
from operating.entering import link
from operating.experiments import app as experiments
from operating.explanations import explanation_of
from operating.explanations import show as show_explanation
from operating.keys import app as keys
from operating.migrating import migrate
from operating.opening import open_store
from operating.providers import app as providers
from operating.replay.command import replay
from operating.trying_out import try_out
from temporal_client import NoServer, connect
from workflows.policy import CUSTOMER_ID, ORDER_STATUS, searchable, turn_of


class OrderIsOver(Exception):
    """The order came to its end before this event: nobody is told."""


class NoSuchOrder(Exception):
    """No event of this order was ever accepted here, or its history is past its retention."""


class NoWorker(Exception):
    """No worker of ours serves the orders here: what only a worker can answer has to wait."""


# What a worker answers, it answers in milliseconds: after this there is none.
ANSWERS_WITHIN = timedelta(seconds=10)


class OrderService:
    """What an order service does: announces events, and asks what was told."""

    def __init__(self, client: Client, answers_within: timedelta = ANSWERS_WITHIN) -> None:
        self._client, self._answers_within = client, answers_within

    @classmethod
    async def connect(cls) -> "OrderService":
        """Connect by Temporal's own client configuration. Raises ``NoServer``."""
        return cls(await connect())

    @property
    def client(self) -> Client:
        """For whatever an order service does not do."""
        return self._client

    async def announce(self, event: OrderEvent, rules: Rules | None = None) -> None:
        """Hand an event over for good: when this returns, the server has it.

        Starts the order with its first event. Raises :class:`OrderIsOver` after an order's end. When the
        server cannot be reached the client tries for some seconds, then raises ``RPCError``: from there the
        event is the caller's to hand over again, and ``event_id`` makes that safe.
        """
        with _refusals(event):
            await self._client.start_workflow(
                WORKFLOW_TYPE,
                _order(event, rules),
                **_start_options(event),
                start_signal="status_changed",
                start_signal_args=[event],
            )

    async def announce_and_wait(self, event: OrderEvent, rules: Rules | None = None) -> Answer:
        """Hand an event over and hear what became of it: accepted, duplicate or stale.

        Raises as :meth:`announce` does, and :class:`NoWorker` when nobody answers: then the event is the
        caller's to hand over again.
        """
        start: WithStartWorkflowOperation[Any, Timeline] = WithStartWorkflowOperation(
            WORKFLOW_TYPE,
            _order(event, rules),
            **_start_options(event),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        with _refusals(event):
            answer: Answer = await self._client.execute_update_with_start_workflow(
                "announce",
                event,
                start_workflow_operation=start,
                result_type=Answer,
                rpc_timeout=self._answers_within,
            )
        return answer

    async def timeline(self, order_id: str, *, while_open: bool = False) -> Timeline:
        """What was told to whom, and why not. Raises :class:`NoSuchOrder`, :class:`NoWorker`.

        ``while_open``: of an order that is over raise :class:`OrderIsOver`, whether or not a worker is there.
        """
        handle = self._client.get_workflow_handle(workflow_id(order_id))
        try:
            told: Timeline = await handle.query(
                "timeline",
                result_type=Timeline,
                rpc_timeout=self._answers_within,
                reject_condition=QueryRejectCondition.NOT_OPEN if while_open else None,
            )
        except WorkflowQueryRejectedError:
            raise OrderIsOver(f"order {order_id} is over") from None
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                where = self._client.namespace
                raise NoSuchOrder(f"order {order_id} is not known in namespace {where}") from None
            if error.status in _NOBODY_ANSWERS:
                raise NoWorker(f"no worker answers for order {order_id}, start worker.py") from None
            raise
        return told


_NOBODY_ANSWERS = (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)


@contextlib.contextmanager
def _refusals(event: OrderEvent) -> Iterator[None]:
    """Say what it means for an event when the server does not take it."""
    try:
        yield
    except WorkflowAlreadyStartedError:
        raise OrderIsOver(f"order {event.order_id} is over") from None
    except WorkflowUpdateFailedError as refused:
        raise BadInput("event", str(refused.cause)) from None
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        raise NoWorker(
            f"no worker took event {event.event_id}, start worker.py and announce it again"
        ) from None
    except RPCError as error:
        if "search attribute" in error.message:
            raise NoWorker(f"{error.message}: worker.py registers it, start it once") from None
        raise


def _order(event: OrderEvent, rules: Rules | None) -> Order:
    return Order(order_id=event.order_id, rules=rules) if rules else Order(order_id=event.order_id)


def _start_options(event: OrderEvent) -> dict[str, Any]:
    return {
        "id": workflow_id(event.order_id),
        "task_queue": ORDERS_QUEUE,
        # An order that ended well is over; one that was terminated or failed starts again.
        "id_reuse_policy": WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        # The workflow's own tasks: a merchant's burst of orders does not hold up those of the others.
        "priority": turn_of(None, event.merchant_id),
        **(_for_whoever_looks(event) if event.status is Status.PLACED else {}),
    }


def _for_whoever_looks(event: OrderEvent) -> dict[str, Any]:
    """What the server shows and searches. It checks them with every event: the first alone brings them.

    An order that begins with another sets the attributes itself, at the price of a history event.
    """
    return {
        "static_summary": f"Order {event.order_id} of {event.customer_id}",
        "search_attributes": TypedSearchAttributes(
            [
                SearchAttributePair(CUSTOMER_ID, searchable(event.customer_id)),
                SearchAttributePair(ORDER_STATUS, event.status),
            ]
        ),
    }


app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
recipients = typer.Typer(help="Who hears about orders: load them, look at them.", no_args_is_help=True)
app.add_typer(recipients, name="recipients")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(providers, name="providers")
app.add_typer(keys, name="keys")
app.add_typer(consent, name="consent")
app.add_typer(experiments, name="experiments")

OVER = 3


@app.command()
def announce(
    order: Annotated[str, typer.Argument(help="The order's id.")],
    status: Annotated[str, typer.Argument(help=f"One of {', '.join(Status)}.")],
    customer: Annotated[str, typer.Option(help="Whose order it is: a recipient's id.")],
    merchant: Annotated[str | None, typer.Option(help="Who prepares it: a recipient's id.")] = None,
    courier: Annotated[str | None, typer.Option(help="Who delivers it: a recipient's id.")] = None,
    fact: Annotated[
        list[str] | None, typer.Option(help="Something to say, as name=value; repeatable.")
    ] = None,
    event_id: Annotated[
        str | None, typer.Option(help="Yours; the same id again is told once. A new one if left out.")
    ] = None,
    occurred_at: Annotated[
        str | None, typer.Option(help="When, as 2026-11-22T12:00:00Z; now if left out.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for what becomes of it: accepted, duplicate or stale.")
    ] = False,
) -> None:
    """Tell an order's new status. Exit code 0 means that the server has it, 3 that the order is over.

    For example: starter.py announce A17 OUT_FOR_DELIVERY --customer c-42 --fact eta_minutes=12 --wait
    """
    raw = {
        "event_id": event_id or f"by-hand-{uuid4()}",
        "order_id": order,
        "status": status,
        "occurred_at": occurred_at or datetime.now(UTC).isoformat(),
        "customer_id": customer,
        "merchant_id": merchant,
        "courier_id": courier,
        "facts": dict(_fact(text) for text in fact or ()),
    }
    asyncio.run(_announce(raw, wait=wait))


@app.command()
def timeline(
    order: Annotated[str, typer.Argument(help="The order's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show every batch of an order, who was told what where, and why not."""
    asyncio.run(_show_timeline(order, as_json=as_json))


@app.command()
def explain(
    order: Annotated[str, typer.Argument(help="The order's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Say why an order was told as it was: each decision, its reason and the rule, named as in the docs.

    By the ledger at DATABASE_URL, and by the order's timeline as long as its workflow can be asked.
    """
    asyncio.run(_explain(order, as_json=as_json))


app.command("test-send")(try_out)
app.command("migrate")(migrate)
app.command("replay")(replay)
app.command("bridge")(bridge_through(Door(OrderService, over=OrderIsOver, not_now=(NoWorker,))))
recipients.command("link")(link)


@recipients.command()
def load(file: Annotated[Path, typer.Argument(help="A JSON list of recipients, as in README.md.")]) -> None:
    """Load recipients: new ones are added, known ones replaced. All of the file or nothing of it.

    Into the database at DATABASE_URL, which a worker must share.
    """
    asyncio.run(_load(file))


@recipients.command()
def show(recipient: Annotated[str, typer.Argument(help="The recipient's id.")]) -> None:
    """Show one recipient as JSON, in the form in which they are loaded."""
    asyncio.run(_show(recipient))


def _fact(text: str) -> tuple[str, str | int | float | bool]:
    name, sign, value = text.partition("=")
    if not sign:
        raise BadInput("--fact", "is not name=value, write for example merchant_name='Burger Barn'")
    try:
        parsed = json.loads(value)
    except ValueError:
        return name, value
    return name, parsed if isinstance(parsed, str | int | float | bool) else value


async def _announce(raw: dict[str, Any], *, wait: bool) -> None:
    event = read_event(raw, order_id=raw["order_id"])
    service = await OrderService.connect()
    if not wait:
        await service.announce(event)
        typer.echo(f"{event.order_id} {event.status}: the server has event {event.event_id}")
        return
    answer = await service.announce_and_wait(event)
    reason = f", {answer.reason}" if answer.reason else ""
    typer.echo(f"{event.order_id} {event.status}: {answer.outcome}{reason} (event {event.event_id})")


async def _show_timeline(order_id: str, *, as_json: bool) -> None:
    told = await (await OrderService.connect()).timeline(order_id)
    if as_json:
        typer.echo(told.model_dump_json(indent=2))
    else:
        Console(markup=False, emoji=False).print(_as_table(told))


async def _explain(order_id: str, *, as_json: bool) -> None:
    told, why = await _timeline_if_any(order_id)
    async with open_store() as store:
        explained = await explanation_of(store, order_id, told, why)
    if explained.is_empty:
        raise NoSuchOrder(f"order {order_id} is known neither to Temporal ({why}) nor to the ledger")
    if as_json:
        typer.echo(explained.model_dump_json(indent=2, exclude_none=True))
    else:
        show_explanation(explained, Console(markup=False, emoji=False, highlight=False))


async def _timeline_if_any(order_id: str) -> tuple[Timeline | None, str]:
    """An order's timeline, or why there is none: the ledger still explains a lot."""
    try:
        return await (await OrderService.connect()).timeline(order_id), ""
    except (NoSuchOrder, NoWorker, NoServer, TemporalError) as why:
        return None, str(why)


def _as_table(told: Timeline) -> Table:
    table = Table(
        "batch", "told", "to", "channel", "result", "why", title=f"Order {told.order_id}: {told.status}"
    )
    for batch in told.batches:
        for line in batch.channels:
            result = line.status or "not sent"
            path = " > ".join(line.statuses or batch.statuses)
            table.add_row(
                str(batch.batch),
                path,
                f"{batch.role} {batch.recipient_id}",
                line.channel,
                result,
                line.reason,
            )
    for stale in told.stale:
        table.add_row("", stale.status, "", "", "stale", stale.reason)
    for letter in told.dead_letters:
        table.add_row("", letter.source, "", "", "dead letter", letter.reason)
    return table


async def _load(file: Path) -> None:
    try:
        loaded = read_recipients(await asyncio.to_thread(file.read_bytes))
    except OSError as error:
        raise BadInput(str(file), error.strerror or "cannot be read") from None
    except BadInput as problem:
        raise BadInput(str(file), str(problem)) from None
    async with open_store() as store:
        await store.load(loaded)
    typer.echo(f"{len(loaded)} recipients loaded")


async def _show(recipient_id: str) -> None:
    async with open_store() as store:
        found = await store.find(recipient_id)
    if found is None:
        raise BadInput("recipient", f"{recipient_id} is not loaded, see starter.py recipients load")
    typer.echo(found.model_dump_json(indent=2, exclude_none=True))


PROBLEMS: Mapping[type[Exception], int] = {
    OrderIsOver: OVER,
    **dict.fromkeys((BadInput, NoSuchOrder, NoServer, NoWorker, TemporalError), FAILED),
}


def main() -> object:
    """The command line."""
    logs.set_up(os.environ, level=logging.WARNING)
    try:
        return app(standalone_mode=False)
    finally:
        tracing.flush()


if __name__ == "__main__":
    leave_after(main, "starter", PROBLEMS)
