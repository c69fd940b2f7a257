"""News that can wait while a queue is behind: which, from when, and for how long at most."""

from datetime import UTC, datetime, timedelta

from domain.channels import Channel
from domain.listener import OF_ITS_USE, WINDOW_HOLDS, WINDOWS_AT_MOST, Listener
from domain.news import News
from domain.status import Role, Status

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WINDOW, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def listening(*statuses: Status, at: datetime = NOON, behind: bool = True) -> Listener:
    """Somebody for whom this waits since noon, told last when pushes were behind."""
    listener = Listener(recipient_id="c-42", role=Role.CUSTOMER, behind=(Channel.PUSH,) if behind else ())
    for number, status in enumerate(statuses):
        listener.take_in(News(event_id=str(number), status=status, at=at), NOON)
    return listener


def test_news_whose_window_is_over_may_wait_for_another_one() -> None:
    assert listening(Status.ACCEPTED).may_be_held_until(WINDOW, NOON + WINDOW) == NOON + 2 * WINDOW


def test_while_its_window_is_open_nothing_is_asked() -> None:
    assert listening(Status.ACCEPTED).may_be_held_until(WINDOW, NOON + WINDOW - SECOND) is None


def test_while_no_queue_is_behind_nothing_is_asked() -> None:
    assert listening(Status.ACCEPTED, behind=False).may_be_held_until(WINDOW, NOON + WINDOW) is None


def test_news_that_is_told_at_once_takes_along_what_was_held() -> None:
    listener = listening(Status.ACCEPTED)
    listener.held_until = NOON + 2 * WINDOW
    listener.take_in(News(event_id="out", status=Status.OUT_FOR_DELIVERY, at=NOON), NOON + WINDOW)

    assert listener.due_at(WINDOW) == NOON
    assert listener.may_be_held_until(WINDOW, NOON + WINDOW) is None


def test_a_full_window_is_told_and_one_of_no_length_is_none() -> None:
    assert listening(*[Status.PREPARING] * WINDOW_HOLDS).may_be_held_until(WINDOW, NOON + WINDOW) is None
    assert listening(Status.ACCEPTED).may_be_held_until(timedelta(), NOON + WINDOW) is None


def test_it_waits_for_so_many_windows_and_no_more() -> None:
    listener, now, windows = listening(Status.ACCEPTED), NOON + WINDOW, 1
    while until := listener.may_be_held_until(WINDOW, now):
        listener.held_until = now = until
        windows += 1

    assert windows == WINDOWS_AT_MOST
    listener.hand_out()
    assert listener.held_until is None


def test_it_does_not_wait_beyond_half_of_its_use() -> None:
    use = Status.ACCEPTED.rule.useful_for
    listener = listening(Status.ACCEPTED, at=NOON + WINDOW + SECOND - use * OF_ITS_USE)

    assert listener.may_be_held_until(WINDOW, NOON + WINDOW) == NOON + WINDOW + SECOND
    assert listener.may_be_held_until(WINDOW, NOON + WINDOW + SECOND) is None
