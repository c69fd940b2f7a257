"""Says in one sentence how a notification ended, or where it stands, as its row in the ledger has it."""

from collections.abc import Sequence
from typing import assert_never

from domain.channels import Channel
from domain.explanation import Because, Row, Rule, moment
from domain.ledger import NotificationStatus
from domain.telling import Verdict

_N = NotificationStatus
# What our own rules add to a provider's reason: see domain.effort and activities.turn.
_WE_STOPPED = ("out of attempts", "would come too late", "another channel takes over")


def how_it_ended(row: Row, every: Sequence[Row]) -> Because:
    """The sentence. ``every`` row of the order: one of them may have taken its place."""
    match row.status:
        case _N.PENDING:
            return Because(rule=Rule.SENDING, says=f"waits for its turn, at priority {row.priority}")
        case _N.RETRYING:
            says = f"failed {_times(row.retry_count)} so far ({row.reason}), and is tried again"
            return Because(rule=Rule.RETRIES, says=says)
        case _N.SENT:
            return Because(rule=Rule.PROVIDER, says=_taken(row))
        case _N.DELIVERED | _N.READ:
            return _arrived(row)
        case _N.FAILED:
            return _failed(row)
        case _N.SUPERSEDED:
            says = f"superseded by {_successor(row, every)}: {row.reason or 'newer news took its place'}"
            return Because(rule=Rule.SUPERSESSION, says=says)
        case _N.SUPPRESSED:
            return _held_back(row)
        case _N.EXPIRED:
            says = f"expired: useful for {_useful_for(row)}{f', {row.reason}' if row.reason else ''}"
            return Because(rule=Rule.USEFUL_FOR, says=says)
        case _N.UNKNOWN:
            says = f"may have arrived: {row.reason}; a receipt may yet settle it"
            return Because(rule=Rule.IN_DOUBT, says=says)
    assert_never(row.status)


def _taken(row: Row) -> str:
    return f"{row.provider or 'a provider'} took it{f' at {moment(row.sent_at)}' if row.sent_at else ''}"


def _arrived(row: Row) -> Because:
    at = f" at {moment(row.delivered_at)}" if row.delivered_at else ""
    if row.channel is Channel.IN_APP:
        read = ", and was read" if row.status is _N.READ else ""
        return Because(rule=Rule.INBOX, says=f"put into the inbox{at}{read}")
    what = "read" if row.status is _N.READ else "delivered"
    return Because(rule=Rule.RECEIPT, says=f"{what}{at}, as {row.provider or 'its provider'} reported")


def _failed(row: Row) -> Because:
    reason = row.reason or "no reason was given"
    if row.verdict is Verdict.REFUSED:
        rule = Rule.OWN_CHOICE if reason == "switched off since" else Rule.UNREACHABLE
        return Because(rule=rule, says=f"not sent: {reason}")
    if row.sent_at:
        return Because(rule=Rule.RECEIPT, says=f"{_taken(row)}, and said later that it came back: {reason}")
    rule = Rule.RETRIES if any(ours in reason for ours in _WE_STOPPED) else Rule.PROVIDER
    tried = f" {_times(row.retry_count)}" if row.retry_count else ""
    return Because(rule=rule, says=f"failed{tried}{f' by {row.provider}' if row.provider else ''}: {reason}")


def _held_back(row: Row) -> Because:
    reason = row.reason or "a rule"
    if reason.startswith("quiet hours"):
        return Because(rule=Rule.QUIET_HOURS, says=f"held back by {reason}, priority {row.priority}")
    return Because(rule=Rule.CAP, says=f"held back by the cap: {reason}, priority {row.priority}")


def _successor(row: Row, every: Sequence[Row]) -> str:
    found = next((one for one in every if one.message_id == row.superseded_by), None)
    return f"batch {found.batch}" if found else "newer news"


def _useful_for(row: Row) -> str:
    minutes = (row.deadline - row.newest_at).total_seconds() / 60
    return f"{minutes / 60:.0f} h" if minutes >= 120 else f"{minutes:.0f} min"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
