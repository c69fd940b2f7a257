"""Every change of what somebody gets, or where, is a row of one chain that shows what was tampered with."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from activities.store import Store
from domain.channels import Channel, Reach
from domain.consents import BEGINNING, Break, By, Consent, End, Topic
from domain.editing import Edit
from domain.outcomes import Gone
from domain.recipients import Address, Kind, OptOut, Recipient
from domain.status import Role, Status
from tests.store.stage import EMAIL, NOON, PUSH, SMS, Stage, batch, run_sql, somebody

NUMBER, MAILBOX = "+15550100", "ana@example.org"
BY = By("burger-app", "PUT /v1/recipients")
_COPIED = "at, recipient_id, subject, address, actor, source, before, after"
NOT_READABLE = (NUMBER, MAILBOX, "tok-1", "tok-2", "15550100", "ana@")


async def rows(stage: Stage, recipient_id: str = "c-42") -> tuple[Consent, ...]:
    return await stage.store.consents.about(recipient_id)


async def told(stage: Stage, since: int = 0) -> list[tuple[str, object, object]]:
    """What was changed, after the first ``since`` rows: subject, before, after."""
    return [(row.subject, row.before, row.after) for row in (await rows(stage))[since:]]


async def whole(stage: Stage) -> End:
    """The end of a chain that is whole."""
    found = await stage.store.consents.verify()
    assert isinstance(found, End), str(found)
    assert found == await stage.store.consents.end()
    return found


async def test_what_somebody_is_loaded_with_is_a_row_each(stage: Stage) -> None:
    assert await told(stage) == [
        ("role", None, {"role": "customer"}),
        ("locale", None, {"locale": "en"}),
        ("time_zone", None, {"time_zone": "UTC"}),
        ("address push", None, {"address": "android …ok-1"}),
        ("address push", None, {"address": "ios …ok-2"}),
        ("address sms", None, {"address": "+1555…00"}),
        ("address email", None, {"address": "a…@example.org"}),
    ]
    assert {(row.actor, row.source) for row in await rows(stage)} == {("operator", "recipients load")}
    assert (await whole(stage)).number == 7


async def test_loading_the_same_again_writes_nothing(stage: Stage) -> None:
    end = await whole(stage)

    await stage.store.load([somebody()])

    assert await whole(stage) == end


async def test_each_thing_that_changes_is_a_row_with_before_and_after(stage: Stage) -> None:
    grid = {"PREPARING": {"push": "off"}}
    quiet = {"start": "22:00:00", "end": "07:00:00"}
    await stage.store.load(
        [somebody(preferences=grid, quiet_hours=quiet, locale="es", phone="+15550101")], BY
    )
    await stage.store.load([somebody(preferences=grid)], BY)

    assert await told(stage, 7) == [
        ("locale", {"locale": "en"}, {"locale": "es"}),
        ("address sms", {"address": "+1555…00"}, None),
        ("quiet_hours", None, quiet),
        ("preferences", None, grid),
        ("address sms", None, {"address": "+1555…01"}),
        ("locale", {"locale": "es"}, {"locale": "en"}),
        ("quiet_hours", quiet, None),
        ("address sms", {"address": "+1555…01"}, None),
        ("address sms", None, {"address": "+1555…00"}),
    ]
    assert {(row.actor, row.source) for row in (await rows(stage))[7:]} == {(BY.actor, BY.source)}
    await whole(stage)


async def test_a_providers_word_on_an_address_is_written_down_once(stage: Stage) -> None:
    for _ in range(2):
        await stage.store.mark_gone("c-42", Address(PUSH, "tok-1", "android"), Gone("unregistered"))
        await stage.store.mark_only_one_gone("c-42", EMAIL, "SES bounce Permanent")

    assert await told(stage, 7) == [
        ("address push", {"address": "android …ok-1"}, {"address": "android …ok-1", "gone": "unregistered"}),
        (
            "address email",
            {"address": "a…@example.org"},
            {"address": "a…@example.org", "gone": "SES bounce Permanent"},
        ),
    ]
    said = [(row.actor, row.source) for row in (await rows(stage))[7:]]
    assert said == [("provider", "unregistered"), ("provider", "SES bounce Permanent")]


async def test_an_address_given_anew_is_a_change_too(stage: Stage) -> None:
    await stage.store.mark_gone("c-42", Address(SMS, NUMBER), Gone("no such number"))
    await stage.store.load([somebody()])

    gone = {"address": "+1555…00", "gone": "no such number"}
    assert (await told(stage, 8)) == [("address sms", gone, {"address": "+1555…00"})]


async def test_a_device_that_wants_no_live_activities_any_more_keeps_its_alerts(stage: Stage) -> None:
    iphone = {"platform": "ios", "token": "tok-2", "live_activity_token": "57475747"}
    await stage.store.load([somebody(devices=[iphone])])
    start = Address(PUSH, "57475747", "ios", "production", Kind.LIVE_START)
    await stage.store.mark_gone("c-42", start, Gone("unregistered"))

    assert ("live activities", {"address": "ios …5747"}, None) in await told(stage)
    assert (await told(stage))[-1][0] == "live activities"


async def test_what_is_said_of_an_address_is_about_everybody_who_has_it(stage: Stage) -> None:
    await stage.store.load([somebody("c-43", email=None, devices=[])])
    await stage.store.opt_out(SMS, NUMBER, OptOut.EVERYTHING, "STOP")
    await stage.store.opt_out(SMS, NUMBER, OptOut.EVERYTHING, "STOP")
    await stage.store.opt_in(SMS, NUMBER, "START")
    await stage.store.opt_in(SMS, NUMBER, "START")
    await stage.store.opt_out(SMS, "+15550199", OptOut.EVERYTHING, "STOP")

    stopped = {"address": "+1555…00", "covers": "everything"}
    for who in ("c-42", "c-43"):
        last = (await rows(stage, who))[-2:]
        assert [(row.subject, row.before, row.after) for row in last] == [
            ("opt-out sms", None, stopped),
            ("opt-out sms", stopped, None),
        ]
        assert [(row.actor, row.source) for row in last] == [("recipient", "STOP"), ("recipient", "START")]


async def test_a_provider_that_says_stop_is_written_down_as_the_provider(stage: Stage) -> None:
    await stage.store.mark_gone("c-42", Address(SMS, NUMBER), Gone("answered STOP", opted_out=True))

    last = (await rows(stage))[-1]
    assert (last.subject, last.actor, last.source) == ("opt-out sms", "provider", "answered STOP")


async def test_a_change_of_one_thing_leaves_the_rest_and_what_is_gone(stage: Stage) -> None:
    await stage.store.mark_gone("c-42", Address(PUSH, "tok-1", "android"), Gone("unregistered"))

    changed = await stage.store.people.change("c-42", _in_spanish, BY)

    assert changed is not None
    assert (changed.locale, [device.token for device in changed.devices]) == ("es", ["tok-2"])
    assert [one.address.value for one in await stage.store.gone("c-42")] == ["tok-1"]
    assert await told(stage, 8) == [("locale", {"locale": "en"}, {"locale": "es"})]


async def test_a_change_of_nothing_or_of_nobody_is_none(stage: Stage) -> None:
    end = await whole(stage)

    assert await stage.store.people.change("c-42", lambda person: person, BY) == somebody()
    assert await stage.store.people.change("nobody", _in_spanish, BY) is None
    assert await whole(stage) == end


async def test_a_change_that_is_refused_leaves_everything_as_it_was(stage: Stage) -> None:
    end = await whole(stage)

    def refuse(_: Recipient) -> Recipient:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await stage.store.people.change("c-42", refuse, BY)
    assert await whole(stage) == end


async def test_what_is_erased_is_gone_but_for_the_ledger_and_the_owners_word(stage: Stage) -> None:
    await stage.store.opt_out(SMS, NUMBER, OptOut.EVERYTHING, "STOP")

    assert await stage.store.people.erase("c-42", BY)
    assert not await stage.store.people.erase("c-42", BY)

    assert await stage.store.find("c-42") is None
    assert await run_sql(stage.url, text("SELECT * FROM addresses")) == []
    assert await stage.store.opted_out_of(SMS, NUMBER) is OptOut.EVERYTHING
    kept = await rows(stage)
    assert {row.subject for row in kept[8:] if row.after is None} == {row.subject for row in kept[:7]}
    assert "opt-out sms" in {row.subject for row in kept}, "it is still known whose address it was"
    await whole(stage)


async def test_with_somebody_goes_which_device_shows_their_orders(stage: Stage) -> None:
    iphone = {"platform": "ios", "token": "tok-2", "live_activity_token": "57475747"}
    await stage.store.load([somebody(devices=[iphone])])
    news = batch(Status.PLACED)
    await stage.plan(news)
    envelope = await stage.store.envelope(news.message_id(PUSH))
    assert envelope is not None
    start = Address(PUSH, "57475747", "ios", "production", Kind.LIVE_START)
    await stage.store.note_live_activity(envelope, start)
    assert "tok-2" in str(await run_sql(stage.url, text("SELECT device FROM live_activities")))

    await stage.store.people.erase("c-42", BY)

    assert "tok-2" not in str(await run_sql(stage.url, text("SELECT * FROM live_activities")))


async def test_no_contact_detail_can_be_read_in_the_ledger(stage: Stage) -> None:
    await stage.store.opt_out(EMAIL, MAILBOX, OptOut.OPTIONAL, "one-click")
    await stage.store.mark_gone("c-42", Address(SMS, NUMBER), Gone("no such number"))
    await stage.store.people.erase("c-42", BY)

    kept = str(await run_sql(stage.url, text("SELECT * FROM consents")))
    assert [one for one in NOT_READABLE if one in kept] == []


async def test_of_a_long_list_the_rows_are_one_chain_and_read_in_pages(stage: Stage) -> None:
    crowd = [somebody(f"c-{number}", devices=[]) for number in range(600)]
    await stage.store.load(crowd)
    assert (await whole(stage)).number == 7 + 599 * 5 + 2
    await stage.store.load(crowd)
    assert (await whole(stage)).number == 7 + 599 * 5 + 2

    first = await stage.store.consents.about("c-42", limit=5)
    rest = await stage.store.consents.about("c-42", after=first[-1].number)
    assert (*first, *rest) == await rows(stage)
    assert len(rest) == 4


async def test_twenty_at_once_leave_one_whole_chain(stage: Stage) -> None:
    others = [Store(stage.url) for _ in range(4)]

    async def writes(number: int) -> None:
        store = others[number % len(others)]
        match number % 4:
            case 0:
                await store.load([somebody(f"c-{number}")])
            case 1:
                await store.opt_out(SMS, f"+155501{number:02}", OptOut.EVERYTHING, "STOP")
            case 2:
                await store.people.change("c-42", _with_a_device(number), BY)
            case _:
                await store.mark_gone("c-42", Address(PUSH, "tok-1", "android"), Gone("unregistered"))

    await asyncio.gather(*(writes(number) for number in range(20)))
    await asyncio.gather(*(other.close() for other in others))

    assert (await whole(stage)).number == 7 + 5 * 7 + 5 + 5 + 1
    person = await stage.store.find("c-42")
    assert person is not None
    assert len(person.devices) == 1 + 5, "no change was lost over another"


@pytest.mark.parametrize(
    ("done", "found"),
    [
        (["UPDATE consents SET actor = 'nobody' WHERE number = 3"], "row 3 was changed"),
        (["""UPDATE consents SET after = '{"locale": "de"}' WHERE number = 2"""], "row 2 was changed"),
        (["UPDATE consents SET recipient_id = 'c-43' WHERE number = 7"], "row 7 was changed"),
        (["DELETE FROM consents WHERE number = 4"], "row 4 was removed"),
        (["DELETE FROM consents WHERE number = 1"], "row 1 was removed"),
        (["DELETE FROM consents WHERE number > 5"], "row 6 was cut off"),
        (
            [
                "UPDATE consents SET number = 99 WHERE number = 3",
                "UPDATE consents SET number = 3 WHERE number = 4",
                "UPDATE consents SET number = 4 WHERE number = 99",
            ],
            "row 3 does not follow row 2",
        ),
        (
            [
                "UPDATE consents SET number = -number - 1 WHERE number > 4",
                "UPDATE consents SET number = -number WHERE number < 0",
                f"INSERT INTO consents SELECT 5, {_COPIED}, previous, digest FROM consents WHERE number = 4",  # noqa: S608 ours
            ],
            "row 5 does not follow row 4",
        ),
        (
            [f"INSERT INTO consents SELECT 8, {_COPIED}, digest, digest FROM consents WHERE number = 7"],  # noqa: S608
            "row 8 was changed",
        ),
    ],
)
async def test_whoever_tampers_with_the_rows_is_found_out(
    stage: Stage, done: Sequence[str], found: str
) -> None:
    async with _triggers_out_of_the_way(stage.url):
        for statement in done:
            await run_sql(stage.url, text(statement.replace(": ", r"\: ")))

    broken = await stage.store.consents.verify()
    assert isinstance(broken, Break)
    assert str(broken).startswith(found)


async def test_a_digest_kept_elsewhere_shows_that_the_end_was_cut_off_with_its_note(stage: Stage) -> None:
    noted = (await whole(stage)).digest
    (fifth,) = [row.digest for row in await rows(stage) if row.number == 5]
    async with _triggers_out_of_the_way(stage.url):
        await run_sql(stage.url, text("DELETE FROM consents WHERE number > 5"))
    await run_sql(stage.url, text("UPDATE consent_heads SET number = 5, digest = :it"), {"it": fifth})

    assert await stage.store.consents.verify() == End(5, fifth)
    broken = await stage.store.consents.verify(noted)
    assert str(broken).startswith("row 6 was cut off")
    assert await stage.store.consents.verify(fifth) == End(5, fifth)


async def test_an_empty_chain_is_whole(store: Store) -> None:
    assert await store.consents.verify() == BEGINNING
    assert await store.consents.verify(BEGINNING.digest) == BEGINNING


@pytest.mark.parametrize("statement", ["UPDATE consents SET actor = 'x'", "DELETE FROM consents"])
async def test_the_database_itself_refuses_to_change_the_past(stage: Stage, statement: str) -> None:
    with pytest.raises(DBAPIError, match="never changed or deleted"):
        await run_sql(stage.url, text(statement))


async def test_what_was_wanted_when_a_message_was_decided_is_told_from_the_chain(url: str) -> None:
    clock = [NOON]
    async with Store(url, lambda: clock[0]) as store:
        stage = Stage(store, url)
        await store.load([somebody(preferences={"OUT_FOR_DELIVERY": {"sms": "off"}}, time_zone="Asia/Tokyo")])
        await store.opt_out(EMAIL, MAILBOX, OptOut.OPTIONAL, "one-click")
        clock[0] += timedelta(hours=1)
        news = batch(Status.OUT_FOR_DELIVERY, told_at=clock[0])
        await stage.plan(news)
        clock[0] += timedelta(hours=1)
        quiet = {"start": "22:00", "end": "07:00"}
        await store.load([somebody(preferences={"OUT_FOR_DELIVERY": {"push": "off"}}, quiet_hours=quiet)])
        await store.opt_in(EMAIL, MAILBOX)

        seen = await store.consents.when_decided(news.message_id(PUSH))

        assert seen is not None
        then = seen.recipient
        reaches = [
            then.reach(Status.OUT_FOR_DELIVERY, channel, Role.CUSTOMER) for channel in (PUSH, SMS, EMAIL)
        ]
        assert reaches == [Reach.ON, Reach.OFF, Reach.OFF]
        assert then.reach(Status.PLACED, EMAIL, Role.CUSTOMER) is Reach.ON
        assert (then.time_zone, then.quiet_hours) == ("Asia/Tokyo", None)
        assert {topic.subject for topic in seen.state} >= {"address sms", "opt-out email"}
        assert await store.consents.when_decided("no-such-id") is None


async def test_what_was_there_before_the_chain_is_told_by_its_first_change(stage: Stage) -> None:
    news = batch(Status.PLACED)
    await stage.plan(news)
    async with _triggers_out_of_the_way(stage.url):
        await run_sql(stage.url, text("DELETE FROM consents"))
        await run_sql(stage.url, text("DELETE FROM consent_heads"))
    await stage.store.load([somebody(locale="es")])

    seen = await stage.store.consents.when_decided(news.message_id(PUSH))

    assert seen is not None
    assert seen.state[Topic("locale", "c-42")] == {"locale": "en"}
    assert seen.state[Topic("time_zone", "c-42")] == {"time_zone": "UTC"}


async def test_of_somebody_nobody_loaded_the_role_of_the_order_is_known(stage: Stage) -> None:
    news = batch(Status.PLACED, recipient_id="c-unknown")
    await stage.plan(news)

    seen = await stage.store.consents.when_decided(news.message_id(Channel.IN_APP))

    assert seen is not None
    assert (seen.recipient.role, seen.state) == (Role.CUSTOMER, {})


def _in_spanish(person: Recipient) -> Recipient:
    return person.model_copy(update={"locale": "es"})


def _with_a_device(number: int) -> Edit:
    def edit(person: Recipient) -> Recipient:
        device = person.devices[-1].model_copy(update={"token": f"token-{number}"})
        return person.model_copy(update={"devices": (*person.devices, device)})

    return edit


@asynccontextmanager
async def _triggers_out_of_the_way(url: str) -> AsyncIterator[None]:
    """As somebody may who has the database to themselves."""
    if url.startswith("sqlite"):
        kept = [
            sql for (sql,) in await run_sql(url, text("SELECT sql FROM sqlite_master WHERE type = 'trigger'"))
        ]
        away = ["DROP TRIGGER consents_are_not_updated", "DROP TRIGGER consents_are_not_deleted"]
        back = kept
    else:
        away = ["ALTER TABLE consents DISABLE TRIGGER consents_stay"]
        back = ["ALTER TABLE consents ENABLE TRIGGER consents_stay"]
    for statement in away:
        await run_sql(url, text(statement))
    yield
    for statement in back:
        await run_sql(url, text(statement))
