"""Who hears a batch where: the defaults, the grid, caps, quiet hours and deadlines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.channels import Channel
from domain.deciding import HOURLY_CAPS, decide
from domain.news import News, in_order, path_of, still_true
from domain.recipients import Recipient
from domain.status import Role, Status
from domain.telling import Batch, Decision, Verdict, Withdrawn

S = Status
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PUSH, SMS, EMAIL, IN_APP = Channel.PUSH, Channel.SMS, Channel.EMAIL, Channel.IN_APP


def a_batch(*statuses: Status, role: Role = Role.CUSTOMER, told_at: datetime = NOON, **more: Any) -> Batch:
    news = [News(event_id=f"evt-{status}", status=status, at=NOON) for status in statuses]
    return Batch(
        order_id="A17",
        number=1,
        recipient_id="c-42",
        role=role,
        news=tuple(in_order(news)),
        told_at=told_at,
        **more,
    )


def somebody(**wishes: Any) -> Recipient:
    details = {
        "email": "ana@example.org",
        "phone": "+15550100",
        "devices": [{"platform": "android", "token": "t"}],
    }
    return Recipient.model_validate({"recipient_id": "c-42", "role": "customer", **details, **wishes})


def verdicts(batch: Batch, recipient: Recipient | None = None, **told: int) -> dict[str, str]:
    return {channel: decision.verdict for channel, decision in decisions(batch, recipient, **told).items()}


def decisions(batch: Batch, recipient: Recipient | None = None, **told: int) -> dict[Channel, Decision]:
    counts = {Channel(name): count for name, count in told.items()}
    return decide(batch, recipient or somebody(), carried=set(Channel), told_in_last_hour=counts)


CUSTOMER_DEFAULTS = {
    S.PLACED: ("send", "off", "send"),
    S.ACCEPTED: ("send", "off", "held"),
    S.PREPARING: ("send", "off", "held"),
    S.READY_FOR_PICKUP: ("send", "off", "held"),
    S.OUT_FOR_DELIVERY: ("send", "send", "held"),
    S.NEARBY: ("send", "held", "held"),
    S.DELIVERED: ("send", "send", "send"),
    S.CANCELLED: ("send", "held", "send"),
}


@pytest.mark.parametrize("status", CUSTOMER_DEFAULTS)
def test_a_customer_who_chose_nothing_gets_the_defaults(status: Status) -> None:
    push, sms, email = CUSTOMER_DEFAULTS[status]
    assert verdicts(a_batch(status)) == {"push": push, "sms": sms, "email": email, "in_app": "told"}


def test_merchants_and_couriers_have_defaults_of_their_own() -> None:
    merchant = verdicts(a_batch(S.PLACED, role=Role.MERCHANT))
    courier = verdicts(a_batch(S.CANCELLED, role=Role.COURIER))

    assert merchant == {"push": "send", "sms": "off", "email": "off", "in_app": "told"}
    assert courier == {"push": "send", "sms": "held", "email": "off", "in_app": "off"}


def test_the_strongest_wish_of_a_batch_counts() -> None:
    assert verdicts(a_batch(S.OUT_FOR_DELIVERY, S.NEARBY))["sms"] == "send"


def test_a_status_switched_off_on_a_channel_is_not_told_there() -> None:
    ana = somebody(preferences={"PREPARING": {"push": "off"}})
    told = decisions(a_batch(S.ACCEPTED, S.PREPARING, S.READY_FOR_PICKUP), ana)

    assert told[PUSH].path == (S.ACCEPTED, S.READY_FOR_PICKUP)
    assert told[IN_APP].path == (S.ACCEPTED, S.PREPARING, S.READY_FOR_PICKUP)


def test_what_a_switched_off_status_made_untrue_is_not_told_either() -> None:
    ana = somebody(preferences={"DELIVERED": {"push": "off"}})

    assert verdicts(a_batch(S.OUT_FOR_DELIVERY, S.DELIVERED), ana)["push"] == "off"


def test_a_cancellation_is_told_alone() -> None:
    assert decisions(a_batch(S.PLACED, S.ACCEPTED, S.CANCELLED))[PUSH].path == (S.CANCELLED,)


def test_news_withdrawn_from_a_channel_is_told_on_that_channel_again() -> None:
    taken = Withdrawn(message_id="1", channel=PUSH, statuses=(S.ACCEPTED,))
    told = decisions(a_batch(S.PREPARING, withdrawn=(taken,)))

    assert told[PUSH].path == (S.ACCEPTED, S.PREPARING)
    assert told[IN_APP].path == (S.PREPARING,)


def test_without_an_address_or_a_provider_a_channel_is_refused_with_the_reason() -> None:
    nobody = Recipient(recipient_id="c-42", role=Role.CUSTOMER)
    told = decisions(a_batch(S.DELIVERED), nobody)
    unprovided = decide(a_batch(S.DELIVERED), somebody(), carried={PUSH}, told_in_last_hour={})

    assert [told[channel].reason for channel in (PUSH, SMS, EMAIL)] == [
        "no device",
        "no phone number",
        "no e-mail address",
    ]
    assert (unprovided[SMS].verdict, unprovided[SMS].reason) == (Verdict.REFUSED, "no provider is configured")


@pytest.mark.parametrize(
    ("status", "verdict"), [(S.PLACED, "suppressed"), (S.ACCEPTED, "suppressed"), (S.NEARBY, "send")]
)
def test_a_cap_holds_back_what_can_wait_and_nothing_urgent(status: Status, verdict: str) -> None:
    assert verdicts(a_batch(status), push=HOURLY_CAPS[PUSH] - 1)["push"] == "send"
    assert verdicts(a_batch(status), push=HOURLY_CAPS[PUSH])["push"] == verdict


@pytest.mark.parametrize(
    ("hour", "verdict"),
    [(21, "send"), (22, "suppressed"), (23, "suppressed"), (6, "suppressed"), (7, "send")],
)
def test_quiet_hours_pass_midnight_on_the_recipients_own_clock(hour: int, verdict: str) -> None:
    ana = somebody(time_zone="America/New_York", quiet_hours={"start": "22:00", "end": "07:00"})
    in_new_york = datetime(2026, 11, 22, hour, tzinfo=UTC) + timedelta(hours=5)
    news = News(event_id="evt", status=S.ACCEPTED, at=in_new_york)
    batch = a_batch(S.ACCEPTED).model_copy(update={"news": (news,), "told_at": in_new_york})

    told = verdicts(batch, ana)

    assert told["push"] == verdict
    assert told["in_app"] == "told"


def test_news_past_its_use_is_expired_on_every_channel_wanted() -> None:
    late = verdicts(a_batch(S.NEARBY, told_at=NOON + timedelta(minutes=10)))

    assert late == {"push": "expired", "sms": "held", "email": "held", "in_app": "expired"}


def test_a_path_has_no_repeats() -> None:
    assert path_of([S.ACCEPTED, S.ACCEPTED, S.PREPARING]) == (S.ACCEPTED, S.PREPARING)


def test_nothing_is_still_true_of_nothing() -> None:
    assert still_true((), [S.PLACED]) == ()


def test_what_is_not_wanted_leaves_no_repeat_behind() -> None:
    went = (S.PREPARING, S.ACCEPTED, S.PREPARING)
    assert still_true(went, [S.PREPARING]) == (S.PREPARING,)
