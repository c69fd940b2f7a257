"""Why an order was told as it was: each ending, wish and rule in its sentence, by what was written down."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest

from domain.channels import Channel
from domain.desk import Stale
from domain.explaining import explain
from domain.explanation import ExplainedBatch, ExplainedChannel, Explanation, Letter, Row, Rule
from domain.ledger import NotificationStatus
from domain.status import Role, Status
from domain.telling import Verdict
from domain.timeline import Line, Timeline, ToldBatch

S, N = Status, NotificationStatus
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PUSH, SMS, EMAIL, IN_APP = Channel.PUSH, Channel.SMS, Channel.EMAIL, Channel.IN_APP
DOCS = Path(__file__).parents[2] / "docs"


def row(channel: Channel = PUSH, *statuses: Status, **given: Any) -> Row:
    """A push of PREPARING that a provider took, unless said otherwise; all wishes are the defaults."""
    told = statuses or (S.PREPARING,)
    batch = given.get("batch", 1)
    usual: dict[str, Any] = {
        "message_id": message(batch, channel),
        "recipient_id": "c-42",
        "role": Role.CUSTOMER,
        "channel": channel,
        "statuses": told,
        "batch": batch,
        "status": N.SENT,
        "provider": "fcm",
        "created_at": NOON,
        "updated_at": NOON,
        "newest_status": told[-1],
        "newest_at": NOON,
        "deadline": NOON + told[-1].rule.useful_for,
        "priority": 5,
        "verdict": Verdict.SEND,
        "choices": {},
    }
    return Row(**{**usual, **given})


def message(batch: int, channel: Channel) -> str:
    return str(uuid5(NAMESPACE_OID, f"{batch} {channel}"))


def timeline(*batches: ToldBatch, **given: Any) -> Timeline:
    usual: dict[str, Any] = {
        "order_id": "A17",
        "status": S.PREPARING,
        "state": "open",
        "earlier_batches": 0,
        "waiting": (),
        "stale": (),
        "stale_in_all": 0,
        "duplicates": 0,
        "dead_letters": (),
    }
    return Timeline(**{**usual, **given}, batches=batches)


def told(*statuses: Status, channels: list[Line] | None = None, **given: Any) -> ToldBatch:
    usual: dict[str, Any] = {
        "batch": 1,
        "recipient_id": "c-42",
        "role": Role.CUSTOMER,
        "statuses": statuses,
        "told_at": NOON,
        "priority": 5,
        "deadline": NOON + 20 * MINUTE,
        "channels": channels or [],
    }
    return ToldBatch(**{**usual, **given})


def explained(*rows: Row, by: Timeline | None = None) -> Explanation:
    return explain("A17", rows, by, no_timeline="its workflow is gone")


def batch(explanation: Explanation, number: int = 1) -> ExplainedBatch:
    [found] = [one for one in explanation.batches if one.batch == number]
    return found


def on(channel: Channel, *rows: Row, number: int = 1, by: Timeline | None = None) -> ExplainedChannel:
    channels = batch(explained(*rows, by=by), number).channels
    return next(one for one in channels if one.channel is channel)


def reasons(channel: ExplainedChannel) -> dict[str, str]:
    return {reason.rule: reason.says for reason in channel.because}


# How it ended


@pytest.mark.parametrize(
    ("given", "rule", "says"),
    [
        ({"status": N.PENDING}, "sending", "waits for its turn, at priority 5"),
        (
            {"status": N.RETRYING, "retry_count": 2, "reason": "FCM UNAVAILABLE"},
            "retries",
            "failed 2 times so far (FCM UNAVAILABLE), and is tried again",
        ),
        ({"sent_at": NOON}, "provider", "fcm took it at 2026-11-22 12:00:00 UTC"),
        (
            {"status": N.DELIVERED, "delivered_at": NOON},
            "receipt",
            "delivered at 2026-11-22 12:00:00 UTC, as fcm reported",
        ),
        ({"status": N.FAILED, "reason": "the token is dead"}, "provider", "failed by fcm: the token is dead"),
        (
            {"status": N.FAILED, "retry_count": 5, "reason": "FCM UNAVAILABLE; out of attempts"},
            "retries",
            "failed 5 times by fcm: FCM UNAVAILABLE; out of attempts",
        ),
        (
            {"status": N.FAILED, "verdict": Verdict.REFUSED, "reason": "no device"},
            "unreachable",
            "not sent: no device",
        ),
        (
            {"status": N.FAILED, "verdict": Verdict.REFUSED, "reason": "switched off since"},
            "own-choice",
            "not sent: switched off since",
        ),
        (
            {"status": N.FAILED, "sent_at": NOON, "reason": "30003"},
            "receipt",
            "fcm took it at 2026-11-22 12:00:00 UTC, and said later that it came back: 30003",
        ),
        (
            {
                "status": N.SUPPRESSED,
                "verdict": Verdict.SUPPRESSED,
                "reason": "quiet hours 22:00-07:00 in America/New_York",
            },
            "quiet-hours",
            "held back by quiet hours 22:00-07:00 in America/New_York, priority 5",
        ),
        (
            {"status": N.SUPPRESSED, "verdict": Verdict.SUPPRESSED, "reason": "20 in the last hour"},
            "cap",
            "held back by the cap: 20 in the last hour, priority 5",
        ),
        (
            {"status": N.EXPIRED, "reason": "its turn came too late"},
            "useful-for",
            "expired: useful for 20 min, its turn came too late",
        ),
        (
            {"status": N.UNKNOWN, "reason": "no answer"},
            "in-doubt",
            "may have arrived: no answer; a receipt may yet settle it",
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
def test_every_ending_has_its_sentence_and_its_rule_first(
    given: dict[str, Any], rule: str, says: str
) -> None:
    first = on(PUSH, row(**given)).because[0]

    assert (first.rule, first.says) == (rule, says)


@pytest.mark.parametrize("status", [N.DELIVERED, N.READ])
def test_the_inbox_is_no_receipt_of_a_provider(status: NotificationStatus) -> None:
    inbox = row(IN_APP, status=status, verdict=Verdict.TOLD, provider="inbox", delivered_at=NOON)

    says = on(IN_APP, inbox).because[0].says

    assert says.startswith("put into the inbox at 2026-11-22 12:00:00 UTC")
    assert says.endswith("and was read") is (status is N.READ)


def test_what_was_superseded_names_the_batch_that_carries_it_and_the_other_way_round() -> None:
    old = row(PUSH, S.ACCEPTED, status=N.SUPERSEDED, superseded_by=message(3, PUSH))
    new = row(PUSH, S.ACCEPTED, S.PREPARING, batch=3)

    assert reasons(on(PUSH, old, new))["supersession"].startswith("superseded by batch 3")
    carries = reasons(on(PUSH, old, new, number=3))["supersession"]
    assert carries == "carries ACCEPTED of batch 1, not sent by push"
    assert batch(explained(old, new), 3).statuses == [S.PREPARING], "what it carries is not its own news"


# By whose wish


def test_what_nobody_chose_is_by_default() -> None:
    rows = row(), row(IN_APP, status=N.DELIVERED, verdict=Verdict.TOLD)

    assert reasons(on(PUSH, *rows))["default"] == "on by the customer's default"
    assert reasons(on(SMS, *rows)) == {"default": "off by the customer's default for PREPARING"}


def test_what_they_chose_is_their_own_choice() -> None:
    choices = {SMS: {S.PREPARING: "off"}, PUSH: {S.PREPARING: "on"}, EMAIL: {S.PREPARING: "opted out"}}
    pushed = row(choices=choices)

    assert reasons(on(PUSH, pushed))["own-choice"] == "on by c-42's own choice for PREPARING"
    assert reasons(on(SMS, pushed)) == {"own-choice": "off by c-42's own choice for PREPARING"}
    assert reasons(on(EMAIL, pushed)) == {"opt-out": "PREPARING off: c-42 opted out at that address"}


def test_a_part_that_was_left_out_is_said_to_be() -> None:
    off = {PUSH: {S.PREPARING: "off"}}
    pushed = row(PUSH, S.ACCEPTED, S.READY_FOR_PICKUP, choices=off)
    inbox = row(IN_APP, S.ACCEPTED, S.PREPARING, S.READY_FOR_PICKUP, choices=off)

    assert reasons(on(PUSH, pushed, inbox))["own-choice"] == "off by c-42's own choice for PREPARING"


def test_what_a_later_stage_made_untrue_is_said_to_be() -> None:
    off = {PUSH: {S.DELIVERED: "off"}}
    inbox = row(IN_APP, S.OUT_FOR_DELIVERY, S.DELIVERED, choices=off)

    assert reasons(on(PUSH, inbox)) == {
        "own-choice": "off by c-42's own choice for DELIVERED",
        "never-untrue": "OUT_FOR_DELIVERY left out: no longer true at DELIVERED",
    }


def test_a_row_of_before_wishes_were_written_down_does_not_guess() -> None:
    old = row(choices=None)

    assert reasons(on(PUSH, old))["default"] == "on; whether by their own choice was not written down"
    assert reasons(on(SMS, old)) == {"default": "off; whether by their own choice was not written down"}


# Fallbacks


def test_a_fallback_that_was_not_needed_says_when_it_would_have_been() -> None:
    pushed = row(held={EMAIL: (S.PREPARING,)})

    email = on(EMAIL, pushed)

    assert email.status is None
    assert reasons(email) == {
        "default": "fallback by the customer's default: would only be used if push failed"
    }


def test_a_fallback_that_was_used_says_what_had_failed_and_after_how_long() -> None:
    choices = {SMS: {S.PREPARING: "fallback"}}
    failed = row(status=N.FAILED, reason="the token is dead", choices=choices, held={SMS: (S.PREPARING,)})
    text = row(SMS, provider="twilio", instead_of=PUSH, created_at=NOON + 0.75 * MINUTE, choices=choices)

    assert reasons(on(SMS, failed, text)) == {
        "provider": "twilio took it",
        "fallback": "fcm said the token is dead, so sms took over after 45 s",
        "own-choice": "fallback by c-42's own choice for PREPARING",
    }


# The batch, and what is known from where


def test_a_batch_says_why_it_was_told_when_it_was_and_in_which_words() -> None:
    waited = batch(explained(row(PUSH, S.ACCEPTED, S.PREPARING)))
    hurried = batch(explained(row(PUSH, S.PREPARING, S.OUT_FOR_DELIVERY)))

    assert [reason.says for reason in waited.because] == [
        "ACCEPTED, PREPARING waited in the window for company",
        "told in the words of ACCEPTED + PREPARING",
        "of use until 2026-11-22 12:20:00 UTC",
    ]
    assert hurried.because[0].says == "told at once, with all that waited: OUT_FOR_DELIVERY does not wait"


def test_news_that_was_merged_for_longer_names_the_queue_it_waited_for() -> None:
    held = timeline(told(S.ACCEPTED, S.PREPARING, held_for=(PUSH, SMS)))

    assert [(one.rule, one.says) for one in batch(explained(by=held)).because][1] == (
        "behind",
        "merged for longer: the queue of push and sms was behind",
    )


def test_an_experiment_and_a_redrive_are_named() -> None:
    found = row(variant="nearby-tone/b", redriven_by="run-1")

    assert reasons(on(PUSH, found))["experiment"] == "in the words of variant b of experiment nearby-tone"
    assert any(reason.rule is Rule.REDRIVE for reason in batch(explained(found)).because)


def test_the_timeline_adds_batches_of_which_the_ledger_has_nothing() -> None:
    off = [Line(channel=channel, verdict=Verdict.OFF) for channel in Channel]
    by = timeline(told(S.PREPARING, channels=off))

    assert reasons(on(SMS, by=by)) == {"default": "off; whether by their own choice was not written down"}
    assert explained(by=by).known_from == "the ledger and the order's own timeline"


def test_a_batch_that_an_earlier_run_told_says_so() -> None:
    again = batch(explained(by=timeline(told(S.PREPARING, note="an earlier run of this order had told it"))))

    assert again.because[0].says == "nothing was sent: an earlier run of this order had told it"
    assert again.channels == []


def test_without_a_timeline_it_says_what_it_cannot_know() -> None:
    alone = explained(row())

    assert alone.known_from.startswith("the ledger alone: its workflow is gone.")
    assert (alone.status, alone.state) == (S.PREPARING, None)
    assert explained().is_empty


def test_events_that_were_not_told_say_why() -> None:
    stale = Stale(event_id="evt-9", status=S.ACCEPTED, at=NOON, reason="the order had moved on to NEARBY")
    waiting = ({"status": "PREPARING", "recipient_id": "c-42", "role": "customer"},)
    by = timeline(stale=(stale,), stale_in_all=3, duplicates=2, waiting=waiting)

    assert [(one.rule, one.says) for one in explained(by=by).events] == [
        ("window", "PREPARING waits, to be told to customer c-42"),
        ("stale", "ACCEPTED of event evt-9 was not told: the order had moved on to NEARBY"),
        ("stale", "2 older ones were not told either"),
        ("duplicate", "events that came again were told once: 2 repeats"),
    ]


def test_a_dead_letter_names_the_command_and_not_what_an_operator_wrote() -> None:
    letters = [
        Letter(dead_letter_id="l-1", reason="reached nobody", at=NOON),
        Letter(dead_letter_id="l-2", reason="bad status", at=NOON, resolution="discarded: call +15550100"),
    ]

    said = [one.says for one in explain("A17", [], None, letters).dead_letters]

    assert said == [
        "reached nobody (waits; starter.py dead-letters show l-1)",
        "bad status (decided on: discarded; starter.py dead-letters show l-2)",
    ]


def test_every_rule_can_be_found_in_the_docs() -> None:
    docs = (DOCS / "how-it-works.md").read_text()

    assert [rule for rule in Rule if f"| `{rule}` |" not in docs] == []
