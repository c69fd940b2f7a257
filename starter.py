"""The order service's side as a command line: tell orders, look at them, load recipients.

Any Temporal client in any language can do what this does; the contract is in README.md.
"""

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table
from temporalio.exceptions import TemporalError

import logs
import tracing
from bridge.command import bridge_through
from bridge.handing import Door
from domain.orders import BadInput, read_event
from domain.status import Status
from domain.timeline import Timeline
from leaving import FAILED, leave_after
from operating.consent import app as consent
from operating.dead_letters import app as dead_letters
from operating.experiments import app as experiments
from operating.explanations import explanation_of
from operating.explanations import show as show_explanation
from operating.keys import app as keys
from operating.migrating import migrate
from operating.opening import open_store
from operating.providers import app as providers
from operating.recipients import app as recipients
from operating.replay.command import replay
from operating.trying_out import try_out
from order_service import NoSuchOrder, NoWorker, OrderIsOver, OrderService
from temporal_client import NoServer

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
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
