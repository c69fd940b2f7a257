"""The command that tries a provider out: one real message to an address of one's own, and what came back."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer
from pydantic import ValidationError

from domain.channels import Channel
from domain.messages import Message, Words
from domain.orders import BadInput
from domain.outcomes import Accepted, Outcome, TryLater
from domain.recipients import Address, Recipient
from domain.status import Role, Status
from leaving import FAILED
from operating.explaining import answer_of, meaning_of, next_step

if TYPE_CHECKING:
    from activities.provider import Provider


class Carried(StrEnum):
    """The channels that providers carry: our own inbox needs no trying out."""

    PUSH = "push"
    SMS = "sms"
    EMAIL = "email"


class Platform(StrEnum):
    """What shows pushes."""

    IOS = "ios"
    ANDROID = "android"


class Environment(StrEnum):
    """Which of Apple's two hosts knows a token."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


# Real words in the real page, and nothing in them that anybody could wait for.
_STATUS, _FACTS, _MARK = Status.OUT_FOR_DELIVERY, {"merchant_name": "Test"}, "TEST: "
# The operator is looking: what arrives later than this only startles.
_USEFUL_FOR = 600
# One that is not here may carry anything.
_CARRIES = {
    "APNS_KEY_FILE": Platform.IOS,
    "FCM_SERVICE_ACCOUNT_FILE": Platform.ANDROID,
    "TWILIO_ACCOUNT_SID": Carried.SMS,
    "SMTP_HOST": Carried.EMAIL,
    "SES_REGION": Carried.EMAIL,
}


def try_out(
    channel: Annotated[Carried, typer.Argument(help="What to send.")],
    to: Annotated[
        str,
        typer.Option(help="Where to: a phone number, an e-mail address or a device's token, of your own."),
    ],
    platform: Annotated[Platform | None, typer.Option(help="What the device is; push needs it.")] = None,
    environment: Annotated[
        Environment | None,
        typer.Option(
            help="Of an ios token: sandbox is what an app run from Xcode has; production if left out."
        ),
    ] = None,
    is_fid: Annotated[
        bool, typer.Option("--fid", help="Of android: --to is a Firebase installation id.")
    ] = False,
    provider: Annotated[
        str | None, typer.Option(help="Which one, where several carry it; the first if left out.")
    ] = None,
    locale: Annotated[str, typer.Option(help="In which language.")] = "en",
) -> None:
    """Send ONE real message, marked as a test, and say what the provider's answer means and what to do next.

    It uses the provider settings in this shell, exactly as worker.py would. It needs neither Temporal nor the
    database, and leaves nothing in the ledger. Exit code 0 means that the provider accepted the message.

    For example: starter.py test-send sms --to +15550100
    or: starter.py test-send push --to a1b2 --platform ios --environment sandbox
    """
    address = address_of(channel, to, platform, environment, is_fid=is_fid, locale=locale)
    outcome = asyncio.run(send_one(os.environ, address, locale, provider))
    if not isinstance(outcome, Accepted):
        raise typer.Exit(FAILED)


def _device(
    channel: Carried, to: str, platform: Platform | None, environment: Environment | None, *, is_fid: bool
) -> Mapping[str, str]:
    """The device of a push as a recipient has one. Nothing for the other channels, which have none."""
    if channel is not Carried.PUSH:
        given = {"--platform": platform, "--environment": environment, "--fid": is_fid}
        for option in (option for option, value in given.items() if value):
            raise BadInput(option, "is for push alone, remove it")
        return {}
    if platform is None:
        raise BadInput("--platform", "missing, say whether the device is ios or android")
    if platform is Platform.ANDROID and environment:
        raise BadInput("--environment", "is for ios alone, remove it")
    if platform is Platform.IOS and is_fid:
        raise BadInput("--fid", "is for android alone, give the token")
    kind = "fid" if is_fid else "token"
    return {"platform": platform, kind: to, "environment": environment or Environment.PRODUCTION}


def address_of(
    channel: Carried,
    to: str,
    platform: Platform | None = None,
    environment: Environment | None = None,
    *,
    is_fid: bool = False,
    locale: str = "en",
) -> Address:
    """Where to send to, held to what holds for recipients. BadInput names the option that is wrong."""
    device = _device(channel, to, platform, environment, is_fid=is_fid)
    where: dict[Carried, dict[str, Any]] = {
        Carried.PUSH: {"devices": [device]},
        Carried.SMS: {"phone": to},
        Carried.EMAIL: {"email": to},
    }
    raw = {"recipient_id": "test", "role": Role.CUSTOMER, "locale": locale, **where[channel]}
    try:
        recipient = Recipient.model_validate(raw)
    except ValidationError as error:
        wrong = BadInput.first_of(error, "--to")
        raise BadInput("--locale" if wrong.field == "locale" else "--to", wrong.problem) from None
    (address,) = recipient.addresses(Channel(channel))
    return address


async def send_one(
    environ: Mapping[str, str], address: Address, locale: str = "en", wanted: str | None = None
) -> Outcome:
    """Send one and say what comes of it. BadInput when ``environ`` has no provider, or not that one."""
    from activities import channels  # noqa: PLC0415 only this command needs it: half a second
    from activities.channels.http import new_client  # noqa: PLC0415 as above
    from activities.wording import FluentWording  # noqa: PLC0415 as above
    from settings import Settings  # noqa: PLC0415 as above

    async with new_client() as http:
        built = channels.build(Settings.read(environ).providers, http)
        carriers = [provider for provider in built if provider.carries(address)]
        provider = _chosen(carriers, address, wanted, channels.FIRST_SETTINGS)
        words = FluentWording().words(locale, Role.CUSTOMER, address.channel, (_STATUS,), _FACTS)
        message = _message(words)
        # Before the call: a provider may take half a minute to answer.
        _say("provider", provider.name + _others(carriers, provider))
        _say("message", message.words.text)
        outcome = await _send(provider, message, address)
    _say("answer", answer_of(outcome))
    _say("meaning", meaning_of(outcome))
    _say("next", next_step(outcome, provider.name, address))
    return outcome


def _chosen(
    carriers: "Sequence[Provider]", address: Address, wanted: str | None, first_settings: Sequence[str]
) -> "Provider":
    if not carriers:
        what = address.platform or address.channel
        names = [name for name in first_settings if _CARRIES.get(name, what) == what]
        where = f"push to {address.platform}" if address.platform else str(address.channel)
        raise BadInput(
            where, f"no provider for it is configured, set {' or '.join(names)} first, see docs/settings.md"
        )
    if wanted is None:
        return carriers[0]
    known = {provider.name: provider for provider in carriers}
    if wanted not in known:
        raise BadInput("--provider", f"{wanted} does not carry this here, use one of {', '.join(known)}")
    return known[wanted]


def _others(carriers: "Sequence[Provider]", chosen: "Provider") -> str:
    names = ", ".join(provider.name for provider in carriers if provider is not chosen)
    return f" (also there, see --provider: {names})" if names else ""


def _message(words: Words) -> Message:
    return Message(
        # A new one each time: a device shows one id once.
        message_id=str(uuid4()),
        order_id="test",
        words=replace(words, title=_MARK + words.title, text=_MARK + words.text),
        path=(_STATUS,),
        priority=_STATUS.rule.told[Role.CUSTOMER].priority,
        seconds_left=_USEFUL_FOR,
        facts=_FACTS,
    )


async def _send(provider: "Provider", message: Message, address: Address) -> Outcome:
    try:
        return await provider.send(message, address)
    except Exception as bug:  # noqa: BLE001 its text may hold a secret: the type has to do
        return TryLater(f"a bug of ours, {type(bug).__name__}", ours=True)


def _say(what: str, text: str) -> None:
    typer.echo(f"{what:<10}{text}")
