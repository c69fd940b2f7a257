"""Whatever happens to an order, in whatever order, and whoever fails: what its people always can count on.

``EXAMPLES=500 pytest tests/test_properties_of_an_order.py`` searches long. What it found is kept below.
"""

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import pytest
from hypothesis import example, given

from domain.breaker import BreakerState
from domain.channels import Channel, Reach
from domain.ledger import TOLD, UNSETTLED, NotificationStatus
from domain.status import Role, Status
from tests.looking_back import replayer
from tests.scenarios import LOUD, SCENARIOS, Aftermath, Becomes, Fails, Passes, SaysAgain, Scenario, play
from tests.searching import searching
from tests.stage import City, Person, Stage, open_stage
from tests.usual_wording import usual_wording

N = NotificationStatus
_NUMBERS = itertools.count(1)
_WORDING = usual_wording()


@pytest.fixture(scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A stage of its own: so many failures would open the breakers of everybody's. Here they stay closed."""
    async with open_stage(tmp_path_factory.mktemp("scene")) as stage:
        for provider in ("fcm", "twilio", "smtp"):
            await stage.store.force_breaker(provider, BreakerState.FORCED_CLOSED, "searching")
        yield stage


# What turned a planted fault red in a long search, so that a short one does too.
ASLEEP_WHEN_NEWER_NEWS_COMES = Scenario(
    wishes="everything everywhere",
    broken=[Fails(Role.CUSTOMER, channel, "error", 1) for channel in LOUD],
    steps=[Becomes((Status.OUT_FOR_DELIVERY,)), Becomes((Status.NEARBY,)), Passes(700)],
)
TAKEN_BUT_NOT_ANSWERED = Scenario(
    wishes="everything everywhere",
    broken=[Fails(Role.CUSTOMER, channel, "cut_after", 1) for channel in LOUD],
    steps=[Becomes((Status.OUT_FOR_DELIVERY,)), Passes(100), SaysAgain(0), Becomes((Status.PLACED,), -90)],
)


@given(scenario=SCENARIOS)
@example(scenario=ASLEEP_WHEN_NEWER_NEWS_COMES)
@example(scenario=TAKEN_BUT_NOT_ANSWERED)
@searching(20, simplifies=False)
async def test_whatever_happens_everybody_is_told_once_in_order_or_there_is_a_reason(
    scene: Stage, scenario: Scenario
) -> None:
    city = City(scene, f"scenario-{next(_NUMBERS)}")
    scene.simulator.clear_faults()
    scene.simulator.clear_received()

    after = await play(city, scenario)

    assert after.ended_as == "COMPLETED"
    assert not [row for row in after.rows if row.status in UNSETTLED]
    for person in after.people.values():
        _everything_is_accounted_for(after, person)
        _nothing_is_told_twice(after, person)
        _nothing_is_told_in_the_wrong_order(after, person)
        _nothing_unwanted_is_told(after, person)
    await replayer().replay_workflow(await scene.history(after.timeline.order_id))


def _everything_is_accounted_for(after: Aftermath, person: Person) -> None:
    """What was heard was told, or superseded by what is known, or there is a reason why not."""
    rows = after.rows_to(person)
    for event in _of_concern(after, person):
        moment = datetime.fromisoformat(event["occurred_at"]), Status(event["status"]).rank
        assert any(event["event_id"] in row.events or moment <= row.moment for row in rows), event
    ids = {row.message_id for row in rows}
    letters = {(letter.recipient_id, letter.batch) for letter in after.timeline.dead_letters}
    for row in rows:
        if row.status is N.SUPERSEDED:
            assert row.superseded_by in ids, row
        elif row.status is N.UNKNOWN:
            assert row.is_in_doubt or row.reason, row
        elif row.status not in TOLD:
            assert row.reason, row
    for number, batch in itertools.groupby(sorted(rows, key=lambda row: row.batch), lambda row: row.batch):
        ends = {row.status for row in batch}
        if ends <= {N.FAILED, N.EXPIRED}:
            is_followed = any(row.batch > number for row in rows)
            assert (person.id, number) in letters or is_followed, (number, ends)


def _of_concern(after: Aftermath, person: Person) -> Iterator[dict[str, str]]:
    """The events that this person wants to hear of somewhere, and that did not come too late to be told."""
    stale = {late.event_id for late in after.timeline.stale}
    role = person.recipient.role
    for event in after.events.values():
        status = Status(event["status"])
        is_wanted = any(person.recipient.reach(status, channel, role) is Reach.ON for channel in Channel)
        if role in status.rule.told and is_wanted and event["event_id"] not in stale:
            yield event


def _nothing_is_told_twice(after: Aftermath, person: Person) -> None:
    """No event in two notifications of one channel; no notification arrives twice, but for the exceptions."""
    for channel in Channel:
        rows = after.rows_to(person, channel)
        events = Counter(event for row in rows if row.status in TOLD for event in row.events)
        assert not [event for event, times in events.items() if times > 1], channel
    inbox = [message.message_id for message in after.inboxes[person.id]]
    delivered = [row.message_id for row in after.rows_to(person, Channel.IN_APP) if row.status in TOLD]
    assert sorted(inbox) == sorted(delivered)
    doubtful = {row.message_id for row in after.rows_to(person) if row.is_in_doubt}
    for key, times in Counter(one.key for one in after.received_by(person, Channel.PUSH)).items():
        assert times == 1 or key in doubtful, "a push comes again only when no answer came"
    _no_text_comes_twice(after, person)
    _no_mail_comes_twice_but_a_record_in_doubt(after, person)


def _no_text_comes_twice(after: Aftermath, person: Person) -> None:
    """The provider's list is asked before a second try, and the simulator's is never wrong."""
    known = Counter(
        _WORDING.words("en", row.role, row.channel, row.statuses, row.facts).text
        for row in after.rows_to(person, Channel.SMS)
    )
    arrived = Counter(one.text for one in after.received_by(person, Channel.SMS))
    assert arrived <= known


def _no_mail_comes_twice_but_a_record_in_doubt(after: Aftermath, person: Person) -> None:
    rows = {row.message_id: row for row in after.rows_to(person, Channel.EMAIL)}
    arrived = Counter(_message_id(one.key) for one in after.received_by(person, Channel.EMAIL))
    for message_id, times in arrived.items():
        row = rows[message_id]
        is_record = any(status.rule.record for status in row.statuses)
        assert times <= (2 if is_record and row.is_in_doubt else 1), row


def _nothing_is_told_in_the_wrong_order(after: Aftermath, person: Person) -> None:
    """On a channel nobody hears of an older status after a newer one, except by mail, which is kept."""
    for channel, key_of in ((Channel.PUSH, "message_id"), (Channel.SMS, "provider_reference")):
        moments = {getattr(row, key_of): row.moment for row in after.rows_to(person, channel)}
        arrived = [moments[one.key] for one in after.received_by(person, channel) if one.key in moments]
        assert arrived == sorted(arrived), channel
    for channel in (Channel.PUSH, Channel.SMS, Channel.IN_APP):
        told = sorted(
            ((row.sent_at, row.moment) for row in after.rows_to(person, channel) if row.sent_at),
        )
        assert [moment for _, moment in told] == sorted(moment for _, moment in told), channel


def _nothing_unwanted_is_told(after: Aftermath, person: Person) -> None:
    for row in after.rows_to(person):
        reaches = {person.recipient.reach(status, row.channel, row.role) for status in row.statuses}
        assert Reach.OFF not in reaches, row
        assert row.sent_at is None or row.sent_at <= row.deadline, row


def _message_id(header: str) -> str:
    return header.strip("<>").partition("@")[0]
