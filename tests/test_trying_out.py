"""The command that sends a test: an operator sees which provider answered what, and where to look next."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest

from activities.channels import FIRST_SETTINGS, apns_answers, fcm, google_sign_in, ses, twilio_codes
from domain.channels import Channel
from domain.messages import Message, Words
from domain.orders import BadInput
from domain.outcomes import Accepted, Gone, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address
from operating import trying_out
from operating.explaining import answer_of, meaning_of, next_step
from operating.remedies import REMEDIES
from operating.trying_out import Carried, Environment, Platform, address_of, send_one
from simulator import Fault, aws
from simulator.faults import Kind, Provider
from simulator.providers import TWILIO_AUTH_TOKEN, ses_settings, settings_for
from simulator.server import Simulator
from tests.processes import HOME, Ended, run

PUSH, SMS, EMAIL = Carried.PUSH, Carried.SMS, Carried.EMAIL
IOS, ANDROID = Platform.IOS, Platform.ANDROID
TOKEN, PHONE, MAIL = "a1b2" * 16, "+15550100", "ana@example.org"
COMMANDS: Mapping[Provider, tuple[str, ...]] = {
    "apns": ("push", "--platform", "ios", "--environment", "sandbox", "--to", TOKEN),
    "fcm": ("push", "--platform", "android", "--fid", "--locale", "es-MX", "--to", "fid-1"),
    "twilio": ("sms", "--to", PHONE),
    "smtp": ("email", "--to", MAIL),
    "ses": ("email", "--provider", "ses", "--to", MAIL),
}
ADDRESSES: Mapping[Provider, Address] = {
    "apns": address_of(PUSH, TOKEN, IOS),
    "fcm": address_of(PUSH, "tok-1", ANDROID),
    "twilio": address_of(SMS, PHONE),
    "smtp": address_of(EMAIL, MAIL),
    "ses": address_of(EMAIL, MAIL),
}
SECRETS = (TWILIO_AUTH_TOKEN, aws.SECRET_ACCESS_KEY, "eyJ", "PRIVATE", "Bearer")
# Whoever succeeds with it asked for no database.
NO_DATABASE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}

Said = dict[str, str]


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def settings(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every provider there is."""
    folder = tmp_path_factory.mktemp("keys")
    return {**settings_for(simulator, folder), **ses_settings(simulator.port), **NO_DATABASE}


@pytest.fixture(autouse=True)
def all_is_well(simulator: Simulator) -> None:
    simulator.clear_faults()
    simulator.clear_received()


async def send_test(settings: Mapping[str, str], *arguments: str) -> Ended:
    return await run("starter.py", "test-send", *arguments, settings=settings)


def read(out: str) -> Said:
    """What was said of each thing. The name of the simulator's Firebase project is not the secret."""
    assert not [secret for secret in SECRETS if secret in out.replace("projects/simulated", "")]
    return dict(re.split(r"\s+", line, maxsplit=1) for line in out.splitlines())


async def by_command(settings: Mapping[str, str], *providers: Provider) -> dict[Provider, tuple[int, Said]]:
    """The exit code of each provider's test, and what was said. Nothing is said elsewhere."""
    ended = await asyncio.gather(*(send_test(settings, *COMMANDS[by]) for by in providers))
    assert [one.err for one in ended] == [""] * len(providers)
    return {by: (one.code, read(one.out)) for by, one in zip(providers, ended, strict=True)}


# The command


async def test_one_real_message_marked_as_a_test_leaves_by_each_provider(
    simulator: Simulator, settings: dict[str, str]
) -> None:
    ended = await by_command(settings, *COMMANDS)

    received = {one.provider: one for one in simulator.received}
    assert (len(simulator.received), set(received)) == (len(COMMANDS), set(COMMANDS))
    for by, (code, said) in ended.items():
        assert (code, said["provider"].split()[0]) == (0, by)
        assert list(said) == ["provider", "message", "answer", "meaning", "next"]
        assert said["answer"].startswith("accepted, its reference there is ")
        assert received[by].address == COMMANDS[by][-1]
        assert said["message"] in received[by].text

    assert received["twilio"].text == "TEST: Your order from Test is on its way."
    assert received["fcm"].text == "TEST: En camino\nTEST: Tu pedido de Test va en camino."
    assert '"fid"' in received["fcm"].raw.body
    assert "text/html" in received["smtp"].raw.body, "the real page"
    assert received["twilio"].key in ended["twilio"][1]["answer"]
    assert received["smtp"].key in ended["smtp"][1]["answer"]


async def test_whatever_is_not_accepted_ends_with_1_and_names_where_to_look(
    simulator: Simulator, settings: dict[str, str]
) -> None:
    simulator.set_faults(
        [
            Fault(kind="cut_after", provider="apns"),
            Fault(kind="dead", provider="fcm"),
            Fault(kind="credentials", provider="twilio"),
        ]
    )

    expected: Mapping[Provider, tuple[str, str]] = {
        "apns": ("unknown: APNs: no answer came", "before you send another"),
        "fcm": ("gone: FCM UNREGISTERED", "the token that it has now"),
        "twilio": ("our own mistake: Twilio 20003: credentials", "TWILIO_AUTH_TOKEN"),
    }
    ended = await by_command(settings, *expected)
    for by, (answer, look_at) in expected.items():
        code, said = ended[by]
        assert (code, said["answer"]) == (1, answer)
        assert look_at in said["next"]


async def test_what_is_not_configured_or_mistyped_is_one_line(settings: dict[str, str]) -> None:
    nothing, half, mistyped = await asyncio.gather(
        send_test(NO_DATABASE, "email", "--to", MAIL),
        send_test({**NO_DATABASE, "TWILIO_ACCOUNT_SID": f"AC{1:032x}"}, "sms", "--to", PHONE),
        send_test(settings, "sms", "--to", "555"),
    )

    assert [one.code for one in (nothing, half, mistyped)] == [1, 1, 1]
    assert nothing.problem == (
        "starter: email: no provider for it is configured, set SMTP_HOST or SES_REGION first,"
        " see docs/settings.md"
    )
    assert half.problem.startswith("starter: TWILIO_AUTH_TOKEN: missing")
    assert mistyped.problem == (
        "starter: --to: is no phone number with its country, write for example +15550100"
    )


async def test_the_help_is_a_manual() -> None:
    ended = await send_test({}, "--help")

    assert ended.code == 0
    text = " ".join(ended.out.replace("│", " ").split())
    for says in (
        *("ONE real message", "push|sms|email", "--to", "ios|android", "production|sandbox", "--fid"),
        *("--provider", "--locale", "Exit code 0", "neither Temporal nor the database", "sms --to +15550100"),
    ):
        assert says in text


# Every answer of every provider

OUTCOMES: list[tuple[Kind, Provider, str, str]] = [
    ("credentials", "apns", "our own mistake: APNs InvalidProviderToken", "APNS_KEY_ID"),
    ("credentials", "fcm", "our own mistake: FCM UNAUTHENTICATED", "FCM_SERVICE_ACCOUNT_FILE"),
    ("credentials", "twilio", "our own mistake: Twilio 20003: credentials", "TWILIO_ACCOUNT_SID"),
    ("credentials", "smtp", "our own mistake: SMTP 530 5.7.0", "SMTP_PASSWORD"),
    ("credentials", "ses", "our own mistake: SES Unrecognized", "AWS_ACCESS_KEY_ID"),
    ("dead", "apns", "gone: APNs Unregistered", "the token that it has now"),
    ("dead", "fcm", "gone: FCM UNREGISTERED", "the token that it has now"),
    ("dead", "twilio", "gone: Twilio 21211: not a phone number", "only a mobile number"),
    ("dead", "smtp", "gone: SMTP 5.1.1: no such mailbox", "no such mailbox"),
    ("dead", "ses", "accepted", "Amazon's events"),
    ("refuse", "apns", "refused: APNs PayloadTooLarge", "the provider's own pages"),
    ("refuse", "fcm", "refused: FCM INVALID_ARGUMENT", "--fid"),
    ("refuse", "twilio", "our own mistake: Twilio 21612: sender cannot reach", "TWILIO_FROM"),
    ("refuse", "smtp", "refused: SMTP 554 5.7.1", "EMAIL_FROM"),
    ("refuse", "ses", "refused: SES MessageRejected", "the provider's own pages"),
    ("cut_after", "apns", "unknown: APNs: no answer came", "APNS_..."),
    ("cut_after", "fcm", "unknown: FCM: no answer came", "FCM_..."),
    ("cut_after", "twilio", "unknown: Twilio: no answer came", "TWILIO_..."),
    ("cut_after", "smtp", "unknown: SMTP: no answer after the mail", "SMTP_..."),
    ("cut_after", "ses", "unknown: SES: no answer came", "SES_..."),
    ("error", "apns", "try later: APNs ServiceUnavailable", "Try again in a minute"),
    ("error", "fcm", "try later: FCM UNAVAILABLE", "Try again in a minute"),
    ("error", "twilio", "try later: Twilio 20503: unavailable", "Try again in a minute"),
    ("error", "smtp", "try later: SMTP 451 4.3.0", "Try again in a minute"),
    ("error", "ses", "unknown: SES HTTP 503", "before you send another"),
    ("throttle", "fcm", "try later: FCM QUOTA_EXCEEDED, in 60 s at the earliest", "Try again in a minute"),
]


@pytest.mark.parametrize(("kind", "by", "answer", "look_at"), OUTCOMES)
async def test_every_answer_of_every_provider_is_explained(
    simulator: Simulator,
    settings: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    kind: Kind,
    by: Provider,
    answer: str,
    look_at: str,
) -> None:
    simulator.set_faults([Fault(kind=kind, provider=by)])

    await send_one(settings, ADDRESSES[by], wanted=by)

    said = read(capsys.readouterr().out)
    assert said["provider"].split()[0] == by
    assert said["answer"].startswith(answer)
    assert look_at in said["next"]


async def test_one_that_cannot_be_reached_is_explained_by_its_settings(
    settings: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    await send_one({**settings, "SMTP_PORT": "1", "APNS_BASE_URL": "https://127.0.0.1:1"}, ADDRESSES["smtp"])
    await send_one({**settings, "APNS_BASE_URL": "https://127.0.0.1:1"}, ADDRESSES["apns"])

    out = capsys.readouterr().out
    assert "try later: SMTP: could not connect" in out
    assert "try later: APNs: could not connect" in out
    assert "SMTP_HOST, SMTP_PORT" in out
    assert "APNS_BASE_URL" in out


# Which provider


async def test_the_first_that_carries_it_sends_and_the_others_are_named(
    simulator: Simulator, settings: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    two_numbers = {**settings, "TWILIO_FROM": "+15550101,+15550102"}

    await send_one(two_numbers, ADDRESSES["smtp"])
    first = read(capsys.readouterr().out)["provider"]
    await send_one(two_numbers, ADDRESSES["twilio"], wanted="twilio_2")
    second = read(capsys.readouterr().out)["provider"]

    assert first == "smtp (also there, see --provider: ses)"
    assert second == "twilio_2 (also there, see --provider: twilio)"
    assert [one.provider for one in simulator.received] == ["smtp", "twilio"]
    assert "%2B15550102" in simulator.received[1].raw.body


async def test_nothing_is_sent_by_one_that_does_not_carry_it(
    simulator: Simulator, settings: dict[str, str]
) -> None:
    with pytest.raises(BadInput) as other_channel:
        await send_one(settings, ADDRESSES["smtp"], wanted="twilio")
    with pytest.raises(BadInput) as other_phone:
        await send_one({**settings, **dict.fromkeys(APNS, "")}, ADDRESSES["apns"])

    assert str(other_channel.value) == "--provider: twilio does not carry this here, use one of smtp, ses"
    assert str(other_phone.value) == (
        "push to ios: no provider for it is configured, set APNS_KEY_FILE first, see docs/settings.md"
    )
    assert simulator.received == []


APNS = tuple(f"APNS_{name}" for name in ("KEY_FILE", "KEY_ID", "TEAM_ID", "TOPIC", "BASE_URL", "CA_FILE"))


def test_every_first_setting_is_named_for_what_its_provider_carries() -> None:
    assert set(trying_out._CARRIES) == set(FIRST_SETTINGS)


# What cannot be an address


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param((EMAIL, "ana"), "--to: is no e-mail address", id="no mailbox"),
        pytest.param((PUSH, "", ANDROID), "--to: ", id="nothing"),
        pytest.param((PUSH, "x" * 4097, ANDROID), "--to: ", id="a file instead of a token"),
        pytest.param((PUSH, TOKEN), "--platform: missing, say whether", id="no platform"),
        pytest.param((PUSH, TOKEN, ANDROID, Environment.SANDBOX), "--environment: is for ios", id="Apple's"),
        pytest.param((SMS, PHONE, IOS), "--platform: is for push alone, remove it", id="a device"),
        pytest.param((SMS, PHONE, None, Environment.SANDBOX), "--environment: is for push", id="a host"),
    ],
)
def test_what_does_not_fit_the_channel_is_refused_by_its_option(
    given: tuple[Carried, str], problem: str
) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(problem)}") as refused:
        address_of(*given)

    assert given[1] == "" or given[1] not in str(refused.value)


def test_a_wrong_language_and_an_installation_id_of_an_iphone_are_refused_by_their_options() -> None:
    with pytest.raises(BadInput, match=r"^--locale: is no language"):
        address_of(SMS, PHONE, locale="Martian!")
    with pytest.raises(BadInput, match=r"^--fid: is for android alone"):
        address_of(PUSH, TOKEN, IOS, is_fid=True)


# The explanations


def mistakes_of_ours() -> Iterator[str]:
    """Every reason in a table of the adapters that asks an operator to do something."""
    tables: list[Mapping[str, Outcome] | Mapping[int, Outcome]] = [
        apns_answers.ERRORS,
        fcm.ERRORS,
        fcm.STATUSES,
        twilio_codes.ERRORS,
        ses.ERRORS,
    ]
    outcomes = [outcome for table in tables for outcome in table.values()]
    for outcome in (*outcomes, google_sign_in.REFUSED, ses.QUOTA, ses.SANDBOX):
        if isinstance(outcome, TryLater) and outcome.ours:
            yield outcome.reason


# How we speak to a provider: an operator has no setting for it.
BUGS = {
    *("APNs BadPath", "APNs MethodNotAllowed", "APNs BadCertificate", "Twilio 20004: method not allowed"),
    *("SES BadRequestException", "SES SerializationException", "SES ValidationException"),
}


@pytest.mark.parametrize("reason", sorted(set(mistakes_of_ours())))
def test_every_mistake_that_an_operator_can_put_right_has_its_remedy(reason: str) -> None:
    assert any(reason.startswith(beginning) for beginning in REMEDIES) == (reason not in BUGS)


def test_every_remedy_is_for_a_reason_that_there_is() -> None:
    adapters = "".join(file.read_text() for file in (HOME / "activities" / "channels").glob("*.py"))
    # The tables put a reason together of the provider's name and what comes after it.
    parts = {reason: re.sub(r"^(APNs|SES|SMTP):? ", "", reason) for reason in REMEDIES}
    assert [reason for reason, part in parts.items() if part not in adapters] == []


def test_every_setting_that_a_remedy_names_is_documented() -> None:
    documented = (HOME / "docs" / "settings.md").read_text()
    named = {name for text in REMEDIES.values() for name in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text)}
    assert len(named) > 15
    assert [name for name in sorted(named) if f"`{name}`" not in documented] == []


@pytest.mark.parametrize(
    ("outcome", "answer", "meaning"),
    [
        (Accepted("id-1"), "accepted, its reference there is id-1", "The provider has it."),
        (Refused("no"), "refused: no", "Nothing was sent: the provider never takes"),
        (Gone("dead"), "gone: dead", "Nothing was sent: the address is dead"),
        (Gone("STOP", opted_out=True), "gone: STOP", "Nothing was sent: its owner wants nothing"),
        (TryLater("busy"), "try later: busy", "Nothing was sent: the provider cannot take it now"),
        (TryLater("busy", wait=90.4), "try later: busy, in 90 s at the earliest", "Nothing was sent"),
        (TryLater("wrong", ours=True), "our own mistake: wrong", "Nothing was sent: something on our side"),
        (Unknown("silence"), "unknown: silence", "The call went out"),
    ],
)
def test_every_outcome_has_words_of_its_own(outcome: Outcome, answer: str, meaning: str) -> None:
    assert answer_of(outcome) == answer
    assert meaning_of(outcome).startswith(meaning)


def test_a_reason_that_is_new_to_us_leads_to_the_settings_of_its_provider() -> None:
    step = next_step(TryLater("Twilio 99999", ours=True), "twilio_2", Address(Channel.SMS, PHONE))

    assert "the settings TWILIO_... in docs/settings.md" in step


class Buggy:
    """A provider of ours with a bug, whose text holds what nobody must see."""

    name, channel = "buggy", Channel.SMS

    def carries(self, address: Address) -> bool:
        return True

    async def send(self, message: Message, address: Address) -> Outcome:
        raise RuntimeError(TWILIO_AUTH_TOKEN)


async def test_a_bug_of_ours_is_named_without_its_text() -> None:
    message = trying_out._message(Words("On its way", "On its way."))

    outcome = await trying_out._send(Buggy(), message, ADDRESSES["twilio"])

    assert outcome == TryLater("a bug of ours, RuntimeError", ours=True)
