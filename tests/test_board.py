"""The parts of the order board that need no browser."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from api.serving import serving
from domain.breaker import BreakerState, Health
from domain.channels import Channel
from domain.explanation import Explanation
from domain.ledger import NotificationStatus
from domain.links import SignedLinks
from domain.orders import BadInput
from domain.status import Role, Status
from domain.telling import Verdict
from domain.timeline import Line, ToldBatch
from simulator import Fault, Raw, Simulator
from simulator.board.attempts import Attempt
from simulator.board.backstage import Breakers, Doors
from simulator.board.breaking import break_one, broken, mend
from simulator.board.devices import devices_of
from simulator.board.iphone import App
from simulator.board.people import People
from simulator.board.why import why
from simulator.faults import FaultPlan, Faults
from tests.processes import eventually, run, running, settings_of
from tests.stage import City, Stage

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_what_is_left_of_faults_can_be_set_anew() -> None:
    now = 100.0
    faults = Faults(clock=lambda: now)
    over, later = Fault(kind="error", for_s=5), Fault(kind="slow", from_s=10, for_s=5)
    faults.set(FaultPlan(faults=[over, later, Fault(kind="dead", times=1), Fault(kind="refuse", times=2)]))
    now = 107
    assert [faults.draw("fcm", "tok") for _ in range(2)] == [
        Fault(kind="dead", times=1),
        Fault(kind="refuse", times=2),
    ]

    left = faults.left()

    assert [(fault.kind, fault.from_s, fault.for_s, fault.times) for fault in left] == [
        ("slow", 3, 5, None),
        ("refuse", 0, None, 1),
    ]
    now = 111
    assert next((fault.from_s, fault.for_s) for fault in faults.left()) == (0, 4)


def test_breaking_and_mending_one_provider_leaves_the_others_as_they_are() -> None:
    faults = Faults()
    break_one(faults, "fcm", "error", "")
    break_one(faults, "twilio", "undelivered", "60")
    break_one(faults, "fcm", "refuse", "20")

    assert {name: one.does for name, one in broken(faults).items()} == {
        "fcm": "refuses every message",
        "twilio": "takes it and does not deliver",
    }
    mend(faults, "fcm")
    assert [fault.provider for fault in faults.left()] == ["twilio"]
    mend(faults, "")
    assert broken(faults) == {}


@pytest.mark.parametrize(
    ("provider", "kind", "seconds", "field"),
    [
        ("pigeon", "error", "60", "provider"),
        ("fcm", "eaten", "60", "kind"),
        ("fcm", "dead", "60", "kind"),
        ("fcm", "error", "-1", "seconds"),
        ("smtp", "undelivered", "60", "kind"),
    ],
)
def test_what_cannot_be_broken_so_is_named(provider: str, kind: str, seconds: str, field: str) -> None:
    faults = Faults()
    with pytest.raises(BadInput, match=f"^{field}: "):
        break_one(faults, provider, kind, seconds)
    assert faults.left() == []


def line(
    status: NotificationStatus | None, verdict: Verdict = Verdict.SEND, reason: str = "", provider: str = ""
) -> Line:
    return Line(
        channel=Channel.PUSH,
        verdict=verdict,
        status=status,
        message_id="m-1",
        reason=reason,
        provider=provider,
    )


N = NotificationStatus
TRIED = {"m-1": Attempt(3, "FCM UNAVAILABLE", NOON)}


@pytest.mark.parametrize(
    ("told", "mood", "sentence"),
    [
        (line(None, Verdict.HELD), "quiet", "Kept for when another channel fails."),
        (line(None, Verdict.OFF), "quiet", "Not wanted here for this status."),
        (line(N.SENT, provider="fcm"), "good", "FCM has it."),
        (line(N.DELIVERED, provider="smtp"), "good", "The mail relay delivered it."),
        (line(N.RETRYING), "trying", "FCM UNAVAILABLE. Tries again, for the third time,"),
        (line(N.FAILED, reason="no device"), "bad", "Not told: no device."),
        (line(N.SUPPRESSED, reason="quiet hours"), "bad", "Held back: quiet hours."),
        (line(N.EXPIRED, reason="too late"), "bad", "Too late to be of use: too late."),
        (line(N.SUPERSEDED, reason="newer news"), "quiet", "Not sent: newer news."),
        (line(N.UNKNOWN, reason="cut"), "bad", "May have arrived, so it is not sent twice: cut."),
    ],
)
def test_for_every_end_there_is_a_sentence(told: Line, mood: str, sentence: str) -> None:
    said = why(told, batch(told), TRIED)
    assert (said.mood, said.sentence) == (mood, sentence)


def batch(*lines: Line) -> ToldBatch:
    return ToldBatch(
        batch=1,
        recipient_id="c-42",
        role=Role.CUSTOMER,
        statuses=(Status.NEARBY,),
        told_at=NOON,
        priority=1,
        deadline=NOON + timedelta(minutes=10),
        channels=list(lines),
    )


class Asked:
    """A product that counts how often it is asked."""

    doors = Doors()

    def __init__(self) -> None:
        self.times = 0

    async def inbox_of(self, recipient_id: str) -> str:
        return recipient_id

    async def explanation(self, order_id: str) -> Explanation:
        return Explanation(order_id=order_id, known_from="nothing", batches=[], events=[], dead_letters=[])

    async def healths(self) -> Sequence[Health]:
        self.times += 1
        return [Health("fcm", BreakerState.OPEN), Health("apns")]


async def test_breakers_are_asked_for_while_something_is_broken_alone() -> None:
    product = Asked()
    breakers = Breakers(product)

    await breakers.ask(is_any_broken=False)
    assert product.times == 0
    await breakers.ask(is_any_broken=True)
    assert product.times == 1
    assert list(breakers.not_closed) == ["fcm"]


async def test_the_app_hands_in_the_token_of_an_activity_and_shows_what_follows() -> None:
    people = People.of_the_sample()
    luis = people.find("c-43")
    assert luis
    (start_token,) = people.with_live_activities()
    handed_in: list[str] = []

    async def register(request: Request) -> Response:
        handed_in.append((await request.json())["token"])
        # The first comes before the product has heard Apple's answer.
        return Response(status_code=204 if len(handed_in) > 1 else 404)

    api = Router([Route("/live-activities/signed", register, methods=["POST"])])
    async with Simulator.start() as simulator, serving(api) as url:
        world = simulator.world
        world.in_background(App(world, people.with_live_activities(), url).runs())
        world.receive(
            "apns", start_token, text="", key="", raw=live("start", "PLACED", f"{url}/live-activities/signed")
        )
        await eventually(lambda: len(handed_in) == 2)
        world.receive("apns", handed_in[0], text="", key="", raw=live("update", "PREPARING"))

        shown = devices_of(luis, people, world).live

    assert shown
    assert (shown.status, shown.text, shown.has_ended) == ("PREPARING", "as it is", False)


async def test_the_app_calls_nobody_but_the_product() -> None:
    people = People.of_the_sample()
    (start_token,) = people.with_live_activities()
    called: list[str] = []

    async def elsewhere(request: Request) -> Response:
        called.append(request.url.path)
        return Response(status_code=204)

    both = Router([Route("/{name}", elsewhere, methods=["POST"])])
    async with Simulator.start() as simulator, serving(both) as url, serving(both) as api:
        world = simulator.world
        world.in_background(App(world, people.with_live_activities(), api).runs())
        world.receive("apns", start_token, text="", key="", raw=live("start", "PLACED", f"{url}/foreign"))
        world.receive("apns", start_token, text="", key="", raw=live("start", "PLACED", f"{api}/ours"))
        await eventually(lambda: bool(called))

    assert called == ["/ours"]


def live(event: str, status: str, register: str = "") -> Raw:
    state = {"status": status, "text": "as it is"}
    attributes = {"order_id": "A17", "register": register}
    aps = {"event": event, "content-state": state, "attributes": attributes}
    return Raw({"apns-push-type": "liveactivity"}, json.dumps({"aps": aps}))


async def test_a_link_lets_its_recipient_in(city: City, stage: Stage) -> None:
    ana = await city.customer()
    settings = {**settings_of(stage), "PUBLIC_URL": "http://127.0.0.1:8085"}

    made = await run("starter.py", "recipients", "link", ana.id, settings=settings)

    assert (made.code, made.err) == (0, "")
    url, _, token = made.out.strip().rpartition("/")
    assert url == "http://127.0.0.1:8085/enter"
    links = SignedLinks("", await stage.store.signing_secrets())
    assert links.read_recipient_token(token) == ana.id


async def test_a_link_for_nobody_or_nowhere_is_refused_in_one_line(stage: Stage) -> None:
    settings = settings_of(stage)

    nowhere = await run("starter.py", "recipients", "link", "c-0", settings=settings)
    nobody = await run(
        "starter.py", "recipients", "link", "c-0", settings={**settings, "PUBLIC_URL": "http://127.0.0.1:1"}
    )

    assert nowhere.problem.startswith("starter: PUBLIC_URL: missing")
    assert nobody.problem == "starter: RECIPIENT: c-0 is not loaded, see starter.py recipients load"


async def test_the_simulator_alone_has_the_board_where_it_has_temporal(stage: Stage) -> None:
    free = dict.fromkeys(("SIMULATOR_PORT", "SIMULATOR_SMTP_PORT", "SIMULATOR_APNS_PORT"), "0")
    async with running("-m", "simulator", settings={**settings_of(stage), **free}) as simulator:
        await simulator.says("board http://")
        simulator.terminate()
        ended = await simulator.ends()

    assert ended.code == 0
    assert ended.out.strip().endswith("/board")


async def test_the_simulator_says_in_one_line_that_temporal_does_not_answer() -> None:
    free = dict.fromkeys(("SIMULATOR_PORT", "SIMULATOR_SMTP_PORT", "SIMULATOR_APNS_PORT"), "0")
    ended = await run("-m", "simulator", settings={**free, "TEMPORAL_ADDRESS": "127.0.0.1:1"})

    assert ended.code == 1
    assert ended.problem.startswith("TEMPORAL_ADDRESS: no Temporal server answers")


async def test_nobody_but_the_sample_people_has_devices_on_the_board() -> None:
    people = People.of_the_sample()
    assert people.at("stranger@example.org") is None
    assert people.at(b"live activity of a-stranger A17".hex()) is None
    async with Simulator.start() as simulator, httpx.AsyncClient(base_url=simulator.url, timeout=60) as http:
        assert (await http.get("/board")).status_code == 404
