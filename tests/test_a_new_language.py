"""A language is one file: two that nobody speaks are added, and all that recipients get speaks them."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, FluentSerializer, ast
from fluent.syntax.visitor import Visitor
from temporalio.testing import ActivityEnvironment

from activities.breakers import Breakers
from activities.channels.mail import mail
from activities.reaching import Reaching
from activities.sending import Sending
from activities.store.migrating import migrate
from activities.wording import FluentWording
from activities.wording.checking import check
from activities.wording.entries import Entries, Entry
from activities.wording.wording import CATALOGUES
from domain.channels import Channel
from domain.deciding import decide
from domain.messages import Message
from domain.outcomes import Accepted
from domain.recipients import Address
from domain.status import Role, Status
from domain.telling import Send
from tests.api.stage import Door, open_door, open_front
from tests.every_text import every_path
from tests.store.stage import ALL_CHANNELS, as_url, batch, somebody

ACCENTED = str.maketrans("AEIOUYaeiouycnsdrt", "ÅÉÎÖÛÝåéîöûýçñšđŕţ")
LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
HEBREW = str.maketrans(LATIN, "".join(chr(ord("א") + number % 27) for number in range(len(LATIN))))
PUSH, SMS, EMAIL = Channel.PUSH, Channel.SMS, Channel.EMAIL


def accented(text: str) -> str:
    """Every letter differs, and every word is half as long again: German is."""
    return " ".join(word + "~" * (len(word) // 2) for word in text.translate(ACCENTED).split(" "))


def from_right_to_left(text: str) -> str:
    return text.translate(HEBREW)


class _Rewritten(Visitor):
    def __init__(self, rewrite: Callable[[str], str]) -> None:
        self._rewrite = rewrite

    def visit_TextElement(self, element: ast.TextElement) -> None:  # noqa: N802 as Fluent calls it
        element.value = self._rewrite(element.value)


def made_of_english(rewrite: Callable[[str], str]) -> str:
    """A catalogue made by machine. Everything is in brackets: what has none was put together in code."""
    catalogue = FluentParser().parse((CATALOGUES / "en.ftl").read_text(encoding="utf-8"))
    _Rewritten(rewrite).visit(catalogue)
    messages = [entry for entry in catalogue.body if isinstance(entry, ast.Message)]
    parts = Entries(map(Entry, messages)).parts
    for message in messages:
        for whole in [message.value, *(piece.value for piece in message.attributes)]:
            if whole and message.id.name not in parts:
                whole.elements = [ast.TextElement("[Ô "), *whole.elements, ast.TextElement(" Ô]")]
    return FluentSerializer().serialize(catalogue)


@dataclass
class Carrier:
    """Takes everything, and remembers it."""

    name: str = "carrier"
    channel: Channel = PUSH
    taken: dict[Channel, Message] = field(default_factory=dict)

    def carries(self, _: Address) -> bool:
        return True

    async def send(self, message: Message, address: Address) -> Accepted:
        self.taken[address.channel] = message
        return Accepted("ref-1")


@asynccontextmanager
async def a_product_with(
    folder: Path, locale: str, catalogue: str
) -> AsyncIterator[tuple[Door, FluentWording]]:
    """Everything there is over a folder with English and one more file; c-42 reads the latter."""
    (folder / "catalogues").mkdir()
    (folder / "catalogues" / "en.ftl").write_bytes((CATALOGUES / "en.ftl").read_bytes())
    (folder / "catalogues" / f"{locale}.ftl").write_text(catalogue, encoding="utf-8")
    wording = FluentWording(folder / "catalogues")
    await migrate(as_url(folder / "store.db"))
    async with open_front() as front, open_door(front, folder, wording=wording) as door:
        await door.store.load([somebody(locale=locale)])
        yield door, wording


async def sent(door: Door, wording: FluentWording) -> Mapping[Channel, Message]:
    """Plan and send that an order was delivered, as a worker does: what each provider gets."""
    told = batch(Status.DELIVERED, facts={"merchant_name": "Burger Barn"})
    await door.store.plan(told, partial(decide, carried=ALL_CHANNELS), wording)
    carrier, store = Carrier(), door.store
    sending = Sending(store, wording, Reaching(store, [carrier], Breakers(store), door.links))
    for channel in (PUSH, SMS, EMAIL):
        env = ActivityEnvironment()
        env.info = replace(env.info, attempt=1, started_time=told.told_at, heartbeat_details=[])
        await env.run(sending.send, Send(message_id=told.message_id(channel), channel=channel, waits=(5,)))
    return carrier.taken


def body(message: Message, kind: str) -> str:
    part = mail(message, "orders@example.org", "ana@example.org").get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def texts(html: str) -> list[str]:
    """What a page says, piece by piece."""
    inside = unescape(re.sub(r"(?s)<head>.*?</head>|<[^>]*>", "\n", html))
    # Two of these are what keeps a preview in a list of mails from going on.
    lines = (
        line.strip(" \N{NO-BREAK SPACE}\N{COMBINING GRAPHEME JOINER}\u200c") for line in inside.split("\n")
    )
    return [line for line in lines if line]


def spoken(text: str) -> bool:
    """Whether a text is of the new language from end to end."""
    return text.startswith("[Ô ") and text.endswith(" Ô]")


async def test_a_language_that_babel_does_not_know_is_spoken_everywhere(tmp_path: Path) -> None:
    async with a_product_with(tmp_path, "qps-ploc", made_of_english(accented)) as (door, wording):
        messages = await sent(door, wording)
        pages = [
            await door.http.get(door.preferences(SMS)),
            await door.http.post(door.preferences(), data={"choice": "records"}),
            await door.http.post(door.preferences(), data={"choice": "?"}),
            await door.http.get("/preferences/x", headers={"Accept-Language": "qps-ploc"}),
        ]
        (inbox,) = await door.store.inbox("c-42")

    assert set(messages) == {PUSH, SMS, EMAIL}
    for message in messages.values():
        assert spoken(message.words.title)
    assert all(spoken(text) for text in (inbox.title, inbox.text))
    assert [page.status_code for page in pages] == [200, 200, 422, 404]
    for page in pages:
        assert '<html lang="qps-ploc" dir="ltr">' in page.text
        assert [text for text in texts(page.text) if not spoken(text)] == []


async def test_its_mails_speak_it_down_to_the_footer(tmp_path: Path) -> None:
    async with a_product_with(tmp_path, "qps-ploc", made_of_english(accented)) as (door, wording):
        message = (await sent(door, wording))[EMAIL]

    text, _, footer = body(message, "plain").strip().partition("\n\n")
    assert spoken(text)
    assert "Burger Barn" in text
    assert spoken(footer.splitlines()[0])
    html = body(message, "html")
    assert '<html lang="qps-ploc" dir="ltr">' in html
    assert [said for said in texts(html) if not spoken(said)] == ["Burger Barn", "A17"]


async def test_a_language_from_right_to_left_is_one_file_as_well(tmp_path: Path) -> None:
    async with a_product_with(tmp_path, "he", made_of_english(from_right_to_left)) as (door, wording):
        messages = await sent(door, wording)
        page = await door.http.get(door.preferences())

    assert {message.words.direction for message in messages.values()} == {"rtl"}
    assert all(spoken(message.words.text) for message in messages.values())
    assert "\u2068Burger Barn\u2069" in messages[PUSH].words.text
    for html in (page.text, body(messages[EMAIL], "html")):
        assert '<html lang="he" dir="rtl">' in html
    assert 'align="right"' in body(messages[EMAIL], "html")
    assert [text for text in texts(page.text) if not spoken(text)] == []


def test_nothing_of_it_is_missing_and_every_path_has_words_in_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "en.ftl").write_bytes((CATALOGUES / "en.ftl").read_bytes())
    (tmp_path / "qps-ploc.ftl").write_text(made_of_english(accented), encoding="utf-8")
    wording = FluentWording(tmp_path)

    assert [str(finding) for finding in check(tmp_path) if not finding.is_note] == []
    for role in Role:
        for path in every_path(role):
            words = wording.words("qps-ploc", role, PUSH, path, {"order_id": "A17"})
            assert spoken(words.title), path
            assert spoken(words.text), path
    assert caplog.messages == []
