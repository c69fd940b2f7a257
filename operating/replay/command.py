"""The command that tries this version on real orders before it is rolled out; it sends and writes nothing."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from temporalio.client import WorkflowHistory

from domain.orders import BadInput, Rules
from leaving import DONE, FAILED
from operating.opening import open_store
from temporal_client import connect, data_converter

if TYPE_CHECKING:
    from activities.wording import FluentWording
    from operating.replay.orders import Tried

DIFFERS = 3


def replay(
    file: Annotated[
        Path | None, typer.Argument(help="A history: temporal workflow show --output json, or the UI's.")
    ] = None,
    recent: Annotated[
        int | None, typer.Option(min=1, help="So many orders of the server: open ones, then the last ended.")
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(help="Rules to try on all of them, such as '{\"window_seconds\": 120}'."),
    ] = None,
    told_in: Annotated[
        Path | None,
        typer.Option(help="The activities/wording of the version that told them, to compare every text."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, a line for each order.")] = False,
) -> None:
    """Try this version on orders of the past: which do not replay, what would be told differently.

    The events of each order are decided on again, with this version's code, rules and words, and with what
    recipients want today, and compared with what the ledger at DATABASE_URL says was told: batches and
    their news, channels, words, priority and how long it is of use. What depended on the moment is as it was
    recorded: addresses, breakers, failures and fallbacks, what had not left when newer news came.

    Exit code 0: all replay, nothing would be told differently. 3: all replay, something would be. 1: one
    does not replay, or could not be looked at. Nothing is sent and nothing is written.

    For example: starter.py replay --recent 200
    """
    if (file is None) == (recent is None):
        raise BadInput("FILE", "give the file of a history, or --recent and how many orders")
    # What breaks is ours to say, in one line.
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    code = asyncio.run(_replay(file, recent or 0, _rules(rules), told_in, as_json=as_json))
    if code != DONE:
        raise typer.Exit(code)


async def _replay(
    file: Path | None, recent: int, rules: Rules | None, told_in: Path | None, *, as_json: bool
) -> int:
    from activities.wording import FluentWording  # noqa: PLC0415 loads all languages' library
    from operating.replay.orders import Trial  # noqa: PLC0415 loads what workers do

    histories = await _histories(file, recent)
    before = _wording(told_in) if told_in else None
    done: list[Tried] = []
    async with open_store(as_it_is=True) as store:
        trial = Trial(store, FluentWording(), before, data_converter(os.environ), rules)
        async for tried in trial.of(histories):
            if tried.problem and file:
                raise tried.problem
            done.append(tried)
            typer.echo(_as_json(tried) if as_json else "\n".join(_as_text(tried)))
    if not done:
        raise BadInput("--recent", "the server has no order, see TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE")
    if not as_json:
        typer.echo(_summary(done))
    return _code(done)


async def _histories(file: Path | None, recent: int) -> AsyncIterator[WorkflowHistory]:
    from operating.replay.histories import from_file, newest  # noqa: PLC0415 as above

    if file is None:
        return newest(await connect(), recent)
    return _one(await asyncio.to_thread(from_file, file))


async def _one(history: WorkflowHistory) -> AsyncIterator[WorkflowHistory]:
    yield history


def _rules(text: str | None) -> Rules | None:
    """Misspelt, a rule of an order is of the future and ignored; here it would try nothing."""
    if text is None:
        return None
    try:
        rules = Rules.model_validate_json(text)
        unknown = set(json.loads(text)) - set(Rules.model_fields)
    except ValidationError as error:
        raise BadInput("--rules", str(BadInput.first_of(error, "rules"))) from None
    if unknown:
        raise BadInput("--rules", f"has a name that is no rule, use {' and '.join(Rules.model_fields)}")
    return rules


def _wording(folder: Path) -> "FluentWording":
    from activities.wording import FluentWording  # noqa: PLC0415 as above

    try:
        return FluentWording(folder)
    except (OSError, ValueError) as problem:
        raise BadInput("--told-in", f"{folder} holds no catalogues: {problem}") from None


def _as_text(tried: "Tried") -> Sequence[str]:
    if tried.breaks:
        verdict = f"does NOT replay: it needs a build of its own or a patch ({tried.breaks})"
    else:
        verdict = "replays"
    skipped = f", not compared: {why}" if (why := tried.problem or tried.skipped) else ""
    lines = [f"{tried.workflow_id}: {verdict}{skipped}"]
    for one in tried.compared.differences:
        where = f" by {one.channel}" if one.channel else ""
        lines.append(f"  {one.status} to {one.role} {one.recipient_id}{where}")
        lines += [f"    then  {one.then}", f"    now   {one.now}"]
    return lines


def _as_json(tried: "Tried") -> str:
    compared = tried.compared
    found = {
        "workflow_id": tried.workflow_id,
        "run_id": tried.run_id,
        "breaks": tried.breaks,
        "not_compared": str(why) if (why := tried.problem or tried.skipped) else None,
        "same": compared.same,
        "words_unknown": compared.unknown,
        "differences": [one.model_dump(mode="json", exclude_none=True) for one in compared.differences],
    }
    return json.dumps(found)


def _summary(done: "Sequence[Tried]") -> str:
    broken = sum(one.breaks is not None for one in done)
    same = sum(one.compared.same for one in done)
    unknown = sum(one.compared.unknown for one in done)
    differ = sum(len(one.compared.differences) for one in done)
    words = f" ({unknown} of them in words that nobody kept, see --told-in)" if unknown else ""
    return (
        f"orders: {len(done)}, that do not replay: {broken}; "
        f"messages as they were: {same}{words}, that differ: {differ}"
    )


def _code(done: "Sequence[Tried]") -> int:
    if any(one.breaks or one.problem for one in done):
        return FAILED
    return DIFFERS if any(one.compared.differences for one in done) else DONE
