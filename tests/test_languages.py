"""Every text in every language: it reads well, it fits, and what does not fit is listed in the docs."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.wording import FluentWording
from activities.wording.checking import LONGEST_TEXT, LONGEST_TITLE
from activities.wording.wording import CATALOGUES
from domain.channels import Channel, Reach
from domain.deciding import wanted_on
from domain.desk import Desk
from domain.messages import Words
from domain.orders import Fact, Order, OrderEvent
from domain.recipients import Recipient
from domain.segments import segments
from domain.status import Role, Status
from domain.telling import Batch, Withdrawn
from tests.every_text import (
    EVERYTHING,
    LANGUAGES,
    LONG_NAME,
    LONG_ORDER_ID,
    LONGEST_PATH,
    NAME,
    ORDER_ID,
    every_path,
    every_set_of_facts,
    every_text,
    told_to,
)

ISOLATE, END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
STOPS = (".", "!", "?", "。", "؟")
# "Any moment", in minutes and in hours: one of them is the longest in each language.
LONGEST_ETAS = (0, 89, 1440)
S = Status
DOCS = CATALOGUES.parents[1] / "docs" / "languages.md"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def wording() -> FluentWording:
    return FluentWording()


def assert_reads_well(words: Words) -> None:
    for said in (words.title, words.text):
        bare = said.replace(ISOLATE, "").replace(END, "")
        assert bare, words
        assert bare == re.sub("  +", " ", bare.strip()), words
        assert not set("{}$") & set(bare), words
        assert not re.search(r"(?<!\.)\.\.(?!\.)|\.{4}|\.,| [.,]|!\.|\?\?\?|。。", bare), words
        assert not bare[0].islower(), words
        assert said.count(ISOLATE) == said.count(END), words
    assert words.text.endswith(STOPS), words


# Every path.


def test_no_message_tells_a_longer_path_than_those_that_are_tried() -> None:
    catalogues = [file.read_text(encoding="utf-8") for file in CATALOGUES.glob("*.ftl")]
    messages = [name for catalogue in catalogues for name in re.findall(r"(?m)^([\w-]+) =$", catalogue)]
    assert 1 < max(name.count("-") for name in messages) < LONGEST_PATH


@given(
    events=st.lists(
        st.tuples(st.sampled_from(list(Status)), st.integers(0, 9), st.booleans()), min_size=1, max_size=8
    ),
    off=st.sets(st.sampled_from(list(Status))),
)
@settings(max_examples=100, deadline=None)
def test_whatever_arrives_when_is_told_by_a_path_that_is_tried(
    events: list[tuple[Status, int, bool]], off: set[Status]
) -> None:
    for batch in as_the_desk_hands_them_out(events):
        for channel in Channel:
            path, _ = wanted_on(channel, batch, somebody_who_wants_none_of(off, batch.role))
            assert not path or path[-LONGEST_PATH:] in every_path(batch.role)


def as_the_desk_hands_them_out(events: list[tuple[Status, int, bool]]) -> Iterator[Batch]:
    """Events arrive in this order, and some windows close; every batch takes the one before it back."""
    desk, before = Desk(order=Order(order_id="A17")), dict[Role, Batch]()
    for number, (status, minute, closes) in enumerate([*events, (S.CANCELLED, 9, True)]):
        now = NOON + timedelta(minutes=number)
        desk.receive(
            OrderEvent(
                event_id=f"evt-{number}",
                order_id="A17",
                status=status,
                occurred_at=NOON - timedelta(minutes=minute),
                customer_id="c-42",
                merchant_id="m-7",
                courier_id="d-3",
            ),
            now,
        )
        for batch in desk.take_due(now + desk.window) if closes else ():
            taken = before[batch.role].path if batch.role in before else ()
            withdrawn = tuple(
                Withdrawn(message_id="m", channel=channel, statuses=taken) for channel in Channel if taken
            )
            before[batch.role] = batch
            yield batch.model_copy(update={"withdrawn": withdrawn})


def somebody_who_wants_none_of(off: set[Status], role: Role) -> Recipient:
    cells = {status: dict.fromkeys(Channel, Reach.OFF if status in off else Reach.ON) for status in Status}
    return Recipient(recipient_id="c-42", role=role, preferences=cells)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_path_is_told_in_the_language_and_as_closely_as_in_english(
    wording: FluentWording, locale: str
) -> None:
    told = every_text(wording, locale)
    assert {words.language for _, words in told} == {locale}
    assert sorted(told.values()) == sorted(every_text(wording, "en").values())


@given(data=st.data(), role=st.sampled_from(list(Role)), locale=st.sampled_from(LANGUAGES))
@settings(max_examples=100, deadline=None)
def test_a_longer_path_is_told_in_the_words_of_its_end(
    wording: FluentWording, data: st.DataObject, role: Role, locale: str
) -> None:
    path = tuple(data.draw(st.lists(st.sampled_from(told_to(role)), min_size=LONGEST_PATH, max_size=9)))
    tell = partial(wording.words, locale, role, Channel.PUSH, facts=EVERYTHING)
    assert tell(path) == tell(path[-LONGEST_PATH + 1 :])


# Every text.


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_text_reads_well_and_fits_with_and_without_each_fact(
    wording: FluentWording, locale: str
) -> None:
    for facts in every_set_of_facts():
        for (role, _), path in every_text(wording, locale).items():
            pushed = wording.words(locale, role, Channel.PUSH, path, facts)
            texted = wording.words(locale, role, Channel.SMS, path, facts)
            for words in (pushed, texted):
                assert words.language == locale
                assert_reads_well(words)
            assert len(pushed.title) <= LONGEST_TITLE, pushed
            assert len(pushed.text) <= LONGEST_TEXT, pushed
            assert segments(texted.text) == 1, texted
            if role is Role.CUSTOMER and (name := facts.get("merchant_name")) in {NAME, LONG_NAME}:
                assert str(name) in pushed.text, pushed


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_text_message_with_the_usual_facts_leaves_nothing_out(wording: FluentWording, locale: str) -> None:
    assert left_out(wording, locale, NAME, ORDER_ID) == {}


def test_what_text_messages_leave_out_is_what_the_docs_say(wording: FluentWording) -> None:
    found = [
        f"| {locale} | {with_} | {what} | {', '.join(f'`{text}`' for text in sorted(texts))} |"
        for locale in LANGUAGES
        for with_, name, order_id in (
            ("the longest", LONG_NAME, LONG_ORDER_ID),
            ("四川饭店", "四川饭店", ORDER_ID),
        )
        for what, texts in sorted(left_out(wording, locale, name, order_id).items())
    ]
    said = re.findall(r"(?m)^\| [a-z]{2,3}(?:-\w+)* \| .*$", DOCS.read_text(encoding="utf-8"))
    assert said == found, "docs/languages.md should list:\n" + "\n".join(found)


def left_out(wording: FluentWording, locale: str, name: str, order_id: str) -> Mapping[str, set[str]]:
    """What a text has no room for, at its longest, that a push says: by what that is, in which texts."""
    found: dict[str, set[str]] = {}
    for (role, _), path in every_text(wording, locale).items():
        tell = partial(wording.words, locale, role, path=path)
        for eta in LONGEST_ETAS:
            facts: dict[str, Fact] = {"merchant_name": name, "order_id": order_id, "eta_minutes": eta}
            for what in missing_from(tell, facts):
                found.setdefault(what, set()).add("-".join((role, *(path or ("news",)))).lower())
    return found


def missing_from(tell: partial[Words], facts: Mapping[str, Fact]) -> Iterator[str]:
    """Which facts change what is pushed and not what is texted."""
    names = {"merchant_name": "the name", "order_id": "the order number", "eta_minutes": "the arrival"}
    pushed, texted = tell(channel=Channel.PUSH, facts=facts).text, tell(channel=Channel.SMS, facts=facts).text
    for fact in facts:
        without = {name: value for name, value in facts.items() if name != fact}
        if fact == "eta_minutes":
            is_told = tell(channel=Channel.SMS, facts=without).text != texted
        else:
            is_told = str(facts[fact]) in texted
        if not is_told and tell(channel=Channel.PUSH, facts=without).text != pushed:
            yield names[fact]
