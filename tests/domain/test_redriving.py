"""When a dead letter is still true, what letters have in common, and what is left to try."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.news import News
from domain.orders import OrderEvent
from domain.redriving import read_again, reason_group, why_out_of_reach, why_untrue
from domain.status import Role, Status
from domain.telling import Batch, DeadLetter, Decision, Verdict

N, S = NotificationStatus, Status
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PUSH, SMS, EMAIL = Channel.PUSH, Channel.SMS, Channel.EMAIL


@dataclass(frozen=True)
class Row:
    """A row of the ledger, a minute after noon unless said otherwise."""

    newest_status: str
    status: NotificationStatus = N.SENT
    recipient_id: str = "c-42"
    role: Role = Role.CUSTOMER
    message_id: str = "another"
    channel: Channel = PUSH
    redriven_by: str | None = None
    at: datetime = NOON + MINUTE

    @property
    def moment(self) -> tuple[datetime, int]:
        return self.at, Status(self.newest_status).rank


def news(status: Status) -> Batch:
    piece = News(event_id="evt-1", status=status, at=NOON)
    return Batch(
        order_id="A17", number=1, recipient_id="c-42", role=Role.CUSTOMER, news=(piece,), told_at=NOON
    )


@pytest.mark.parametrize(
    ("told", "row", "why"),
    [
        (S.OUT_FOR_DELIVERY, Row(S.NEARBY), "they were told newer news since: NEARBY"),
        (S.OUT_FOR_DELIVERY, Row(S.NEARBY, N.UNKNOWN), "they were told newer news since: NEARBY"),
        (S.OUT_FOR_DELIVERY, Row(S.NEARBY, N.RETRYING), "they were told newer news since: NEARBY"),
        (S.OUT_FOR_DELIVERY, Row(S.NEARBY, N.FAILED), None),
        (S.OUT_FOR_DELIVERY, Row(S.NEARBY, recipient_id="m-7", role=Role.MERCHANT), None),
        (S.OUT_FOR_DELIVERY, Row(S.NEARBY, role=Role.MERCHANT), None),
        (S.OUT_FOR_DELIVERY, Row(S.OUT_FOR_DELIVERY, at=NOON), None),
        (S.OUT_FOR_DELIVERY, Row(S.DELIVERED, recipient_id="m-7"), "the order has moved on to DELIVERED"),
        (S.ACCEPTED, Row(S.OUT_FOR_DELIVERY, N.FAILED), "the order has moved on to OUT_FOR_DELIVERY"),
        (S.ACCEPTED, Row(S.OUT_FOR_DELIVERY, at=NOON - MINUTE), None),
        (S.DELIVERED, Row(S.CANCELLED, N.FAILED), "the order has moved on to CANCELLED"),
    ],
)
def test_a_batch_is_untrue_once_the_order_or_its_recipient_is_further_on(
    told: Status, row: Row, why: str | None
) -> None:
    assert why_untrue(news(told), [Row(S.PLACED, at=NOON - MINUTE), row], NOON + MINUTE) == why


@pytest.mark.parametrize(
    ("status", "mark", "why"),
    [
        (N.FAILED, None, None),
        (N.SENT, None, "it was told since, by sms"),
        (N.UNKNOWN, None, "it was told since, by sms"),
        (N.SENT, "run-1", "it was told since, by sms"),
        (N.SENT, "run-2", None),
    ],
)
def test_a_batch_that_was_told_is_not_told_again_but_by_the_redrive_that_told_it(
    status: NotificationStatus, mark: str | None, why: str | None
) -> None:
    told = news(S.DELIVERED)
    own = Row(S.DELIVERED, status, channel=SMS, message_id=told.message_id(SMS), redriven_by=mark, at=NOON)

    assert why_untrue(told, [own], NOON + MINUTE, "run-2") == why


def test_a_batch_is_of_use_until_its_deadline_and_not_at_it() -> None:
    told = news(S.NEARBY)

    assert why_untrue(told, [], NOON + 10 * MINUTE - timedelta(seconds=1)) is None
    assert why_untrue(told, [], NOON + 10 * MINUTE) == "it was of use until 2026-11-22 12:10 UTC"


def test_what_a_broker_carried_is_read_again_by_what_we_know_today() -> None:
    event = {"status": "NEARBY", "customer_id": "c-42", "occurred_at": NOON.isoformat()}
    plain = json.dumps({**event, "event_id": "evt-1", "order_id": "A17"})
    enveloped = {"specversion": "1.0", "id": "evt-1", "source": "/orders", "type": "o", "subject": "A17"}
    cloud = json.dumps({**enveloped, "data": event})

    for raw in (plain, cloud):
        # The letter itself may not know of which order it is.
        found = read_again(letter(order_id="unknown", source="bridge", field="x", reason="x", raw=raw), NOON)
        assert isinstance(found, OrderEvent)
        assert (found.event_id, found.order_id) == ("evt-1", "A17")


SEND, HELD, OFF = (Decision(verdict=verdict) for verdict in (Verdict.SEND, Verdict.HELD, Verdict.OFF))
NO_DEVICE = Decision(verdict=Verdict.REFUSED, reason="no device")
QUIET = Decision(verdict=Verdict.SUPPRESSED, reason="quiet hours")


@pytest.mark.parametrize(
    ("decisions", "no_phone", "why"),
    [
        ({PUSH: SEND}, True, None),
        ({PUSH: NO_DEVICE, SMS: HELD}, False, None),
        ({PUSH: NO_DEVICE, SMS: HELD}, True, "still out of reach: push: no device; sms: no phone number"),
        ({PUSH: QUIET, SMS: HELD}, False, "still out of reach: push: quiet hours"),
        ({PUSH: OFF, SMS: HELD}, False, "still out of reach: every channel is switched off"),
        ({PUSH: OFF}, True, "still out of reach: every channel is switched off"),
    ],
)
def test_a_plan_that_would_reach_nobody_is_not_made(
    decisions: dict[Channel, Decision], no_phone: bool, why: str | None
) -> None:
    unreachable = dict.fromkeys(Channel, None) | {SMS: "no phone number" if no_phone else None}

    assert why_out_of_reach(decisions, unreachable) == why


def letter(**given: Any) -> DeadLetter:
    return DeadLetter.model_validate({"dead_letter_id": "1", "order_id": "A17", "at": NOON, **given})


@pytest.mark.parametrize(
    ("given", "group"),
    [
        (
            {
                "source": "delivery",
                "reason": "reached courier d-3 on no channel: push: FCM HTTP 503; out of attempts; "
                "sms: Twilio 21610: the recipient answered STOP",
            },
            "unreachable: push FCM HTTP 503, sms Twilio 21610: the recipient answered STOP",
        ),
        ({"source": "status_changed", "field": "status", "reason": "status: ..."}, "unreadable: status"),
        ({"source": "elsewhere", "reason": "lost"}, "elsewhere"),
    ],
)
def test_letters_of_one_cause_are_of_one_group(given: dict[str, Any], group: str) -> None:
    assert reason_group(letter(**given)) == group
