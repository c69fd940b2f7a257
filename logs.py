"""How our programs log: lines for people, or JSON for whoever collects them. Set up here and nowhere else."""

import json
import logging
import sys
import traceback
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from domain.orders import BadInput

LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"
_FORMATS = ("text", "json")
# httpx logs every URL: a device's token is part of some, and what confirms a subscription is a secret.
# uvicorn says on which port it runs, as we do.
_TOO_CHATTY = ("httpx", "uvicorn")
# What Temporal's SDK knows of the activity or workflow that logs, as far as it says which one that is.
_IDS = ("workflow_id", "run_id", "workflow_run_id", "activity_type", "attempt", "task_queue")


def set_up(
    environ: Mapping[str, str],
    *,
    level: int = logging.INFO,
    line: str = LINE,
    filters: Iterable[logging.Filter] = (),
) -> None:
    """Log to standard error as ``LOG_FORMAT`` says, ``line`` being what a line for people looks like."""
    form = environ.get("LOG_FORMAT", "").strip() or "text"
    if form not in _FORMATS:
        raise BadInput("LOG_FORMAT", f"{form} is no format of ours, use {' or '.join(_FORMATS)}")
    handler = logging.StreamHandler()
    handler.setFormatter(AsJson() if form == "json" else logging.Formatter(line))
    for each in filters:
        handler.addFilter(each)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _TOO_CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    if form == "json":
        _let_ids_have_fields_of_their_own()


def is_json() -> bool:
    """Whether this process logs JSON."""
    return any(isinstance(handler.formatter, AsJson) for handler in logging.getLogger().handlers)


def say(program: str, text: str, *, is_problem: bool = False) -> None:
    """What a program says of itself: that it is ready, or why it ends. A line in the format of its log."""
    level = "ERROR" if is_problem else "INFO"
    line = f"{program}: {text}"
    print(
        _as_line(datetime.now(UTC), level, program, line) if is_json() else line,
        file=sys.stderr if is_problem else sys.stdout,
        flush=True,
    )


def say_our_bug(program: str) -> None:
    """The traceback of what nobody expected, as the last thing that is said."""
    if not is_json():
        traceback.print_exc()
        return
    said = _as_line(datetime.now(UTC), "CRITICAL", program, "ended", exception=traceback.format_exc())
    print(said, file=sys.stderr, flush=True)  # noqa: T201 this is how a program speaks


class AsJson(logging.Formatter):
    """One JSON object a line. Who and what it is about stands there as ids, never as anything else."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC)
        more = {**_ids_of(record), **self._trouble(record)}
        return _as_line(at, record.levelname, record.name, record.getMessage(), **more)

    def _trouble(self, record: logging.LogRecord) -> Mapping[str, str]:
        if not record.exc_info:
            return {}
        return {"exception": self.formatException(record.exc_info)}


def _as_line(at: datetime, level: str, logger: str, message: str, **more: Any) -> str:
    when = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"at": when, "level": level, "logger": logger, "message": message, **more})


def _ids_of(record: logging.LogRecord) -> Mapping[str, Any]:
    known = {
        **getattr(record, "temporal_workflow", {}),
        **getattr(record, "temporal_activity", {}),
    }
    ids = {name: known[name] for name in _IDS if name in known}
    request_id = getattr(record, "request_id", "-")
    return ids if request_id == "-" else {**ids, "request_id": request_id}


def _let_ids_have_fields_of_their_own() -> None:
    """The SDK repeats them at the end of its messages, for logs that have no fields."""
    from temporalio import activity, workflow  # noqa: PLC0415 a short command may do without

    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
