"""The commands for dead letters: list them, look at one, redrive or discard them."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from domain.orders import BadInput
from domain.redriving import RedriveOutcome, Reopened
from domain.telling import DeadLetter, Verdict
from leaving import DONE, FAILED
from operating import letters as deciding
from operating.because import because as reason_in
from operating.letters import Foreseen
from operating.opening import open_store
from operating.redriving import redrive as redrive_letters
from temporal_client import connect

if TYPE_CHECKING:
    from activities.store import Store
    from activities.store.dead_letters import KeptLetter
    from activities.store.redriving import Prospect

_EVERY = 1_000_000

app = typer.Typer(
    help="What reached nobody or could not be read: look at it, and decide.", no_args_is_help=True
)

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Dead letters, by their ids.")]
All = Annotated[bool, typer.Option("--all", help="All of one reason group; needs --reason.")]
Reason = Annotated[str | None, typer.Option(help="A reason group, spelt as the list spells it.")]


@app.command("list")
def list_(
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, help="How many letters to show, the oldest first.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """List what waits for a decision: how many for each reason group, then the letters, oldest first."""
    asyncio.run(_list(reason, limit, as_json=as_json))


@app.command()
def show(letter: Annotated[str, typer.Argument(metavar="ID", help="The dead letter's id.")]) -> None:
    """Show one as JSON: its content as it came, its reason, and every attempt that was made."""
    asyncio.run(_show(letter))


@app.command()
def redrive(
    letters: Ids = None,
    every: All = False,
    reason: Reason = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without, only say what it would do.")] = False,
) -> None:
    """Tell them again, if they are still true. Without --yes it says which are, and changes nothing.

    Each is redriven by a workflow, started once however often it is asked for. Exit code 0 means that all
    were redriven. One that is refused goes on waiting, and so does one that reached nobody again.
    """
    _leave_with(asyncio.run(_redrive(letters or [], reason, every=every, yes=yes)))


@app.command()
def discard(
    because: Annotated[str, typer.Option(help="Why, for whoever looks it up later.")],
    letters: Ids = None,
    every: All = False,
    reason: Reason = None,
) -> None:
    """Decide that nobody is told any more. What was kept can still be shown."""
    _leave_with(asyncio.run(_discard(letters or [], reason, because, every=every)))


def _leave_with(code: int) -> None:
    if code != DONE:
        raise typer.Exit(code)


async def _list(reason: str | None, limit: int, *, as_json: bool) -> None:
    async with open_store() as store:
        groups, kept = await store.letter_groups(), await store.kept_letters(limit, reason)
    if as_json:
        letters = [deciding.listed(one).model_dump(mode="json") for one in kept]
        typer.echo(json.dumps({"groups": dict(groups), "letters": letters}, indent=2))
        return
    for group, letters_in in groups.items():
        typer.echo(f"{letters_in:>7}  {group}")
    typer.echo("" if groups else "no dead letter waits")
    for one in kept:
        typer.echo(f"{one.letter.dead_letter_id}  {one.letter.at:%Y-%m-%d %H:%M}  {_of(one.letter)}")
    more = (sum(groups.values()) if reason is None else groups.get(reason, 0)) - len(kept)
    if more:
        typer.echo(f"and {more} more, see --limit")


async def _show(dead_letter_id: str) -> None:
    async with open_store() as store:
        (kept,) = await _asked_for(store, [dead_letter_id], None, every=False)
        letter = await deciding.whole(store, kept)
    typer.echo(letter.model_dump_json(indent=2))


async def _redrive(ids: Sequence[str], reason: str | None, *, every: bool, yes: bool) -> int:
    async with open_store() as store:
        kept = await _asked_for(store, ids, reason, every=every)
        if not yes:
            await _preview(store, kept)
            return DONE
    letters = {one.letter.dead_letter_id: one.letter for one in kept}
    counts: Counter[RedriveOutcome] = Counter()
    async for redriven in redrive_letters(await connect(), letters.values()):
        counts[redriven.outcome] += 1
        typer.echo(f"{redriven.outcome}: {redriven.dead_letter_id}: {redriven.how}")
    typer.echo(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return DONE if counts[RedriveOutcome.REDRIVEN] == len(letters) else FAILED


async def _preview(store: "Store", kept: "Sequence[KeptLetter]") -> None:
    foreseen = await deciding.foresee(store, kept)
    for one in foreseen:
        would_be = "would be refused" if one.refusal else "would be redriven"
        typer.echo(f"{would_be}: {one.letter.dead_letter_id}: {_would(one)}")
    refused = sum(one.refusal is not None for one in foreseen)
    typer.echo(f"{len(kept) - refused} would be redriven, {refused} refused; add --yes to do it")


async def _discard(ids: Sequence[str], reason: str | None, because: str, *, every: bool) -> int:
    why = reason_in(because, "--because")
    async with open_store() as store:
        kept = await _asked_for(store, ids, reason, every=every)
        decided = [await deciding.discard(store, one, why) for one in kept]
    for one, is_ours in zip(kept, decided, strict=True):
        how = "discarded" if is_ours else f"decided on before: {one.resolution or 'by somebody else'}"
        typer.echo(f"{how}: {one.letter.dead_letter_id}: {_of(one.letter)}")
    typer.echo(f"{sum(decided)} of {len(kept)} discarded")
    return DONE if all(decided) else FAILED


async def _asked_for(
    store: "Store", ids: Sequence[str], reason: str | None, *, every: bool
) -> "Sequence[KeptLetter]":
    """The letters by id or by reason group; every one must be there before anything is done to any."""
    if every == bool(ids) or every != bool(reason):
        raise BadInput("dead letters", "give their ids, or --all together with --reason")
    if reason:
        if kept := await store.kept_letters(_EVERY, reason):
            return kept
        raise BadInput("--reason", f"no dead letter waits for {reason!r}, see starter.py dead-letters list")
    found, unknown = await deciding.by_ids(store, ids)
    if unknown:
        raise BadInput("ID", f"{', '.join(unknown)} is not known, see starter.py dead-letters list")
    return found


def _of(letter: DeadLetter) -> str:
    return f"order {letter.order_id}: {letter.reason}"


def _would(foreseen: Foreseen) -> str:
    """What would happen to one letter, in one line."""
    letter, prospect = foreseen.letter, foreseen.prospect
    if not isinstance(prospect, Reopened):
        batch, path = prospect.batch, " > ".join(prospect.batch.path)
        return f"order {batch.order_id}: {path} to {batch.role} {batch.recipient_id} by {_channels(prospect)}"
    if prospect.event:
        return f"order {letter.order_id}: {prospect.event.status} is handed to it"
    if prospect.receipt:
        return f"order {letter.order_id}: a receipt is taken in"
    return f"order {letter.order_id}: {prospect.refusal}"


def _channels(prospect: "Prospect") -> str:
    by_verdict = {
        verdict: ", ".join(c for c, made in prospect.decisions.items() if made.verdict in verdict)
        for verdict in (frozenset({Verdict.SEND, Verdict.TOLD}), frozenset({Verdict.HELD}))
    }
    return ", else ".join(filter(None, by_verdict.values()))
