"""A short chaos run holds, and the accounting behind it sees whatever a run may have done wrong."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.chaos.__main__ import chaos
from benchmarks.chaos.accounting import endings
from benchmarks.chaos.evidence import Copy, Evidence, Letter, Row
from benchmarks.chaos.parts import Trouble
from benchmarks.chaos.plan import Plan, Size
from benchmarks.chaos.report import Report, violations
from benchmarks.chaos.run import Deeds
from benchmarks.chaos.seen import Doubled, Seen
from domain.channels import Channel, Reach
from domain.orders import OrderEvent
from domain.recipients import Recipient
from domain.status import Role, Status

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANA = Recipient.model_validate(
    {"recipient_id": "ana", "role": Role.CUSTOMER, "phone": "+15550100", "email": "ana@example.org"}
)
ADDRESSES = {Channel.PUSH: "anas-phone", Channel.SMS: "+15550100", Channel.EMAIL: "ana@example.org"}
# Nothing but the order of its statuses matters: accepted, then on its way.
ACCEPTED, ON_ITS_WAY = Status.ACCEPTED, Status.OUT_FOR_DELIVERY


def event(status: Status = ACCEPTED, **overrides: Any) -> OrderEvent:
    """Order A17 came to a status, a minute after the one before."""
    at = NOON + timedelta(minutes=status.rank)
    fields = {"event_id": f"A17-{status}", "order_id": "A17", "customer_id": "ana", "occurred_at": at}
    return OrderEvent.model_validate({**fields, "status": status, **overrides})


def row(news: Status = ACCEPTED, channel: Channel = Channel.PUSH, **overrides: Any) -> Row:
    """A row that says that Ana was told so."""
    usual = Row(
        message_id=f"{news}-{channel}",
        order_id="A17",
        recipient_id="ana",
        channel=channel,
        batch=news.rank + 1,
        status="SENT",
        priority=5,
        created_at=event(news).occurred_at,
        newest_status=news,
        newest_at=event(news).occurred_at,
        statuses=[news],
        events=[f"A17-{news}"],
        provider_reference=f"{news}-{channel}",
    )
    return replace(usual, **overrides)


def copy_of(told: Row, **overrides: Any) -> Copy:
    """Its arrival."""
    address = ADDRESSES.get(told.channel, told.recipient_id)
    text = f"A17 is {told.newest_status}."
    return replace(Copy(1, told.created_at, told.channel, address, text, told.message_id), **overrides)


def evidence(rows: Sequence[Row], received: Sequence[Copy] | None = None, **overrides: Any) -> Evidence:
    """What is left of a run in which Ana was told everything once, but for what is said otherwise."""
    arrived = [copy_of(one) for one in rows if one.status == "SENT"] if received is None else received
    accepted = [event(status) for status in dict.fromkeys(one.newest_status for one in rows)]
    handed_over = frozenset(one.event_id for one in accepted)
    return replace(Evidence(accepted, handed_over, [ANA], rows, arrived, [], []), **overrides)


def wrong(found: Evidence) -> list[str]:
    """What the checks report, by kind."""
    return [violation.what for violation in violations(found)]


def allowed(found: Evidence) -> list[Doubled]:
    """What was doubled as it may be."""
    return [one for one in Seen(found).doubled() if isinstance(one, Doubled)]


def test_a_run_in_which_all_were_told_once_has_nothing_wrong() -> None:
    assert wrong(evidence([row(), row(ON_ITS_WAY), row(ON_ITS_WAY, Channel.SMS)])) == []


def test_an_event_that_nobody_knows_of_is_unaccounted_for() -> None:
    lost = evidence([row()], accepted=[event(), event(ON_ITS_WAY)])

    assert wrong(lost) == ["unaccounted"]
    assert violations(lost)[0].order_id == "A17"


def test_an_event_that_only_one_of_two_roles_was_told_is_unaccounted_for() -> None:
    placed = event(Status.PLACED, merchant_id="m-7")

    assert wrong(evidence([row(Status.PLACED)], accepted=[placed])) == ["unaccounted"]


def test_an_event_that_the_server_took_and_has_not_is_lost() -> None:
    assert wrong(evidence([row()], handed_over=frozenset({"A17-9"}))) == ["lost by the server"]


@pytest.mark.parametrize("status", ["PENDING", "RETRYING"])
def test_a_notification_still_on_its_way_is_unsettled(status: str) -> None:
    assert wrong(evidence([row(status=status)])) == ["unsettled"]


def test_an_order_that_never_ended_is_reported() -> None:
    assert wrong(evidence([row()], open_orders=["A17"])) == ["never ended"]


@pytest.mark.parametrize("status", ["SUPPRESSED", "EXPIRED", "UNKNOWN"])
def test_what_was_not_told_needs_a_reason(status: str) -> None:
    assert wrong(evidence([row(status=status)])) == ["without a reason"]
    assert wrong(evidence([row(status=status, reason="it rained")])) == []


def test_what_failed_is_accounted_for_by_a_dead_letter_only() -> None:
    failed = evidence([row(status="FAILED", reason="gone")])

    assert wrong(failed) == ["unaccounted"]
    assert wrong(replace(failed, letters=[Letter("A17", "ana", row().batch, "")])) == []


def test_what_failed_on_one_channel_and_was_told_on_another_is_told() -> None:
    told = evidence([row(status="FAILED", reason="gone"), row(channel=Channel.SMS)])

    assert wrong(told) == []
    assert endings(told) == {"told": 1}


def test_superseded_needs_a_successor() -> None:
    superseded = row(status="SUPERSEDED", reason="newer news took its place", superseded_by="nobody")

    assert wrong(evidence([superseded, row(ON_ITS_WAY)])) == ["superseded by nothing"]
    successor = replace(superseded, superseded_by=row(ON_ITS_WAY).message_id)
    assert wrong(evidence([successor, row(ON_ITS_WAY)])) == []


def test_a_stale_event_needs_newer_news_that_was_told() -> None:
    stale = {"A17-ACCEPTED": "newer news was already told"}
    told = evidence([row(ON_ITS_WAY)], accepted=[event(), event(ON_ITS_WAY)], stale=stale)

    assert wrong(told) == []
    assert wrong(replace(told, rows=[], received=[])) == ["unaccounted"] * 2


def test_news_that_is_switched_off_everywhere_needs_no_notification() -> None:
    off = {ACCEPTED: dict.fromkeys(Channel, Reach.OFF)}
    quiet = ANA.model_copy(update={"preferences": off})

    assert endings(evidence([], accepted=[event()], people=[quiet])) == {"switched off": 1}


def test_an_event_told_by_two_pushes_is_told_twice() -> None:
    again = row(message_id="another", provider_reference="another")
    arrived = [copy_of(row()), copy_of(again, n=2, text="In other words.")]

    assert wrong(evidence([row(), again], arrived)) == ["told twice"]


def test_the_same_words_under_another_collapse_id_are_told_twice() -> None:
    again = row(message_id="another", events=["A17-2"])

    assert wrong(evidence([row(), again])) == ["told twice"]


def test_the_same_push_again_replaces_the_first() -> None:
    found = evidence([row()], [copy_of(row()), copy_of(row(), n=2)])

    assert wrong(found) == []
    assert allowed(found) == []


def test_the_same_event_twice_in_an_inbox_is_told_twice() -> None:
    first = row(channel=Channel.IN_APP, status="DELIVERED")
    again = replace(first, message_id="another")

    assert wrong(evidence([first, again], inbox=[copy_of(first), copy_of(again, text="Again.")])) == [
        "told twice"
    ]


def test_a_text_that_came_twice_is_reported_where_nothing_was_in_doubt() -> None:
    text = row(ON_ITS_WAY, Channel.SMS, priority=1)
    twice = evidence([text], [copy_of(text), copy_of(text, n=2, key="SM2")])

    assert wrong(twice) == ["told twice"]


def test_an_urgent_text_in_doubt_may_come_twice_and_is_listed() -> None:
    text = row(ON_ITS_WAY, Channel.SMS, priority=1, is_in_doubt=True)
    twice = evidence([text], [copy_of(text), copy_of(text, n=2, key="SM2")])

    assert wrong(twice) == []
    assert [one.order_id for one in allowed(twice)] == ["A17"]


def test_a_text_that_is_not_urgent_may_not_come_twice_even_in_doubt() -> None:
    text = row(channel=Channel.SMS, is_in_doubt=True)

    assert wrong(evidence([text], [copy_of(text), copy_of(text, n=2, key="SM2")])) == ["told twice"]


def test_a_record_may_come_twice_when_its_worker_was_killed_meanwhile() -> None:
    mail = row(Status.PLACED, Channel.EMAIL)
    twice = evidence([mail], [copy_of(mail), copy_of(mail, n=2, at=NOON + timedelta(seconds=31))])
    kill = Trouble("worker", NOON + timedelta(seconds=1), NOON + timedelta(seconds=3))

    assert wrong(twice) == ["told twice"]
    assert wrong(replace(twice, troubles=[kill])) == []
    assert len(allowed(replace(twice, troubles=[kill]))) == 1


def test_any_other_mail_may_not_come_twice() -> None:
    mail = row(channel=Channel.EMAIL, is_in_doubt=True)

    assert wrong(evidence([mail], [copy_of(mail), copy_of(mail, n=2)])) == ["told twice"]


def test_old_news_after_new_on_the_same_channel_is_reported() -> None:
    rows = [row(), row(ON_ITS_WAY)]

    assert wrong(evidence(rows, [copy_of(rows[1]), copy_of(rows[0], n=2)])) == ["old after new"]


def test_a_push_that_comes_again_after_newer_news_is_old_after_new() -> None:
    rows = [row(), row(ON_ITS_WAY)]

    assert wrong(evidence(rows, [copy_of(rows[0]), copy_of(rows[1]), copy_of(rows[0], n=3)])) == [
        "old after new"
    ]


def test_a_record_by_mail_may_come_after_newer_news() -> None:
    rows = [row(Status.PLACED, Channel.EMAIL), row(ON_ITS_WAY, Channel.EMAIL)]

    assert wrong(evidence(rows, [copy_of(rows[1]), copy_of(rows[0], n=2)])) == []


def test_a_notification_sent_and_never_received_is_reported() -> None:
    assert wrong(evidence([row()], [])) == ["sent, never received"]


def test_a_message_of_no_notification_is_reported() -> None:
    foreign = copy_of(row(), key="nobody-knows", text="Hello.", address="elsewhere")

    assert wrong(evidence([row()], [copy_of(row()), foreign])) == ["received, not in the ledger"]


def test_what_arrived_although_the_ledger_says_no_is_reported_unless_in_doubt() -> None:
    expired = row(status="EXPIRED", reason="too late")
    arrived = evidence([expired], [copy_of(expired)])

    assert wrong(arrived) == ["arrived, not noted"]
    assert wrong(replace(arrived, rows=[replace(expired, is_in_doubt=True)])) == []


def test_a_text_whose_answer_nobody_heard_is_known_by_its_words() -> None:
    unheard = row(channel=Channel.SMS, status="UNKNOWN", reason="no answer came", provider_reference=None)

    assert wrong(evidence([unheard], [copy_of(unheard, key="SM1")])) == []


def test_the_same_seed_is_the_same_plan() -> None:
    assert Plan.draw(7, Size()) == Plan.draw(7, Size())
    assert Plan.draw(7, Size()) != Plan.draw(8, Size())


def test_a_full_plan_does_what_is_asked_of_it() -> None:
    plan = Plan.draw(1, Size())
    lives = [{step.event.status for step in steps} for steps in plan.orders]
    kills = [kill.what for kill in plan.kills]

    assert len(lives) == 200
    assert sum(Status.CANCELLED in life for life in lives) == 20
    assert sum(len(life) == 7 for life in lives) >= 180
    assert (kills.count("worker"), kills.count("server"), kills.count("database")) == (11, 3, 1)


def test_a_run_that_killed_too_little_shows_nothing() -> None:
    plan = Plan.draw(1, Size(orders=1))

    assert not Report(plan, evidence([row()]), Deeds()).holds


# Failing ends early, or a second failure would make the run wait for the retry of half a minute.
SHORT = Size(
    orders=12,
    seconds=6,
    failing_seconds=5,
    worker_kills=2,
    server_kills=1,
    outage_seconds=2,
    patience=150,
)


async def test_a_short_chaos_run_holds(tmp_path: Path) -> None:
    console = Console(record=True, width=200)

    report = await chaos(Plan.draw(1, SHORT), tmp_path, "sqlite", console)

    assert report.holds, "\n".join(map(str, report.violations))
    assert report.verdict().startswith("chaos: HOLDS seed 1: ")
