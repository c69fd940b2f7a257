"""Counts what became of the variants of an experiment: recipients, each once."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select

from activities.store.database import Database
from activities.store.tables import inbox, notifications
from domain.channels import Channel
from domain.experiments import Counts, Experiment, recorded_as
from domain.ledger import TOLD, NotificationStatus

_c = notifications.c
_TOLD = _c.status.in_(tuple(TOLD))
_ARRIVED = _c.status.in_((NotificationStatus.DELIVERED, NotificationStatus.READ))
# Their providers report what became of a message.
_REPORTED = _c.channel.in_((Channel.SMS, Channel.EMAIL))
_IN_APP = _c.channel == Channel.IN_APP
_READ = or_(_c.status == NotificationStatus.READ, inbox.c.read_at.is_not(None))


def _people(name: str, whose: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((whose, _c.recipient_id)).distinct()).label(name)


_COUNTS = (
    select(
        _c.variant,
        func.count(_c.recipient_id.distinct()).label("recipients"),
        _people("told", _TOLD),
        _people("reported", and_(_REPORTED, or_(_TOLD, _c.sent_at.is_not(None)))),
        _people("delivered", and_(_REPORTED, _ARRIVED)),
        _people("inbox", and_(_IN_APP, _TOLD)),
        _people("read", and_(_IN_APP, _TOLD, _READ)),
    )
    .select_from(notifications.outerjoin(inbox, inbox.c.message_id == _c.message_id))
    .where(_c.variant.in_(bindparam("variants", expanding=True)))
    .group_by(_c.variant)
)


class Experiments:
    """What the ledger knows of experiments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, experiment: Experiment) -> Mapping[str, Counts]:
        """The counts of each variant that anybody takes part in."""
        names = {recorded_as(experiment, variant): variant for variant in experiment.variants}
        async with self._database.reading() as connection:
            rows = await connection.execute(_COUNTS, {"variants": list(names)})
            return {names[row.variant]: Counts.model_validate(row, from_attributes=True) for row in rows}
