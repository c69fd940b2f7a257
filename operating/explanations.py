"""Explains orders to people: gathers what is known of one, and prints why it was told as it was."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from domain.explaining import explain
from domain.explanation import Because, ExplainedBatch, ExplainedChannel, Explanation, Letter, Row, moment
from domain.timeline import Timeline

if TYPE_CHECKING:
    from activities.store import Store


async def explanation_of(
    store: "Store", order_id: str, told: Timeline | None, no_timeline: str = ""
) -> Explanation:
    """Explain an order by the store and, where its workflow answered, by its timeline."""
    rows = [Row.model_validate(row) for row in await store.history(order_id)]
    letters = [
        Letter(
            dead_letter_id=kept.letter.dead_letter_id,
            reason=kept.letter.reason,
            at=kept.letter.at,
            resolution=kept.resolution,
        )
        for kept in await store.letters_of(order_id)
    ]
    return explain(order_id, rows, told, letters, no_timeline=no_timeline)


def show(explained: Explanation, console: Console) -> None:
    """Print an explanation: a paragraph for each batch, a line for each channel, and its reasons below."""
    state = f" ({explained.state})" if explained.state else ""
    console.print(Text(f"Order {explained.order_id}: {explained.status or 'no news'}{state}", style="bold"))
    console.print(Text(f"by {explained.known_from}", style="dim"))
    for batch in explained.batches:
        _show_batch(batch, console)
    for title, reasons in (("Events", explained.events), ("Dead letters", explained.dead_letters)):
        if reasons:
            console.print(Text(f"\n{title}", style="bold"))
            _show_reasons(reasons, console, indent=2)


def _show_batch(batch: ExplainedBatch, console: Console) -> None:
    path = " > ".join(batch.statuses)
    whom = f"{batch.role} {batch.recipient_id}, {moment(batch.told_at)}, priority {batch.priority}"
    console.print(Text(f"\nBatch {batch.batch}: {path} to {whom}", style="bold"))
    _show_reasons(batch.because, console, indent=2)
    for channel in batch.channels:
        _show_channel(channel, console)


def _show_channel(channel: ExplainedChannel, console: Console) -> None:
    console.print(Text(f"  {channel.channel:<7} {channel.status or 'not sent'}"))
    _show_reasons(channel.because, console, indent=10)


def _show_reasons(reasons: list[Because], console: Console, indent: int) -> None:
    for reason in reasons:
        said = Text(f"{' ' * indent}{reason.says}")
        console.print(said.append(f"  [{reason.rule}]", style="dim"), soft_wrap=True)
