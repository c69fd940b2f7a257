"""What Twilio tells us counts once, moves nothing back, and only when it was Twilio."""

from collections.abc import Callable

import pytest

from domain.channels import Channel
from domain.recipients import OptOut
from tests.api.stage import FORM, PUBLIC_URL, SMS, Door, signature

STATUS = "/webhooks/twilio/status"
ELSEWHERE = "6f1c1f0e-3b1f-5c57-9a52-0d3f2f6f4a11"
NUMBER = "+15550100"


async def test_a_text_that_arrived_is_delivered_in_the_ledger_and_its_order_knows(door: Door) -> None:
    text = await door.sent(SMS)

    answer = await door.twilio_says(text, "delivered")

    assert (answer.status_code, answer.content) == (200, b"")
    assert await door.status(text) == "DELIVERED"
    ((order_id, receipt),) = door.orders.told
    assert (order_id, receipt.message_id, receipt.state) == ("A17", text, "delivered")


async def test_a_replayed_callback_counts_once(door: Door) -> None:
    text = await door.sent(SMS)

    answers = [await door.twilio_says(text, "delivered") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(door.orders.told) == 1


async def test_callbacks_in_the_wrong_order_never_move_a_notification_back(door: Door) -> None:
    text = await door.sent(SMS)

    for status in ("delivered", "sent", "queued", "undelivered"):
        assert (await door.twilio_says(text, status)).status_code == 200

    assert await door.status(text) == "DELIVERED"


async def test_a_text_that_did_not_arrive_has_failed_for_a_reason_in_a_fixed_phrase(door: Door) -> None:
    text = await door.sent(SMS)

    await door.twilio_says(text, "undelivered", ErrorCode="30003", ErrorMessage=f"no way to {NUMBER}")

    row = await door.row(text)
    assert row.status == "FAILED"
    assert row.reason
    assert row.reason.startswith("Twilio")
    assert [receipt.code for _, receipt in door.orders.told] == [row.reason]
    assert await door.store.address_of("c-42", SMS) == NUMBER, "it may be switched on again"


async def test_a_number_that_does_not_exist_is_not_used_again(door: Door) -> None:
    text = await door.sent(SMS)

    await door.twilio_says(text, "undelivered", ErrorCode="30005")

    assert await door.store.address_of("c-42", SMS) is None
    (gone,) = await door.store.gone("c-42")
    assert gone.reason.startswith("Twilio 30005")


async def test_a_number_that_was_corrected_meanwhile_is_kept(door: Door) -> None:
    text = await door.sent(SMS)

    await door.twilio_says(text, "undelivered", ErrorCode="30005", To="+15550111")

    assert await door.store.address_of("c-42", SMS) == NUMBER


@pytest.mark.parametrize("made_for", ["another token", "another URL", "another form", "nobody"])
async def test_what_is_forged_is_refused_and_nothing_is_recorded(door: Door, made_for: str) -> None:
    text = await door.sent(SMS)
    path, form = f"{STATUS}?message_id={text}", {"MessageSid": "SM1", "MessageStatus": "delivered"}
    made = {
        "another token": signature(PUBLIC_URL + path, form, "some-token"),
        "another URL": signature(f"{PUBLIC_URL}{STATUS}?message_id={ELSEWHERE}", form),
        "another form": signature(PUBLIC_URL + path, {**form, "MessageStatus": "undelivered"}),
        "nobody": "é",
    }

    headers = {b"X-Twilio-Signature": made[made_for].encode(), b"Content-Type": FORM.encode()}
    answer = await door.http.post(path, data=form, headers=headers)

    assert answer.status_code == 403
    assert await door.status(text) == "SENT"
    assert door.orders.told == []


async def test_what_is_not_signed_at_all_is_refused(door: Door) -> None:
    text = await door.sent(SMS)

    for path in (f"{STATUS}?message_id={text}", "/webhooks/twilio/inbound"):
        form = {"MessageSid": "SM1", "MessageStatus": "delivered", "Body": "STOP", "From": NUMBER}
        assert (await door.http.post(path, data=form)).status_code == 403

    assert await door.status(text) == "SENT"
    assert await door.store.opted_out_of(SMS, NUMBER) is None


async def test_the_signed_url_is_the_public_one_whatever_the_host_header_says(door: Door) -> None:
    text = await door.sent(SMS)
    path, form = f"{STATUS}?message_id={text}", {"MessageSid": "SM1", "MessageStatus": "delivered"}
    for_another = signature("https://evil.example" + path, form)

    headers = {"X-Twilio-Signature": for_another, "Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    assert (await door.http.post(path, data=form, headers=headers)).status_code == 403
    headers["X-Twilio-Signature"] = signature(PUBLIC_URL + path, form)
    assert (await door.http.post(path, data=form, headers=headers)).status_code == 200


@pytest.mark.parametrize("message_id", [ELSEWHERE, "ana@example.org", "%00", "%27%20OR%201=1", "x" * 2000])
async def test_an_id_we_do_not_know_is_answered_well_and_said_in_one_line(
    door: Door, said: Callable[[], list[str]], message_id: str
) -> None:
    answer = await door.twilio_says(message_id, "delivered")

    assert answer.status_code == 200
    (line,) = said()
    assert line.startswith("twilio: a receipt for")
    assert door.orders.told == []


async def test_a_callback_without_an_id_is_a_mistake_that_twilio_shows_to_the_operator(door: Door) -> None:
    answer = await door.twilio_calls(STATUS, {"MessageSid": "SM1", "MessageStatus": "delivered"})

    assert (answer.status_code, answer.json()) == (422, {"detail": "message_id: missing in the query"})


async def test_what_is_no_status_callback_is_said_to_be_none(door: Door) -> None:
    answer = await door.twilio_calls(f"{STATUS}?message_id={ELSEWHERE}", {"AccountSid": "AC1"})

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("MessageStatus:")


async def test_a_receipt_for_what_went_by_another_channel_is_ignored(
    door: Door, said: Callable[[], list[str]]
) -> None:
    mail = await door.sent(Channel.EMAIL)

    assert (await door.twilio_says(mail, "delivered")).status_code == 200

    assert await door.status(mail) == "SENT"
    assert said() == [f"twilio: a receipt for {mail}, which went by email"]


async def test_a_store_that_is_away_takes_the_receipt_when_twilio_comes_again(door: Door) -> None:
    text = await door.sent(SMS)

    async with door.store_is_away():
        away = await door.twilio_says(text, "delivered")
    again = await door.twilio_says(text, "delivered")

    assert (away.status_code, again.status_code) == (503, 200)
    assert int(away.headers["retry-after"]) > 0
    assert await door.status(text) == "DELIVERED"


async def test_an_order_that_cannot_be_told_is_told_when_twilio_comes_again(door: Door) -> None:
    text = await door.sent(SMS)

    with door.temporal_is_away():
        away = await door.twilio_says(text, "delivered")
    again = await door.twilio_says(text, "delivered")

    assert (away.status_code, again.status_code) == (503, 200)
    assert len(door.orders.told) == 1


async def test_stop_silences_a_number_and_start_restores_it(door: Door) -> None:
    stopped = await door.somebody_texts("Stop")
    assert await door.store.opted_out_of(SMS, NUMBER) is OptOut.EVERYTHING
    started = await door.somebody_texts("START", sid="SM" + "3" * 32)
    assert await door.store.opted_out_of(SMS, NUMBER) is None

    for answer in (stopped, started):
        assert answer.headers["content-type"].startswith("text/xml")
        assert answer.text.endswith("<Response/>")


async def test_a_replayed_stop_does_not_silence_who_wants_texts_again(door: Door) -> None:
    for body, sid in (("STOP", "SM2"), ("START", "SM3"), ("STOP", "SM2")):
        await door.somebody_texts(body, sid)

    assert await door.store.opted_out_of(SMS, NUMBER) is None


async def test_help_says_what_this_is_unless_twilio_said_so_itself(door: Door) -> None:
    ours, theirs = await door.somebody_texts("help"), await door.somebody_texts("help", OptOutType="HELP")

    assert "<Message>These are updates about your orders" in ours.text
    assert "<Message>" not in theirs.text


async def test_any_other_text_changes_nothing(door: Door) -> None:
    answer = await door.somebody_texts("Where is my order? \N{SLICE OF PIZZA}")

    assert answer.text.endswith("<Response/>")
    assert await door.store.opted_out_of(SMS, NUMBER) is None


async def test_a_stop_that_the_store_could_not_take_is_taken_when_twilio_comes_again(door: Door) -> None:
    async with door.store_is_away():
        assert (await door.somebody_texts("STOP")).status_code == 503
    assert (await door.somebody_texts("STOP")).status_code == 200

    assert await door.store.opted_out_of(SMS, NUMBER) is OptOut.EVERYTHING
