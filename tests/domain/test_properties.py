"""Whatever recipients wish and providers answer: what deciding, trying and the ledger always keep to."""

from datetime import UTC, datetime, time, timedelta
from functools import partial
from graphlib import TopologicalSorter
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.channels import Channel, Reach
from domain.deciding import decide
from domain.effort import Effort, GiveUp, after_a_failure, is_fallback_due
from domain.ledger import MAY_COME_FROM, TOLD, UNSETTLED, NotificationStatus, message_id
from domain.news import News, in_order, path_of
from domain.recipients import QuietHours, Recipient
from domain.status import Role, Status
from domain.telling import Batch, Decision, Verdict, Withdrawn
from tests.searching import searching

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ZONES = (
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Africa/Casablanca",  # during Ramadan
    "UTC",
)

_TIMES = st.times().map(lambda moment: moment.replace(microsecond=0))
_WISHES = st.dictionaries(
    st.sampled_from(Status), st.dictionaries(st.sampled_from(Channel), st.sampled_from(Reach))
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """News for one role, some of it taken back from an earlier batch."""
    role = draw(st.sampled_from(Role))
    statuses = st.sampled_from([status for status in Status if role in status.rule.told])
    moments = draw(st.lists(st.tuples(st.integers(-1500, 0), statuses), min_size=1, max_size=6))
    news = [
        News(event_id=f"evt-{number}", status=status, at=NOON + timedelta(seconds=at))
        for number, (at, status) in enumerate(moments)
    ]
    taken = draw(
        st.lists(st.tuples(st.sampled_from(Channel), st.lists(statuses, min_size=1, max_size=3)), max_size=3)
    )
    return Batch(
        order_id="A17",
        number=1,
        recipient_id="r-1",
        role=role,
        news=tuple(in_order(news)),
        told_at=NOON,
        withdrawn=tuple(
            Withdrawn(message_id="m", channel=channel, statuses=path_of(path)) for channel, path in taken
        ),
    )


@st.composite
def recipients(draw: st.DrawFn) -> Recipient:
    """Somebody with wishes of their own, in a time zone of their own."""
    quiet = draw(st.none() | st.builds(QuietHours, start=_TIMES, end=_TIMES))
    return Recipient.model_validate(
        {
            "recipient_id": "r-1",
            "role": "customer",
            "time_zone": draw(st.sampled_from(ZONES)),
            "email": draw(st.sampled_from([None, "ana@example.org"])),
            "phone": draw(st.sampled_from([None, "+15550100"])),
            "devices": draw(st.sampled_from([[], [{"platform": "android", "token": "t"}]])),
            "preferences": draw(_WISHES),
            "quiet_hours": quiet,
        }
    )


# What ever failed
URGENT_NEWS_TAKEN_BACK = Batch(
    order_id="A17",
    number=2,
    recipient_id="r-1",
    role=Role.CUSTOMER,
    news=(News(event_id="evt-2", status=Status.PLACED, at=NOON),),
    told_at=NOON,
    withdrawn=(Withdrawn(message_id="m", channel=Channel.PUSH, statuses=(Status.OUT_FOR_DELIVERY,)),),
)
SOMEBODY = Recipient.model_validate(
    {"recipient_id": "r-1", "role": "customer", "devices": [{"platform": "android", "token": "t"}]}
)


def decisions(batch: Batch, recipient: Recipient, told: int = 0) -> dict[Channel, Decision]:
    return decide(batch, recipient, carried=set(Channel), told_in_last_hour=dict.fromkeys(Channel, told))


def is_within(part: tuple[Status, ...], whole: tuple[Status, ...]) -> bool:
    rest = iter(whole)
    return all(status in rest for status in part)


@given(batches(), recipients(), st.integers(0, 30))
@searching(300)
def test_off_is_never_overruled(batch: Batch, recipient: Recipient, told: int) -> None:
    for channel, decision in decisions(batch, recipient, told).items():
        reaches = {recipient.reach(status, channel, batch.role) for status in decision.path}
        assert Reach.OFF not in reaches
        assert (decision.verdict is Verdict.OFF) == (not decision.path)
        assert (decision.verdict is Verdict.HELD) == (reaches == {Reach.FALLBACK})


@given(batches(), recipients())
@searching(300)
def test_what_is_told_is_part_of_the_path_and_of_nothing_the_order_has_left(
    batch: Batch, recipient: Recipient
) -> None:
    for channel, decision in decisions(batch, recipient).items():
        path = batch.path_on(channel)
        assert is_within(decision.path, path)
        if recipient.reach(path[-1], channel, batch.role) is Reach.OFF:
            assert {status.rule.stage for status in decision.path} <= {path[-1].rule.stage}


@given(batches(), recipients(), st.integers(0, 30))
@example(URGENT_NEWS_TAKEN_BACK, SOMEBODY, 30)
@searching(300)
def test_urgent_news_is_never_held_back(batch: Batch, recipient: Recipient, told: int) -> None:
    for decision in decisions(batch, recipient, told).values():
        priorities = {status.rule.told[batch.role].priority for status in decision.path}
        assert decision.verdict is not Verdict.SUPPRESSED or 1 not in priorities


@given(st.lists(st.sampled_from(Status)))
@example([Status.CANCELLED, Status.PLACED])  # was told as placed: it is the newer one
@example([Status.CANCELLED, Status.DELIVERED, Status.PLACED])
@searching(300)
def test_a_path_keeps_the_order_of_things_and_its_newest(statuses: list[Status]) -> None:
    path = path_of(statuses)

    assert is_within(path, tuple(statuses))
    assert all(before is not after for before, after in pairwise(path))
    assert path_of(path) == path
    if Status.CANCELLED in statuses:
        newest_end = [status for status in statuses if status.rule.final][-1]
        assert path == (newest_end,), "a cancellation is told alone, or not at all after a delivery"
    else:
        assert path[-1:] == tuple(statuses[-1:])


@given(
    effort=st.builds(
        Effort,
        waits=st.lists(st.floats(0, 900), max_size=6).map(tuple),
        fall_back_after=st.none() | st.floats(0, 300),
    ),
    useful_for=st.floats(1, 90_000),
    calls=st.lists(
        st.tuples(st.none() | st.floats(0, 5000), st.floats(0, 1), st.floats(0, 30)), min_size=8, max_size=8
    ),
)
@searching(300)
def test_trying_ends_in_time(
    effort: Effort, useful_for: float, calls: list[tuple[float | None, float, float]]
) -> None:
    now, deadline, attempts = NOON, NOON + timedelta(seconds=useful_for), 0
    first_failed_at: datetime | None = None
    for provider_wait, jitter, took in calls:
        attempts += 1
        now += timedelta(seconds=took)
        first_failed_at = first_failed_at or now
        follows = after_a_failure(
            effort,
            failures=attempts,
            provider_wait=provider_wait,
            now=now,
            first_failed_at=first_failed_at,
            deadline=deadline,
            jitter=partial(float, jitter),
        )
        if isinstance(follows, GiveUp):
            break
        assert follows.wait >= 0
        before, now = now, now + timedelta(seconds=follows.wait)
        assert now < deadline
        if effort.fall_back_after is not None:
            due = first_failed_at + timedelta(seconds=effort.fall_back_after)
            assert now <= max(before, due) + timedelta(microseconds=1)
        if is_fallback_due(effort, first_failed_at=first_failed_at, now=now):
            break
    assert attempts <= len(effort.waits) + 1


def test_a_notification_only_moves_forward() -> None:
    moves = {after: before - {after} for after, before in MAY_COME_FROM.items()}
    order = list(TopologicalSorter(moves).static_order())

    assert set(order) == set(NotificationStatus), "and in no circle, or sorting would have raised"
    settled = set(NotificationStatus) - UNSETTLED
    assert not any(MAY_COME_FROM[status] & settled for status in UNSETTLED)
    assert not any(MAY_COME_FROM[status] & TOLD for status in settled - TOLD - {NotificationStatus.FAILED})


_TRICKY = st.text(st.sampled_from("\",[]{}\\: '/|-_\0\n0aé漢🍔"), max_size=8) | st.text(max_size=8)
_PARTS = st.tuples(_TRICKY, _TRICKY, st.sampled_from(Channel), _TRICKY)


@given(_PARTS, _PARTS)
@example(('a", "b', "c", Channel.PUSH, "d"), ("a", 'b", "c', Channel.PUSH, "d"))
@example(("a", "b\\", Channel.SMS, "c"), ("a", "b", Channel.SMS, "\\c"))
@searching(300)
def test_different_notifications_have_different_ids(
    one: tuple[str, str, Channel, str], other: tuple[str, str, Channel, str]
) -> None:
    assert (message_id(*one) == message_id(*other)) == (one == other)


_DAYS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)) | st.sampled_from(  # noqa: DTZ001 a clock on a wall
    [
        datetime(2026, 3, 8, 2, 30),  # noqa: DTZ001 as above
        datetime(2026, 11, 1, 1, 30),  # noqa: DTZ001 as above
        datetime(2026, 3, 29, 2, 30),  # noqa: DTZ001 as above
        datetime(2026, 10, 25, 2, 30),  # noqa: DTZ001 as above
        datetime(2026, 4, 5, 1, 45),  # noqa: DTZ001 as above
        datetime(2026, 10, 4, 2, 15),  # noqa: DTZ001 as above
    ]
)


@given(_DAYS, st.sampled_from(ZONES), st.sampled_from([0, 1]), _TIMES, _TIMES)
@searching(500)
def test_quiet_hours_are_those_of_the_clock_on_the_wall_also_when_it_is_changed(
    wall: datetime, zone: str, fold: int, start: time, end: time
) -> None:
    moment = wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
    assume(moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall)  # not in the hour left out
    ana = Recipient(
        recipient_id="c-42", role=Role.CUSTOMER, time_zone=zone, quiet_hours=QuietHours(start=start, end=end)
    )

    since_start, lasts = _later(start, wall.time()), _later(start, end)

    assert ana.is_quiet_at(moment) == (since_start < lasts)
    assert ana.is_quiet_at(moment) == ana.is_quiet_at(moment.astimezone(ZoneInfo("Asia/Tokyo")))


def _later(one: time, other: time) -> timedelta:
    """How long after ``one`` o'clock it is ``other``, within a day."""
    day = NOON.date()
    apart = datetime.combine(day, other, UTC) - datetime.combine(day, one, UTC)
    return apart % timedelta(days=1)
