"""The desk of an order: what waits for whom, and when it is due."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.desk import EVENT_IDS_KEPT, Answer, Desk, Outcome
from domain.orders import Order, OrderEvent, Rules
from domain.status import Role, Status
from domain.telling import Plan

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def a_desk(**rules: float) -> Desk:
    return Desk(order=Order(order_id="A17", rules=Rules(**rules)))


def an_event(status: Status, at: datetime = NOON, event_id: str | None = None, **more: Any) -> OrderEvent:
    return OrderEvent(
        event_id=event_id or f"{status}-{at.isoformat()}",
        order_id="A17",
        status=status,
        occurred_at=at,
        customer_id="c-42",
        **more,
    )


def take_in(desk: Desk, *statuses: Status, **more: Any) -> list[Answer]:
    return [
        desk.receive(an_event(status, NOON + number * SECOND, **more), NOON + number * SECOND)
        for number, status in enumerate(statuses)
    ]


def test_news_in_the_window_is_due_when_the_window_ends() -> None:
    desk = a_desk()
    take_in(desk, Status.ACCEPTED, Status.PREPARING)

    assert desk.next_due() == NOON + 60 * SECOND
    assert desk.take_due(NOON + 59 * SECOND) == []
    (batch,) = desk.take_due(NOON + 60 * SECOND)
    assert batch.path == (Status.ACCEPTED, Status.PREPARING)
    assert desk.next_due() is None


def test_news_told_at_once_is_due_at_once_with_all_that_waits() -> None:
    desk = a_desk()
    take_in(desk, Status.ACCEPTED, Status.OUT_FOR_DELIVERY)

    (batch,) = desk.take_due(NOON + SECOND)

    assert batch.path == (Status.ACCEPTED, Status.OUT_FOR_DELIVERY)
    assert batch.priority == 1
    assert batch.deadline == NOON + SECOND + timedelta(minutes=45)


def test_each_recipient_has_news_of_their_own() -> None:
    desk = a_desk()
    take_in(desk, Status.READY_FOR_PICKUP, courier_id="d-3", merchant_id="m-7")

    (at_once,) = desk.take_due(NOON)
    assert (at_once.recipient_id, at_once.role, at_once.priority) == ("d-3", Role.COURIER, 1)
    (in_window,) = desk.take_due(NOON + 60 * SECOND)
    assert (in_window.recipient_id, in_window.role, in_window.priority) == ("c-42", Role.CUSTOMER, 5)


def test_who_delivers_is_remembered_when_a_later_event_does_not_say() -> None:
    desk = a_desk()
    desk.receive(an_event(Status.ACCEPTED, courier_id="d-3"), NOON)
    desk.receive(an_event(Status.CANCELLED, NOON + SECOND), NOON + SECOND)

    assert {batch.recipient_id for batch in desk.take_due(NOON + SECOND)} == {"c-42", "d-3"}


def test_the_merchants_name_is_remembered_and_an_estimate_is_not() -> None:
    desk = a_desk()
    first = an_event(Status.OUT_FOR_DELIVERY, facts={"merchant_name": "Burger Barn", "eta_minutes": 12})
    desk.receive(first, NOON)
    desk.take_due(NOON)
    desk.receive(an_event(Status.NEARBY, NOON + SECOND), NOON + SECOND)

    (batch,) = desk.take_due(NOON + SECOND)

    assert batch.facts == {"order_id": "A17", "merchant_name": "Burger Barn"}


def test_a_repeated_event_is_a_duplicate_whatever_else_it_says() -> None:
    desk = a_desk()
    desk.receive(an_event(Status.PLACED, event_id="evt-1"), NOON)

    answer = desk.receive(an_event(Status.ACCEPTED, NOON + SECOND, event_id="evt-1"), NOON + SECOND)

    assert answer.outcome is Outcome.DUPLICATE
    assert desk.duplicates == 1


def test_event_ids_are_remembered_through_a_hand_over_and_up_to_a_bound() -> None:
    desk = a_desk()
    for number in range(EVENT_IDS_KEPT + 10):
        desk.receive(an_event(Status.PREPARING, NOON + number * SECOND, f"evt-{number}"), NOON)
    carried = Desk.model_validate_json(desk.model_dump_json())

    newest = an_event(Status.PREPARING, NOON, f"evt-{EVENT_IDS_KEPT + 9}")
    assert carried.receive(newest, NOON).outcome is Outcome.DUPLICATE
    assert len(carried.event_ids) == EVENT_IDS_KEPT


def test_a_desk_is_the_same_after_a_hand_over() -> None:
    desk = a_desk(window_seconds=5)
    take_in(desk, Status.PLACED, Status.ACCEPTED, courier_id="d-3")
    desk.take_due(NOON + SECOND)
    take_in(desk, Status.PREPARING)

    carried = Desk.model_validate_json(desk.model_dump_json())

    assert carried == desk
    assert carried.next_due() == desk.next_due()


def test_what_happened_before_what_was_told_is_stale_also_at_the_same_instant() -> None:
    desk = a_desk()
    desk.receive(an_event(Status.PREPARING, NOON), NOON)
    desk.take_due(NOON + 60 * SECOND)

    same_instant = desk.receive(an_event(Status.ACCEPTED, NOON), NOON)
    later_status = desk.receive(an_event(Status.READY_FOR_PICKUP, NOON), NOON)

    assert (same_instant.outcome, later_status.outcome) == (Outcome.STALE, Outcome.ACCEPTED)


def test_a_stage_the_order_has_left_is_not_told_even_to_somebody_new() -> None:
    desk = a_desk()
    desk.receive(an_event(Status.OUT_FOR_DELIVERY, NOON), NOON)
    desk.take_due(NOON)

    answer = desk.receive(an_event(Status.READY_FOR_PICKUP, NOON - SECOND, courier_id="d-3"), NOON)

    assert answer.outcome is Outcome.STALE
    assert desk.next_due() is None


def test_a_clock_that_runs_days_ahead_does_not_silence_the_order() -> None:
    desk = a_desk()
    desk.receive(an_event(Status.PLACED, NOON + timedelta(days=3)), NOON)
    desk.take_due(NOON)

    assert desk.receive(an_event(Status.ACCEPTED, NOON + SECOND), NOON + SECOND).outcome is Outcome.ACCEPTED


def test_a_cancellation_after_a_delivery_is_told_and_a_status_after_the_end_is_not() -> None:
    desk = a_desk()
    desk.receive(an_event(Status.DELIVERED, NOON), NOON)
    desk.take_due(NOON)

    nearby = desk.receive(an_event(Status.NEARBY, NOON + SECOND), NOON + SECOND)
    cancelled = desk.receive(an_event(Status.CANCELLED, NOON + 2 * SECOND), NOON + 2 * SECOND)

    assert (nearby.outcome, cancelled.outcome) == (Outcome.STALE, Outcome.ACCEPTED)
    assert nearby.reason == "the order had ended as DELIVERED"


def test_news_that_the_ledger_says_was_overtaken_is_recorded_as_stale() -> None:
    desk = a_desk()
    take_in(desk, Status.OUT_FOR_DELIVERY)
    (batch,) = desk.take_due(NOON)

    desk.hears_from_the_ledger(
        batch, Plan(number=4, already_told=(batch.newest.event_id,), overtaken=(batch.newest.event_id,))
    )

    assert [(late.status, late.reason) for late in desk.stale] == [
        (Status.OUT_FOR_DELIVERY, "the customer was already told newer news")
    ]
    assert desk.batches == 4


def test_an_order_ends_a_linger_time_after_its_final_status() -> None:
    desk = a_desk(linger_seconds=30)
    desk.receive(an_event(Status.DELIVERED), NOON)

    assert not desk.has_ended(NOON + 31 * SECOND), "its last news still waits"
    desk.take_due(NOON)
    assert not desk.has_ended(NOON + 29 * SECOND)
    assert desk.has_ended(NOON + 30 * SECOND)


def test_an_event_too_old_for_one_and_news_to_another_is_stale_for_the_one() -> None:
    desk = a_desk()
    take_in(desk, Status.ACCEPTED)
    desk.take_due(NOON + 60 * SECOND)

    placed = an_event(Status.PLACED, NOON - SECOND, merchant_id="m-7")
    answer = desk.receive(placed, NOON + 61 * SECOND)

    assert answer.outcome is Outcome.ACCEPTED
    assert [batch.recipient_id for batch in desk.take_due(NOON + 61 * SECOND)] == ["m-7"]
    assert [stale.reason for stale in desk.stale] == ["the customer was already told newer news"]
