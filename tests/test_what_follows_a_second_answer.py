"""What an order does next when one answer is not the end: a second provider is asked, or the first one again.

Of several that carry a channel the next is asked within the same attempt, but never after an answer that
ends the matter for all of them.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from activities.breakers import utc_now
from domain.breaker import PROBE_AFTER
from domain.channels import Channel
from domain.effort import Effort
from domain.outcomes import TryLater
from domain.status import Status
from simulator.http2 import Answer, Cut, Reset
from tests.answers import (
    AGAIN,
    ANDROID,
    DEAD,
    IN_DOUBT,
    IPHONE,
    NEXT_CHANNEL,
    OPERATOR,
    RESTS,
    SES_ID,
    SILENCED,
    TOLD,
    Desk,
    Providers,
    a_desk,
    again,
    all_providers,
    row,
    ses_refuses,
)
from tests.channels import test_fcm as by_fcm
from tests.channels.apple import refuses as apns_refuses
from tests.channels.relay import CUT
from tests.channels.test_twilio import CREATED, entry, listed, refuses
from tests.channels.wire import Cuts, Says
from workflows.policy import URGENT

SMS, PUSH, EMAIL = Channel.SMS, Channel.PUSH, Channel.EMAIL
ROUTINE, URGENTLY, A_RECORD = Status.PLACED, Status.OUT_FOR_DELIVERY, Status.DELIVERED
FIRST, SECOND = "+15550190", "+15550191"


@pytest.fixture(scope="module")
async def providers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Providers]:
    async with all_providers(tmp_path_factory.mktemp("providers")) as providers:
        yield providers


@pytest.fixture
async def desk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, caplog) as desk:
        yield desk


def senders_asked(providers: Providers) -> list[str]:
    return [request.form["From"] for request in providers.wire.heard]


@pytest.mark.parametrize(
    ("answers", "follows"),
    [
        row("20429, too many requests", [refuses(20429, 429), CREATED], TOLD),
        row("20503, unavailable", [refuses(20503, 503), CREATED], TOLD),
        row("21611, the sender's queue is full", [refuses(21611), CREATED], TOLD),
        row("21606, not a sender of texts", [refuses(21606), CREATED], TOLD, OPERATOR),
        row("21612, no way from this sender", [refuses(21612), CREATED], TOLD, OPERATOR),
        row("a refusal that is new to us", [refuses(63038), CREATED], TOLD),
        row("both refuse", [refuses(63038), refuses(63038)], NEXT_CHANNEL),
        row("one is busy, one refuses", [refuses(20429, 429), refuses(63038)], AGAIN),
        row("one is busy, one silent", [refuses(20429, 429), Cuts()], AGAIN, IN_DOUBT),
        row("one refuses, one finds a landline", [refuses(63038), refuses(21635)], NEXT_CHANNEL, DEAD),
        row("one is busy, one finds a landline", [refuses(20429, 429), refuses(21635)], NEXT_CHANNEL, DEAD),
        row(
            "one is set up wrongly, to one STOP was said",
            [refuses(21606), refuses(21610)],
            NEXT_CHANNEL,
            SILENCED,
            OPERATOR,
        ),
    ],
)
async def test_what_is_wrong_with_a_sender_goes_to_the_next_in_the_same_attempt(
    desk: Desk, providers: Providers, answers: list[Says | Cuts], follows: set[str]
) -> None:
    await desk.has(URGENTLY, SMS)
    assert await desk.send(providers.twilio(*answers, senders=2)) == follows
    assert senders_asked(providers) == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("answer", "follows"),
    [
        row("21211, no number", refuses(21211), NEXT_CHANNEL, DEAD),
        row("21614, not a mobile", refuses(21614), NEXT_CHANNEL, DEAD),
        row("21635, a landline", refuses(21635), NEXT_CHANNEL, DEAD),
        row("21610, STOP", refuses(21610), NEXT_CHANNEL, SILENCED),
        row("20500, it may have been sent", refuses(20500, 500), AGAIN, IN_DOUBT),
        row("no answer", Cuts(), AGAIN, IN_DOUBT),
    ],
)
async def test_what_is_wrong_with_a_number_or_in_doubt_goes_to_no_other_sender(
    desk: Desk, providers: Providers, answer: Says | Cuts, follows: set[str]
) -> None:
    await desk.has(URGENTLY, SMS)
    assert await desk.send(providers.twilio(answer, CREATED, senders=2)) == follows
    assert senders_asked(providers) == [FIRST]


MAILED = Says(200, {"MessageId": SES_ID})


@pytest.mark.parametrize(
    ("reply", "follows"),
    [
        row("450 greylisted", ("RCPT", "450 4.2.0 greylisted"), TOLD),
        row("cut before the mail", ("DATA", CUT), TOLD),
        row("554 5.7.1 content", ("DOT", "554 5.7.1 content"), TOLD),
        row("535 login", ("RCPT", "535 5.7.8 credentials"), TOLD, OPERATOR),
    ],
)
async def test_a_mail_that_the_relay_has_not_taken_goes_by_amazon_in_the_same_attempt(
    desk: Desk, providers: Providers, reply: tuple[str, str], follows: set[str]
) -> None:
    await desk.has(A_RECORD, EMAIL)
    assert await desk.send([*providers.smtp(reply), *providers.ses(MAILED)]) == follows
    assert len(providers.wire.heard) == 1


@pytest.mark.parametrize(
    ("reply", "follows"),
    [
        row("550 5.1.1 no such mailbox", ("RCPT", "550 5.1.1 unknown"), NEXT_CHANNEL, DEAD),
        row("cut after the mail", ("DOT", CUT), AGAIN, IN_DOUBT),
        row("taken", ("DOT", "250 2.0.0 queued"), TOLD),
    ],
)
async def test_a_mail_that_the_relay_may_have_or_that_has_nowhere_to_go_does_not_go_by_amazon(
    desk: Desk, providers: Providers, reply: tuple[str, str], follows: set[str]
) -> None:
    await desk.has(A_RECORD, EMAIL)
    assert await desk.send([*providers.smtp(reply), *providers.ses(MAILED)]) == follows
    assert providers.wire.heard == []


async def test_the_sender_whose_breaker_is_open_is_not_asked(desk: Desk, providers: Providers) -> None:
    await desk.is_failing("twilio", TryLater("busy"))
    await desk.has(URGENTLY, SMS)
    assert await desk.send(providers.twilio(CREATED, senders=2)) == {TOLD}
    assert senders_asked(providers) == [SECOND]


@pytest.mark.parametrize(
    ("answers", "asked"), [([CREATED], [FIRST]), ([refuses(20503, 503), CREATED], [FIRST, SECOND])]
)
async def test_a_failing_sender_is_probed_in_its_turn_with_the_healthy_one_behind_it(
    desk: Desk, providers: Providers, answers: list[Says], asked: list[str]
) -> None:
    await desk.is_failing("twilio", TryLater("busy"))
    desk.breakers.now = lambda: utc_now() + PROBE_AFTER
    await desk.has(URGENTLY, SMS)
    assert await desk.send(providers.twilio(*answers, senders=2)) == {TOLD}
    assert senders_asked(providers) == asked


async def test_what_the_healthy_one_refuses_is_not_asked_of_the_one_whose_breaker_is_open(
    desk: Desk, providers: Providers
) -> None:
    await desk.is_failing("twilio", TryLater("busy"))
    await desk.has(URGENTLY, SMS)
    assert await desk.send(providers.twilio(refuses(20429, 429), senders=2)) == {AGAIN}
    assert senders_asked(providers) == [SECOND]


@pytest.mark.parametrize(("has_next", "follows"), [(True, NEXT_CHANNEL), (False, again(30))])
async def test_an_open_breaker_leaves_the_news_to_the_next_channel_or_to_a_probe(
    desk: Desk, providers: Providers, has_next: bool, follows: str
) -> None:
    await desk.is_failing("twilio", TryLater("busy"))
    await desk.has(URGENTLY, SMS)
    assert await desk.send(providers.twilio(CREATED), has_next=has_next) == {follows}
    assert providers.wire.heard == []


NO_ANDROID = by_fcm.refuses(404, "NOT_FOUND", by_fcm.code("UNREGISTERED"))
NO_IPHONE, WRONG_KEY = apns_refuses(410, "Unregistered"), apns_refuses(403, "InvalidProviderToken")


@pytest.mark.parametrize(
    ("answers", "follows"),
    [
        row("one has it, one is gone", (by_fcm.SENT, NO_IPHONE), TOLD, DEAD),
        row("one has it, for one our key is wrong", (by_fcm.SENT, WRONG_KEY), TOLD, OPERATOR),
        row("one may have it, one is gone", (Cuts(), NO_IPHONE), AGAIN, IN_DOUBT, DEAD),
        row("one is gone, for one our key is wrong", (NO_ANDROID, WRONG_KEY), AGAIN, DEAD, OPERATOR),
        row("both are gone", (NO_ANDROID, NO_IPHONE), NEXT_CHANNEL, DEAD),
    ],
)
async def test_of_two_devices_the_better_answer_counts_and_the_other_is_not_forgotten(
    desk: Desk, providers: Providers, answers: tuple[Says | Cuts, Answer], follows: set[str]
) -> None:
    android, iphone = answers
    await desk.has(URGENTLY, PUSH, ANDROID, IPHONE)
    assert await desk.send([*providers.fcm(android), *providers.apns(iphone)]) == follows


async def in_doubt(desk: Desk, providers: Providers, news: Status) -> str:
    """A text that Twilio did not answer; answers its words."""
    await desk.has(news, SMS)
    assert await desk.send(providers.twilio(Cuts())) == {AGAIN, IN_DOUBT}
    return providers.wire.heard[0].form["Body"]


def methods(providers: Providers) -> list[str]:
    return [request.method for request in providers.wire.heard]


@pytest.mark.parametrize("news", [URGENTLY, ROUTINE])
async def test_a_text_in_doubt_that_is_on_twilios_list_was_told(
    desk: Desk, providers: Providers, news: Status
) -> None:
    text = await in_doubt(desk, providers, news)
    assert await desk.send(providers.twilio(listed(entry(text))), 2) == {TOLD}
    assert methods(providers) == ["GET"]


async def test_an_urgent_text_in_doubt_that_is_not_on_the_list_is_sent(
    desk: Desk, providers: Providers
) -> None:
    await in_doubt(desk, providers, URGENTLY)
    assert await desk.send(providers.twilio(listed(), CREATED), 2) == {TOLD}
    assert methods(providers) == ["GET", "POST"]


async def test_a_text_in_doubt_that_can_wait_and_is_not_on_the_list_rests(
    desk: Desk, providers: Providers
) -> None:
    await in_doubt(desk, providers, ROUTINE)
    assert await desk.send(providers.twilio(listed()), 2) == {RESTS}
    assert methods(providers) == ["GET"]


async def test_an_urgent_text_that_is_in_doubt_twice_rests(desk: Desk, providers: Providers) -> None:
    await in_doubt(desk, providers, URGENTLY)
    assert await desk.send(providers.twilio(listed(), Cuts()), 2) == {RESTS}


async def test_a_text_in_doubt_waits_for_a_list_that_cannot_be_read(desk: Desk, providers: Providers) -> None:
    await in_doubt(desk, providers, URGENTLY)
    assert await desk.send(providers.twilio(Says(500)), 2) == {again(30), IN_DOUBT}
    assert methods(providers) == ["GET"]


async def test_a_text_in_doubt_whose_list_stays_unreadable_rests_as_unknown(
    desk: Desk, providers: Providers
) -> None:
    await in_doubt(desk, providers, URGENTLY)
    once = Effort(waits=(5,))
    assert await desk.send(providers.twilio(Says(500)), 2, effort=once) == {RESTS}


async def test_a_push_in_doubt_is_sent_until_there_is_an_answer_the_same_each_time(
    desk: Desk, providers: Providers
) -> None:
    await desk.has(URGENTLY, PUSH, IPHONE)
    apns = providers.apns(Cut(), Reset())
    assert await desk.send(apns) == {AGAIN, IN_DOUBT}
    assert await desk.send(apns, 2) == {again(30), IN_DOUBT}
    assert await desk.send(apns, 3) == {TOLD}
    assert len({asked.one("apns-collapse-id") for asked in providers.apple.asked}) == 1


@pytest.mark.parametrize("by", ["smtp", "ses"])
async def test_a_mail_in_doubt_is_sent_once_more_when_it_is_a_record(
    desk: Desk, providers: Providers, by: str
) -> None:
    await desk.has(A_RECORD, EMAIL)
    mail = providers.smtp(("DOT", CUT)) if by == "smtp" else providers.ses(Cuts())
    assert await desk.send(mail) == {AGAIN, IN_DOUBT}
    assert await desk.send(mail, 2) == {RESTS}
    assert len(providers.relay.mails if by == "smtp" else providers.wire.heard) == 2


@pytest.mark.parametrize("by", ["smtp", "ses"])
async def test_a_mail_in_doubt_that_is_no_record_rests_at_once(
    desk: Desk, providers: Providers, by: str
) -> None:
    await desk.has(URGENTLY, EMAIL)
    mail = providers.smtp(("DOT", CUT)) if by == "smtp" else providers.ses(Cuts())
    assert await desk.send(mail) == {RESTS}


async def test_a_wait_that_a_provider_asks_for_keeps_urgent_news_no_longer_than_45_seconds(
    desk: Desk, providers: Providers
) -> None:
    await desk.has(URGENTLY, PUSH, ANDROID)
    busy = providers.fcm(Says(429))
    assert await desk.send(busy, effort=URGENT) == {again(45)}
    after = desk.told.told_at + timedelta(seconds=46)
    assert await desk.send(busy, 2, at=after, effort=URGENT) == {NEXT_CHANNEL}
    assert len(providers.wire.calls_to(by_fcm.PATH)) == 1


async def test_a_quota_that_lasts_longer_than_the_news_gives_the_channel_up_at_once(
    desk: Desk, providers: Providers
) -> None:
    await desk.has(ROUTINE, EMAIL)
    used_up = ses_refuses(400, "ThrottlingException", "Daily message quota exceeded.")
    assert await desk.send(providers.ses(used_up)) == {NEXT_CHANNEL, OPERATOR}


async def test_after_each_failure_the_wait_is_longer_and_after_the_last_the_next_takes_over(
    desk: Desk, providers: Providers
) -> None:
    await desk.has(URGENTLY, SMS)
    busy = providers.twilio(refuses(20429, 429))
    seen = [await desk.send(busy, attempt) for attempt in range(1, 6)]
    assert seen == [{again(5)}, {again(30)}, {again(120)}, {again(600)}, {NEXT_CHANNEL}]
