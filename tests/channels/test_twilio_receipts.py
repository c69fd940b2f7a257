"""What became of a text that Twilio accepted, by its status callbacks, and what the order does next."""

import pytest

from activities.channels.twilio_receipts import TwilioReceipt, receipt_of

from .messages import PHONE

SID = "SM" + "a" * 32


def callback(status: str, **more: str) -> dict[str, str]:
    """A form as Twilio posts it: most of it is of no interest, and there may always be more."""
    return {
        "AccountSid": "AC" + "0" * 32,
        "ApiVersion": "2010-04-01",
        "From": "+15550199",
        "MessageSid": SID,
        "MessageStatus": status,
        "To": PHONE,
        "SomethingNew": "1",
        **more,
    }


def row(code: str, phrase: str, then: str, *, dead: bool = False, ours: bool = False) -> object:
    return pytest.param(code, f"Twilio {phrase}", dead, ours, id=f"{code} {then}")


# An undelivered text is never sent again: its order goes to the next channel that the recipient has.
@pytest.mark.parametrize("status", ["failed", "undelivered"])
@pytest.mark.parametrize(
    ("code", "phrase", "is_dead", "is_ours"),
    [
        row("30001", "30001: queue overflow", "next channel: a new text would join the same queue"),
        row("30500", "30500: server error", "next channel: sooner there than by a new text"),
        row("30036", "30036: not sent within its validity period", "next channel, if it is still useful"),
        row("30002", "30002: account suspended", "next channel: an operator has to act", ours=True),
        row("30003", "30003: unreachable", "next channel, number kept: a handset may be off"),
        row("30004", "30004: blocked for this number", "next channel: this sender is not heard there"),
        row("30005", "30005: unknown number", "next channel, number marked", dead=True),
        row("30006", "30006: a landline or unreachable carrier", "next channel, number marked", dead=True),
        row("30007", "30007: filtered", "next channel: the words would be filtered again"),
        row("30008", "30008: unknown error", "next channel: sooner there than by a new text"),
        row("21614", "21614: not a mobile number", "next channel, number marked", dead=True),
        row("21611", "21611: the sender's queue is full", "next channel: sooner there"),
        row("21612", "21612: sender cannot reach this number", "next channel, and an operator", ours=True),
        row("63038", "63038", "next channel: new to us, so nobody is marked"),
    ],
)
def test_a_text_that_did_not_arrive_says_why(
    status: str, code: str, phrase: str, is_dead: bool, is_ours: bool
) -> None:
    receipt = receipt_of(callback(status, ErrorCode=code, ErrorMessage=f"about {PHONE}"))
    assert receipt == TwilioReceipt("undelivered", phrase, is_dead, f"twilio-{SID}-{status}", ours=is_ours)


def test_a_stop_that_a_service_finds_out_later_is_an_opt_out_and_no_dead_number() -> None:
    receipt = receipt_of(callback("failed", ErrorCode="21610"))
    assert receipt
    assert (receipt.state, receipt.opted_out, receipt.number_is_dead) == ("undelivered", True, False)


@pytest.mark.parametrize("code", ["", "0", "null", "unknown", "15550100", "3000", "030005", "30005\n"])
def test_without_a_code_that_can_be_read_the_status_has_to_do(code: str) -> None:
    receipt = receipt_of(callback("undelivered", ErrorCode=code))
    assert receipt == TwilioReceipt("undelivered", "Twilio: undelivered", False, f"twilio-{SID}-undelivered")


@pytest.mark.parametrize(
    ("status", "state"), [("delivered", "delivered"), ("read", "read"), ("canceled", "undelivered")]
)
def test_a_text_that_is_done_has_a_state(status: str, state: str) -> None:
    receipt = receipt_of(callback(status))
    assert receipt
    assert (receipt.state, receipt.number_is_dead) == (state, False)


@pytest.mark.parametrize(
    "status", ["queued", "sending", "sent", "accepted", "scheduled", "partially_delivered", "new_to_us"]
)
def test_a_text_on_its_way_has_none(status: str) -> None:
    receipt = receipt_of(callback(status, ErrorCode="30005"))
    assert receipt == TwilioReceipt(None, None, False, f"twilio-{SID}-{status}")


def test_a_callback_that_comes_twice_is_known_by_its_id() -> None:
    once, again = receipt_of(callback("sent")), receipt_of(callback("sent", RawDlrDoneDate="2611220001"))
    later = receipt_of(callback("delivered"))
    other = receipt_of(callback("sent", MessageSid="SM" + "b" * 32))
    assert once and again and later and other  # noqa: PT018 one of them is as bad as all
    assert once.receipt_id == again.receipt_id
    assert len({once.receipt_id, later.receipt_id, other.receipt_id}) == 3


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"MessageSid": SID},
        {"MessageStatus": "sent"},
        callback("sent", MessageSid=""),
        callback(""),
        callback("sent to\n+15550100"),
        callback("s" * 65),
    ],
)
def test_what_is_no_status_callback_is_none(form: dict[str, str]) -> None:
    assert receipt_of(form) is None
