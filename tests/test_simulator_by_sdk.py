"""The simulator as the vendors' own SDKs see it: they find in it what they would find at the vendors'."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import firebase_admin  # type: ignore[import-untyped]  # it ships no types
import google.auth.transport.requests
import pytest
import requests
from firebase_admin import credentials, exceptions, messaging
from google.auth.exceptions import RefreshError
from google.oauth2 import service_account
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException  # type: ignore[import-untyped]  # as above
from twilio.rest import Client  # type: ignore[import-untyped]  # as above

from activities.channels import fcm
from simulator import Fault, Simulator
from simulator.providers import TWILIO_ACCOUNT, TWILIO_AUTH_TOKEN, settings_for

ANA = "+15550101"


class Redirected(HTTPAdapter):
    """What an SDK sends to its vendor goes to the simulator, otherwise unchanged."""

    def __init__(self, vendor: str, url: str) -> None:
        super().__init__()
        self.vendor, self.url = vendor, url

    def send(self, request: requests.PreparedRequest, *arguments: Any, **more: Any) -> requests.Response:
        request.url = str(request.url).replace(self.vendor, self.url)
        return super().send(request, *arguments, **more)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as simulator:
        yield simulator


async def beside(call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """The SDKs block: the simulator answers meanwhile, on this loop."""
    return await asyncio.to_thread(call, *arguments, **more)


# Twilio's.


def twilio_client(simulator: Simulator, auth_token: str = TWILIO_AUTH_TOKEN) -> Any:
    client = Client(TWILIO_ACCOUNT, auth_token)
    session = client.http_client.session
    session.mount("https://api.twilio.com", Redirected("https://api.twilio.com", simulator.url))
    return client


@pytest.fixture
def twilio(simulator: Simulator) -> Iterator[Any]:
    client = twilio_client(simulator)
    yield client
    client.http_client.session.close()


async def created(twilio: Any, **more: Any) -> Any:
    text = {"to": ANA, "from_": "+15550199", "body": "On its way.", "validity_period": 600, **more}
    return await beside(twilio.messages.create, **text)


async def test_twilios_sdk_sends_a_text(simulator: Simulator, twilio: Any) -> None:
    message = await created(twilio, body="a" * 161)

    assert (message.status, message.num_segments, message.error_code) == ("queued", "2", None)
    assert (message.to, message.from_, message.account_sid) == (ANA, "+15550199", TWILIO_ACCOUNT)
    assert abs(message.date_created - datetime.now(UTC)) < timedelta(minutes=1)
    assert [(one.address, one.key) for one in simulator.received] == [(ANA, message.sid)]


async def test_twilios_sdk_fetches_what_became_of_a_text(simulator: Simulator, twilio: Any) -> None:
    delivered = await created(twilio)
    simulator.set_faults([Fault(kind="undelivered", provider="twilio", code=30005)])
    lost = await created(twilio, body="Lost")

    delivered, lost = [await beside(twilio.messages(one.sid).fetch) for one in (delivered, lost)]

    assert (delivered.status, delivered.error_code, delivered.body) == ("delivered", None, "On its way.")
    assert (lost.status, lost.error_code, lost.direction) == ("undelivered", 30005, "outbound-api")
    assert lost.date_sent is not None


async def test_twilios_sdk_lists_texts_page_by_page(twilio: Any) -> None:
    for number in range(5):
        await created(twilio, body=f"text {number}")
        await created(twilio, to="+15550102")

    since = datetime.now(UTC) - timedelta(hours=1)
    listed = await beside(twilio.messages.list, to=ANA, date_sent_after=since, page_size=2)
    assert [one.body for one in listed] == [f"text {number}" for number in (4, 3, 2, 1, 0)]
    assert len(await beside(twilio.messages.list, to=ANA, limit=3)) == 3
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert await beside(twilio.messages.list, to=ANA, date_sent_after=tomorrow) == []


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault(kind="dead"), 400, 21211),
        (Fault(kind="dead", provider="twilio", code=21610), 400, 21610),
        (Fault(kind="throttle"), 429, 20429),
        (Fault(kind="error", status=500), 500, 20500),
        (Fault(kind="credentials"), 401, 20003),
    ],
)
async def test_twilios_sdk_raises_its_exception_with_the_code(
    simulator: Simulator, twilio: Any, fault: Fault, status: int, code: int
) -> None:
    simulator.set_faults([fault])
    with pytest.raises(TwilioRestException) as raised:
        await created(twilio)
    assert (raised.value.status, raised.value.code) == (status, code)


async def test_twilios_sdk_is_told_what_is_not_there_or_not_its_own(
    simulator: Simulator, twilio: Any
) -> None:
    with pytest.raises(TwilioRestException) as raised:
        await beside(twilio.messages("SM" + "0" * 32).fetch)
    assert (raised.value.status, raised.value.code) == (404, 20404)

    intruder = twilio_client(simulator, "guessed")
    with pytest.raises(TwilioRestException) as raised:
        await created(intruder)
    assert (raised.value.status, raised.value.code) == (401, 20003)
    # For its lists the SDK has no more than this.
    with pytest.raises(TwilioException, match="HTTP 401"):
        await beside(intruder.messages.list)
    intruder.http_client.session.close()


# Google's.


@pytest.fixture
def key_file(simulator: Simulator, tmp_path: Path) -> str:
    settings = settings_for(simulator, tmp_path)
    return settings["FCM_SERVICE_ACCOUNT_FILE"]


@pytest.fixture
def app(simulator: Simulator, key_file: str) -> Iterator[firebase_admin.App]:
    app = firebase_admin.initialize_app(credentials.Certificate(key_file), name="simulated")
    # Nothing public leads to the SDK's session.
    session = messaging._get_messaging_service(app)._client.session
    session.mount("https://fcm.googleapis.com", Redirected("https://fcm.googleapis.com", simulator.url))
    yield app
    firebase_admin.delete_app(app)
    session.close()


def a_push(**more: Any) -> messaging.Message:
    android = messaging.AndroidConfig(
        collapse_key="A17",
        priority="high",
        ttl=timedelta(seconds=600),
        notification=messaging.AndroidNotification(tag="m-1", channel_id="urgent"),
    )
    shown = messaging.Notification(title="Burger Barn", body="On its way.")
    return messaging.Message(**{"fid": "fid-1", "notification": shown, "android": android, **more})


async def test_firebases_sdk_sends_a_push(simulator: Simulator, app: firebase_admin.App) -> None:
    name = await beside(messaging.send, a_push(data={"order_id": "A17"}), app=app)

    assert name.startswith("projects/simulated/messages/")
    (received,) = simulator.received
    assert (received.address, received.text) == ("fid-1", "Burger Barn\nOn its way.")
    assert received.key == "m-1"


async def test_firebases_sdk_still_knows_tokens(simulator: Simulator, app: firebase_admin.App) -> None:
    with pytest.warns(DeprecationWarning, match="Use Message.fid instead"):
        push = a_push(fid=None, token="tok-1")  # noqa: S106 a device's, and made up
    await beside(messaging.send, push, app=app)
    assert [received.address for received in simulator.received] == ["tok-1"]


async def test_firebases_sdk_only_tries_a_push(simulator: Simulator, app: firebase_admin.App) -> None:
    assert await beside(messaging.send, a_push(), dry_run=True, app=app)
    assert simulator.received == []


def fcm_code(code: str) -> Fault:
    return Fault(kind="dead", provider="fcm", code=code)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (fcm_code("UNREGISTERED"), messaging.UnregisteredError),
        (fcm_code("SENDER_ID_MISMATCH"), messaging.SenderIdMismatchError),
        (fcm_code("QUOTA_EXCEEDED"), messaging.QuotaExceededError),
        (fcm_code("THIRD_PARTY_AUTH_ERROR"), messaging.ThirdPartyAuthError),
        (fcm_code("INVALID_ARGUMENT"), exceptions.InvalidArgumentError),
        (Fault(kind="refuse"), exceptions.InvalidArgumentError),
        (Fault(kind="credentials"), exceptions.UnauthenticatedError),
        (Fault(kind="error", status=404), exceptions.NotFoundError),
        (Fault(kind="error", status=500), exceptions.InternalError),
        (Fault(kind="error"), exceptions.UnavailableError),
    ],
    ids=lambda one: str(one.code or one.status or one.kind) if isinstance(one, Fault) else one.__name__,
)
async def test_firebases_sdk_raises_the_error_that_it_has_for_each(
    simulator: Simulator, app: firebase_admin.App, fault: Fault, error: type[Exception]
) -> None:
    simulator.set_faults([fault])
    with pytest.raises(error) as raised:
        await beside(messaging.send, a_push(), app=app)
    assert type(raised.value) is error


async def test_googles_sdk_signs_in(simulator: Simulator, key_file: str) -> None:
    account = service_account.Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
        key_file, scopes=[fcm.SCOPE]
    )
    request = google.auth.transport.requests.Request()

    await beside(account.refresh, request)

    assert account.valid
    left = account.expiry - datetime.now(UTC).replace(tzinfo=None)
    assert timedelta(minutes=58) < left < timedelta(minutes=60)

    simulator.set_faults([Fault(kind="credentials", call="token")])
    with pytest.raises(RefreshError, match="invalid_grant"):
        await beside(account.refresh, request)
    request.session.close()
