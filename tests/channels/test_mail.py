"""The e-mail that a recipient gets, as other libraries read it."""

import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

import mailparser  # type: ignore[import-untyped]  # it ships no types
import pytest

from activities.channels.mail import mail
from domain.messages import Links, Message, Words
from domain.status import Status

from .messages import A_RECORD, EMAIL, MESSAGE

SENDER = "Burger Barn <orders@example.org>"
PREFERENCES = "https://orders.example.org/preferences/WyJjLTQyIiwiZW1haWwiXQ.c2lnbmVk"
OPTIONAL = Links(PREFERENCES, PREFERENCES)
RECORD = Links(PREFERENCES)
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
ARABIC = Words(
    "في الطريق إليك",
    f"طلبك من {FIRST_STRONG_ISOLATE}Burger Barn{POP_ISOLATE} في الطريق إليك.",
    language="ar",
    direction="rtl",
    footer="اختيار الرسائل",
)
FOOTER = "Choose which e-mails you get"
HOSTILE = (
    "<script>alert(1)</script><img src=https://evil.example.com/p.png onerror='x'>&amp;\"\r\nBcc: b@c.de"
)


def news(
    message: Message = MESSAGE, *, words: Words | None = None, links: Links | None = OPTIONAL
) -> Message:
    said = words or message.words
    return replace(message, words=replace(said, footer=said.footer or FOOTER), links=links)


def wire(message: Message, sender: str = SENDER, recipient: str = EMAIL) -> bytes:
    return mail(message, sender, recipient).as_bytes()


def read(message: Message) -> EmailMessage:
    """As it is after it went over the wire."""
    return message_from_bytes(wire(message), policy=default)


def body(message: Message, kind: str) -> str:
    part = read(message).get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


class Page(HTMLParser):
    """What a mail client sees: tags with their attributes, and the text that is shown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside not in {"style", "title"} and data.strip():
            self.texts.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def trail(self) -> list[str]:
        looks = {"ahead", "passed", "moving", "arrived", "stopped"}
        return [str(cell["class"]) for cell in self.all("td") if cell.get("class") in looks]


def page(message: Message) -> Page:
    return Page(body(message, "html"))


def test_a_mail_has_both_bodies_and_the_headers_it_needs() -> None:
    read_by_another = mailparser.parse_from_bytes(wire(news()))

    assert read_by_another.from_ == [("Burger Barn", "orders@example.org")]
    assert read_by_another.to == [("", EMAIL)]
    assert read_by_another.subject == "Burger Barn"
    assert read_by_another.message_id == f"<{MESSAGE.message_id}@example.org>"
    assert read_by_another.headers["X-Order-Notification"] == MESSAGE.message_id
    assert read_by_another.headers["Auto-Submitted"] == "auto-generated"
    (plain,), (html,) = read_by_another.text_plain, read_by_another.text_html
    assert plain.startswith("Your order from Burger Barn is on its way.")
    assert "Your order from Burger Barn is on its way." in html
    assert read_by_another.attachments == []
    assert read_by_another.defects == []
    assert read(news()).get_content_type() == "multipart/alternative"


def test_optional_news_can_be_unsubscribed_from_by_one_click() -> None:
    headers = read(news())
    assert headers["List-Unsubscribe"] == f"<{PREFERENCES}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("links", [RECORD, None])
def test_a_record_is_no_list_to_unsubscribe_from(links: Links | None) -> None:
    headers = read(news(A_RECORD, links=links))
    assert headers["List-Unsubscribe"] is None
    assert headers["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize("length", [50, 90, 500, 900])
def test_a_long_link_stays_in_one_piece(length: int) -> None:
    url = "https://orders.example.org/preferences/" + "x-Y_9." * (length // 6)
    message = news(links=Links(url, url))
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in wire(message)
    assert url in body(message, "plain")
    assert {"href": url} == {"href": page(message).all("a")[0]["href"]}


@pytest.mark.parametrize("links", [OPTIONAL, RECORD])
def test_both_bodies_lead_to_the_preferences(links: Links) -> None:
    message = news(links=links)
    assert body(message, "plain").endswith(f"\n\n{FOOTER}\n{PREFERENCES}\n")
    (link,) = page(message).all("a")
    assert link["href"] == PREFERENCES


def test_without_links_there_is_no_footer() -> None:
    message = news(links=None)
    assert body(message, "plain") == "Your order from Burger Barn is on its way.\n"
    assert page(message).all("a") == []


def test_the_footer_is_what_the_words_say() -> None:
    message = news(words=ARABIC)
    assert body(message, "plain").endswith(f"\n\n{ARABIC.footer}\n{PREFERENCES}\n")
    assert page(message).texts[-1] == ARABIC.footer


def test_the_page_says_the_headline_and_the_sentence_once_each() -> None:
    shown = page(news(words=Words("On its way", "It comes."))).texts
    # The first is the preview in a list of mails, which the page itself hides.
    assert shown[0].startswith("It comes.")
    assert shown[1:] == ["A17", "On its way", "It comes.", FOOTER]


def test_the_page_names_the_place_and_the_order() -> None:
    shown = page(replace(news(), facts={"merchant_name": "Burger\n Barn", "eta_minutes": 12})).texts
    assert shown[1:3] == ["Burger Barn", "A17"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (7, None),
        ("", None),
        ("\u202eBurger\x00Barn\u200b", "Burger Barn"),
        ("B" * 200, "B" * 57 + "..."),
    ],
)
def test_the_name_of_a_place_comes_from_outside(name: str | int, shown: str | None) -> None:
    texts = page(replace(news(), order_id="x" * 21, facts={"merchant_name": name})).texts
    assert texts[1] == (shown or "Burger Barn")  # the headline comes first where there is no name
    assert "x" * 21 not in texts


@pytest.mark.parametrize(
    "field", ["title", "text", "merchant_name", "order_id", "link", "language", "footer"]
)
def test_nothing_from_outside_becomes_markup_or_a_header(field: str) -> None:
    message = {
        "title": news(words=Words(HOSTILE, "It comes.")),
        "text": news(words=Words("On its way", HOSTILE)),
        "merchant_name": replace(news(), facts={"merchant_name": HOSTILE}),
        "order_id": replace(news(), order_id='"><script>'),
        "link": news(links=Links(f"{PREFERENCES}?a=<b>\"'&c")),
        "language": news(words=Words("On its way", "It comes.", language='en"><script>')),
        "footer": news(words=Words("On its way", "It comes.", footer=HOSTILE)),
    }[field]
    usual, seen = page(replace(news(), facts={"merchant_name": "Burger Barn"})), page(message)

    counted = [tag for tag, _ in seen.tags if tag != "br"]
    assert counted == [tag for tag, _ in usual.tags]
    assert {name for _, attributes in seen.tags for name in attributes} <= {
        name for _, attributes in usual.tags for name in attributes
    }
    assert read(message)["Bcc"] is None
    assert set(read(message).keys()) <= set(read(news()).keys())
    if field == "text":
        assert HOSTILE.replace("\r\n", "\n") in body(message, "plain")
        assert HOSTILE.partition("\r")[0] in seen.texts


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("Ready\r\nBcc: eve@example.org", "Ready Bcc: eve@example.org"),
        ("Ready\n\n<html>", "Ready <html>"),
        ("Ready\x85\u2028Bcc: eve@example.org\x0b!", "Ready Bcc: eve@example.org !"),
        ("Re\x00a\x1bdy\ud800", "Ready"),
        ("Für Sie: 🍔 ist da", "Für Sie: 🍔 ist da"),
        ("Burger " * 200, ("Burger " * 200).strip()),
        ("B" * 3000, "B" * 3000),
        ("größer" * 300, "größer" * 300),
        ("=?utf-8?q?Bcc:_eve@example.org?=", None),
        ("", ""),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_no_subject_becomes_a_header_or_a_long_line(title: str, subject: str | None) -> None:
    content = wire(news(words=Words(title, "It comes.")))
    read_again = message_from_bytes(content, policy=default)
    assert subject is None or read_again["Subject"] == subject
    assert sorted(read_again.keys()) == sorted(read(news()).keys())
    assert mailparser.parse_from_bytes(content).to == [("", EMAIL)]
    assert max(map(len, content.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    "text",
    ["Für Sie 🍔.", "Ready.\n.\n..two\nQUIT", "Burger " * 400, "größer " * 400, "🍔" * 2000, "x" * 5000],
)
def test_any_text_is_ascii_in_short_lines_and_arrives_as_it_was(text: str) -> None:
    content = wire(news(words=Words("Ready", text), links=None))
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert body(news(words=Words("Ready", text), links=None), "plain") == f"{text}\n"


def test_what_no_mail_may_hold_is_left_out() -> None:
    text = "Re\x00a\x07dy\ud800, \u2068größer\u2069.\tNow"
    assert body(news(words=Words("a", text), links=None), "plain") == "Ready, \u2068größer\u2069.\tNow\n"


@pytest.mark.parametrize("name", ["Bürger & Barn", "Burger, Barn", 'The "B"', "汉堡" * 5])
def test_a_sender_may_have_any_name(name: str) -> None:
    sender = f'"{name.replace(chr(34), chr(92) + chr(34))}" <orders@example.org>'
    read_again = message_from_bytes(wire(news(), sender), policy=default)
    (address,) = read_again["From"].addresses
    assert (address.display_name, address.addr_spec) == (name, "orders@example.org")


def test_a_long_address_stays_in_one_piece() -> None:
    longest = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 50}.org"
    assert f"<{longest}>".encode() in wire(news(), recipient=f"Ana <{longest}>") or (
        message_from_bytes(wire(news(), recipient=longest), policy=default)["To"] == longest
    )


@pytest.mark.parametrize(
    ("words", "side"),
    [
        (MESSAGE.words, "left"),
        (Words("En camino", "Tu pedido va en camino.", language="es-mx"), "left"),
        (ARABIC, "right"),
        (Words("בדרך", "ההזמנה בדרך.", language="he", direction="rtl"), "right"),
    ],
)
def test_the_page_runs_the_way_its_words_do(words: Words, side: str) -> None:
    seen = page(news(words=words))
    for element in (seen.all("html")[0], seen.all("div")[1]):  # some clients drop the first
        assert (element["lang"], element["dir"]) == (words.language, words.direction)
    assert seen.all("h1")[0]["align"] == side
    assert words.title in seen.texts


def test_a_name_from_outside_does_not_turn_a_page_around() -> None:
    seen = page(replace(news(words=ARABIC), facts={"merchant_name": "Burger Barn"}))
    by_themselves = {tag for tag, attributes in seen.tags if attributes.get("dir") == "auto"}
    assert by_themselves == {"td"}  # what stands above: the place and the order


@pytest.mark.parametrize(
    ("path", "trail"),
    [
        ((Status.PLACED,), ["moving"] + ["ahead"] * 6),
        (
            (Status.ACCEPTED, Status.PREPARING, Status.READY_FOR_PICKUP),
            ["passed"] + ["moving"] * 3 + ["ahead"] * 3,
        ),
        (
            (Status.ACCEPTED, Status.READY_FOR_PICKUP),
            ["passed", "moving", "passed", "moving"] + ["ahead"] * 3,
        ),
        ((Status.OUT_FOR_DELIVERY,), ["passed"] * 4 + ["moving"] + ["ahead"] * 2),
        ((Status.DELIVERED,), ["arrived"] * 7),
        ((Status.PLACED, Status.CANCELLED), ["stopped"] * 7),
    ],
)
def test_the_trail_shows_how_far_an_order_is(path: tuple[Status, ...], trail: list[str]) -> None:
    assert page(replace(news(), path=path)).trail == trail


def test_the_page_asks_the_network_for_nothing_and_is_read_in_the_dark() -> None:
    html = body(news(), "html")
    assert re.findall(r"https?://[^\"' <]+", html) == [PREFERENCES]
    assert not {"img", "script", "link", "iframe", "form", "object"} & {tag for tag, _ in page(news()).tags}
    assert "url(" not in html
    assert "@import" not in html
    assert "prefers-color-scheme: dark" in html
    assert {"name": "color-scheme", "content": "light dark"} in page(news()).all("meta")
    # Gmail cuts a mail off after 102 kB.
    assert len(wire(news())) < 20_000


def test_every_look_has_its_own_in_the_dark() -> None:
    html = body(news(), "html")
    dark = html[html.index("prefers-color-scheme") : html.index("</style>")]
    used = {str(attributes["class"]) for _, attributes in page(news()).tags if "class" in attributes}
    missing = {name for name in used | {"arrived", "stopped"} if f".{name} " not in dark}
    assert missing == set()


def test_tables_are_told_to_screen_readers_as_layout_and_the_trail_not_at_all() -> None:
    tables = page(news()).all("table")
    assert {table["role"] for table in tables} == {"presentation"}
    assert [table.get("aria-hidden") for table in tables].count("true") == 1
