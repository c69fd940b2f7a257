"""What people read: the sentences, the languages, and facts that nobody should trust."""

import math
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from activities.planning import Wording
from activities.wording import FluentWording
from activities.wording.wording import CATALOGUES
from domain.channels import Channel
from domain.messages import Words
from domain.orders import Fact
from domain.status import Role, Status
from tests.every_text import LANGUAGES, every_text

PLACED, ACCEPTED, PREPARING, READY = (
    Status.PLACED,
    Status.ACCEPTED,
    Status.PREPARING,
    Status.READY_FOR_PICKUP,
)
ON_ITS_WAY, NEARBY, DELIVERED, CANCELLED = (
    Status.OUT_FOR_DELIVERY,
    Status.NEARBY,
    Status.DELIVERED,
    Status.CANCELLED,
)


def say(
    wording: Wording,
    *path: Status,
    to: Role = Role.CUSTOMER,
    on: Channel = Channel.PUSH,
    locale: str = "en",
    **facts: Fact,
) -> Words:
    """Tell somebody that an order went this way."""
    return wording.words(locale, to, on, path, facts)


@pytest.fixture(scope="module")
def wording() -> FluentWording:
    return FluentWording()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of catalogues to change, with English alone in it."""
    shutil.copy(CATALOGUES / "en.ftl", tmp_path)
    return tmp_path


def write(folder: Path, locale: str, catalogue: str) -> None:
    (folder / f"{locale}.ftl").write_text(catalogue, encoding="utf-8")


# The story of one order, as its people read it.


def test_an_order_on_its_way_says_where_from_and_when(wording: FluentWording) -> None:
    words = say(wording, ON_ITS_WAY, merchant_name="Burger Barn", eta_minutes=12)

    assert words == Words(
        title="On its way",
        text="Your order from Burger Barn is on its way. It should be with you in about 12 minutes.",
    )


def test_what_is_not_known_is_not_said(wording: FluentWording) -> None:
    without_eta = say(wording, ON_ITS_WAY, merchant_name="Burger Barn")

    assert without_eta.text == "Your order from Burger Barn is on its way."
    assert say(wording, ON_ITS_WAY).text == "Your order is on its way."


def test_three_statuses_are_one_sentence(wording: FluentWording) -> None:
    words = say(wording, ACCEPTED, PREPARING, READY, merchant_name="Burger Barn")

    assert words.text == "Burger Barn has accepted and prepared your order, and it is ready to go."


def test_two_statuses_are_one_sentence(wording: FluentWording) -> None:
    def read(*path: Status) -> str:
        return say(wording, *path, merchant_name="Burger Barn").text

    assert read(ACCEPTED, PREPARING) == "Burger Barn has accepted your order and is preparing it now."
    assert read(ACCEPTED, READY) == "Burger Barn has accepted your order and has it ready to go."
    assert read(PREPARING, READY) == "Burger Barn has prepared your order, and it is ready to go."
    assert read(PLACED, ACCEPTED) == "Thank you for your order. Burger Barn has accepted it."


def test_once_it_is_delivered_nobody_cares_how_it_got_there(wording: FluentWording) -> None:
    delivered = say(wording, DELIVERED, merchant_name="Burger Barn")

    assert delivered.title == "Order from Burger Barn delivered"
    assert delivered.text == "Your order from Burger Barn has been delivered. Enjoy your meal."
    assert say(wording, ON_ITS_WAY, NEARBY, DELIVERED, merchant_name="Burger Barn") == delivered


def test_a_merchant_is_told_what_to_do(wording: FluentWording) -> None:
    placed = say(wording, PLACED, to=Role.MERCHANT, merchant_name="Burger Barn", order_id="A17")
    cancelled = say(wording, CANCELLED, to=Role.MERCHANT, order_id="A17")

    assert placed.title == "New order A17"
    assert placed.text == "Order A17 has come in at Burger Barn and is waiting for you to accept it."
    assert cancelled.text == "Order A17 has been cancelled. Please stop working on it."


def test_a_courier_is_told_where_to_go(wording: FluentWording) -> None:
    words = say(wording, READY, to=Role.COURIER, on=Channel.SMS, merchant_name="Burger Barn")

    assert words.text == "An order at Burger Barn is ready for you to pick up."


def test_time_is_told_as_people_tell_it(wording: FluentWording) -> None:
    def eta(minutes: float) -> str:
        return say(wording, NEARBY, eta_minutes=minutes).text.removeprefix(
            "Your order is just around the corner."
        )

    assert eta(0) == " It should be with you any moment now."
    assert eta(1) == " It should be with you in about a minute."
    assert eta(12.4) == " It should be with you in about 12 minutes."
    assert eta(89) == " It should be with you in about 89 minutes."
    assert eta(90) == " It should be with you in about 2 hours."
    assert eta(24 * 60) == " It should be with you in about 24 hours."


def test_in_spanish(wording: FluentWording) -> None:
    on_its_way = say(wording, ON_ITS_WAY, locale="es", merchant_name="La Esquina", eta_minutes=12)
    preparing = say(wording, ACCEPTED, PREPARING, locale="es", merchant_name="La Esquina")

    assert on_its_way.text == "Tu pedido de La Esquina va en camino. Llega en unos 12 minutos."
    assert preparing.text == "La Esquina ha aceptado tu pedido y ya lo prepara."


def test_a_text_message_may_have_words_of_its_own(wording: FluentWording) -> None:
    assert say(wording, READY, locale="es").text == "Tu pedido está listo para salir."
    assert say(wording, READY, locale="es", on=Channel.SMS).text == "Tu pedido ya queda listo para salir."
    assert say(wording, READY, locale="es", on=Channel.EMAIL).text == "Tu pedido está listo para salir."


# Texts have room for little.


def test_a_text_message_leaves_out_what_is_missed_least(wording: FluentWording) -> None:
    def text(to: Role = Role.CUSTOMER, **facts: Fact) -> str:
        path = (ON_ITS_WAY,) if to is Role.CUSTOMER else (CANCELLED,)
        return wording.words("en", to, Channel.SMS, path, {"merchant_name": "四川饭店", **facts}).text

    assert text() == "Your order from 四川饭店 is on its way."
    assert text(eta_minutes=12) == "Your order is on its way. It should be with you in about 12 minutes."
    to_courier = text(Role.COURIER, order_id="A17")
    assert to_courier == "Order A17 has been cancelled. You no longer need to deliver it."
    to_merchant = text(Role.MERCHANT, order_id="A-2026-11-22-0000017")
    assert to_merchant == "An order at 四川饭店 has been cancelled. Please check your open orders."
    # A push has room for everything.
    pushed = say(wording, ON_ITS_WAY, merchant_name="四川饭店", eta_minutes=12)
    assert pushed.text.startswith("Your order from 四川饭店 is on its way. It should")


def test_a_text_message_that_fits_in_no_way_is_told_in_full(folder: Path) -> None:
    write(
        folder, "fr", "customer-nearby =\n    .title = Ici\n    .text = " + "à" * 160 + " { $merchant_name }"
    )

    said = say(FluentWording(folder), NEARBY, on=Channel.SMS, locale="fr", merchant_name="Ana")
    assert said.text.endswith("à Ana")


# Languages.


def test_a_region_is_told_in_its_language_and_the_unknown_in_english(wording: FluentWording) -> None:
    assert say(wording, NEARBY, locale="es-MX") == say(wording, NEARBY, locale="es")
    assert say(wording, NEARBY, locale="es_419") == say(wording, NEARBY, locale="es")
    assert say(wording, NEARBY, locale="de") == say(wording, NEARBY, locale="en")
    assert say(wording, NEARBY, locale="") == say(wording, NEARBY, locale="en")


def test_a_language_is_one_file(folder: Path) -> None:
    english = (folder / "en.ftl").read_text(encoding="utf-8")
    write(folder, "qps", english.replace("Your order", "Ÿøüř øřđéř"))
    wording = FluentWording(folder)

    assert say(wording, ON_ITS_WAY, locale="qps", eta_minutes=1).text == (
        "Ÿøüř øřđéř is on its way. It should be with you in about a minute."
    )


def test_a_language_that_nobody_knows_has_english_plurals_on_every_machine(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "ja")
    shutil.copy(folder / "en.ftl", folder / "tlh-x-Kronos.ftl")

    assert (
        "in about a minute" in say(FluentWording(folder), NEARBY, locale="tlh-x-kronos", eta_minutes=1).text
    )


def test_an_editors_byte_order_mark_does_no_harm(folder: Path) -> None:
    write(folder, "fr", "\ufeffcustomer-nearby =\n    .title = Ici\n    .text = Me voici.")

    assert say(FluentWording(folder), NEARBY, locale="fr").text == "Me voici."


def test_a_region_needs_only_what_it_says_differently(folder: Path) -> None:
    shutil.copy(CATALOGUES / "es.ftl", folder)
    write(folder, "es-MX", 'from-merchant = { " " }desde { $merchant_name }')
    wording = FluentWording(folder)

    mexican = say(wording, ON_ITS_WAY, locale="es-MX", merchant_name="Ana")
    spanish = say(wording, ON_ITS_WAY, locale="es-ES", merchant_name="Ana")
    assert mexican.text == "Tu pedido desde Ana va en camino."
    assert spanish.text == "Tu pedido de Ana va en camino."


def test_a_message_that_a_language_lacks_is_told_in_english_and_noted_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(folder, "fr", "customer-nearby =\n    .title = Tout près\n    .text = Votre commande arrive.")
    wording = FluentWording(folder)

    assert say(wording, ON_ITS_WAY, NEARBY, locale="fr").text == "Votre commande arrive."
    assert caplog.messages == []
    for _ in range(3):
        assert say(wording, ON_ITS_WAY, locale="fr").text == "Your order is on its way."
    assert caplog.messages == ["fr.ftl has no words for OUT_FOR_DELIVERY to the customer"]


def test_less_in_the_readers_language_is_better_than_more_in_english(folder: Path) -> None:
    write(folder, "fr", "customer-preparing =\n    .title = En cuisine\n    .text = On prépare.")

    assert say(FluentWording(folder), ACCEPTED, PREPARING, locale="fr").text == "On prépare."


def test_an_email_is_in_one_language_down_to_its_footer(folder: Path) -> None:
    write(
        folder,
        "de",
        "customer-nearby =\n    .title = Gleich da\n    .text = Gleich da.\nmail-preferences = Mails wählen",
    )
    wording = FluentWording(folder)

    def mail(*path: Status) -> tuple[str, str, str]:
        words = say(wording, *path, on=Channel.EMAIL, locale="de-AT")
        return words.language, words.title, words.footer

    assert mail(NEARBY) == ("de", "Gleich da", "Mails wählen")
    assert mail(ON_ITS_WAY) == ("en", "On its way", "Choose which e-mails you get")
    assert say(wording, NEARBY, on=Channel.PUSH, locale="de").footer == ""


def test_typography_does_not_make_a_text_message_dearer(folder: Path) -> None:
    proper = "L\u2019heure\u00a0: «\u202fmidi\u202f» \u2013\u202f!"
    write(folder, "fr", f"customer-nearby =\n    .title = Ici\n    .text = {proper}")
    wording = FluentWording(folder)

    assert say(wording, NEARBY, locale="fr").text == proper
    assert say(wording, NEARBY, locale="fr", on=Channel.SMS).text == "L'heure : « midi » - !"


def test_a_status_without_any_words_is_still_news(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    english = (
        (CATALOGUES / "en.ftl").read_text(encoding="utf-8").replace("customer-nearby =", "customer-close =")
    )
    write(folder, "en", english)
    write(folder, "fr", english.replace("There is news of", "Du nouveau pour"))
    wording = FluentWording(folder)

    words = say(wording, NEARBY, merchant_name="Burger Barn")
    assert words.text == "There is news of your order from Burger Barn: open the app to see it."
    assert say(wording, NEARBY, locale="fr").text.startswith("Du nouveau pour your order")
    assert caplog.messages == [f"{tag}.ftl has no words for NEARBY to the customer" for tag in ("en", "fr")]


def test_a_status_that_a_role_is_not_told_is_still_news(wording: FluentWording) -> None:
    assert (
        say(wording, NEARBY, to=Role.COURIER).text
        == "There is news of an order: please check your deliveries."
    )
    assert say(wording).text == "There is news of your order: open the app to see it."


def test_what_a_translator_broke_is_told_in_english(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(
        folder,
        "fr",
        "customer-nearby =\n    .title = Ici\n    .text = Ici { $sourire }.\n"
        "customer-placed =\n    .title = Merci\n    .text = Merci { oops\n",
    )
    wording = FluentWording(folder)

    for _ in range(3):
        assert say(wording, NEARBY, locale="fr").text == "Your order is just around the corner."
    assert say(wording, PLACED, locale="fr").title == "Order placed"
    assert caplog.messages == [
        "fr.ftl: cannot read 'customer-placed ='",
        "fr.ftl: customer-nearby is broken: Unknown external: sourire",
        "fr.ftl has no words for NEARBY to the customer",
        "fr.ftl has no words for PLACED to the customer",
    ]


@pytest.mark.parametrize("english", [None, "customer-nearby =\n    .title = Near\n    .text = It is near."])
def test_without_english_nothing_starts(tmp_path: Path, english: str | None) -> None:
    if english:
        write(tmp_path, "en", english)

    with pytest.raises(ValueError, match=r"en\.ftl"):
        FluentWording(tmp_path)


def test_a_latin_name_is_kept_together_where_writing_runs_from_right_to_left(folder: Path) -> None:
    write(folder, "ar", "customer-nearby =\n    .title = قريب\n    .text = طلبك من { $merchant_name } قريب.")

    said = say(FluentWording(folder), NEARBY, locale="ar", merchant_name="Burger Barn").text
    assert said == "طلبك من \u2068Burger Barn\u2069 قريب."


# Facts come from outside.


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("Burger\r\nBcc: all\x00\x1b\x7fBarn", "Burger Bcc: all Barn"),
        ('{ "x" } { $eta_minutes }', '{ "x" } { $eta_minutes }'),
        ("\u202eBurger\u2066 Barn\u200b\ufeff", "Burger Barn"),
        ("Burger\u2028Barn\u00a0\u3000Two", "Burger Barn Two"),
        ("Burger Barn\ud800", "Burger Barn"),
        ("Cafe\u0301 Sol", "Café Sol"),
        ("x" * 5000, "x" * 27 + "..."),
        ("yes", "yes"),
        ("other", "other"),
        ("0", "0"),
    ],
)
@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_name_is_a_name_and_nothing_else(wording: FluentWording, locale: str, name: str, read: str) -> None:
    for (role, _), path in every_text(wording, locale).items():
        words = say(wording, *path, to=role, locale=locale, merchant_name=name)
        plain = say(wording, *path, to=role, locale=locale, merchant_name="Burger Barn")
        assert words.title == plain.title.replace("Burger Barn", read)
        assert words.text == plain.text.replace("Burger Barn", read)
        said = f"{words.title}{words.text}".replace(f"\u2068{read}\u2069", read)
        assert not [c for c in said if unicodedata.category(c) in {"Cc", "Cf", "Cs"}]


def test_a_name_in_a_text_message_is_a_name_in_its_alphabet(wording: FluentWording) -> None:
    words = say(wording, NEARBY, on=Channel.SMS, merchant_name="\u202eBurger\u2066\u00a0Barn\u2019s")

    assert words.text.startswith("Your order from Burger Barn's is")


@pytest.mark.parametrize(
    "name", ["", " \n\t ", "\u200b\u202e", 42, 4.2, True, None, ["Burger Barn"], {"a": 1}]
)
def test_what_is_no_name_is_as_good_as_none(wording: FluentWording, name: Any) -> None:
    for role in Role:
        words = wording.words(
            "en", role, Channel.SMS, (CANCELLED,), {"merchant_name": name, "order_id": name}
        )

        assert words == say(wording, CANCELLED, to=role, on=Channel.SMS)


@pytest.mark.parametrize(
    "eta",
    [-1, 24 * 60 + 1, 10**400, -(10**400), True, "12", "soon", "", math.nan, math.inf, -math.inf, None, [12]],
)
def test_an_absurd_eta_is_not_told(wording: FluentWording, eta: Any) -> None:
    words = wording.words("en", Role.CUSTOMER, Channel.PUSH, (ON_ITS_WAY,), {"eta_minutes": eta})

    assert words.text == "Your order is on its way."


def test_half_an_order_id_is_not_told(wording: FluentWording) -> None:
    words = say(wording, PLACED, to=Role.MERCHANT, order_id="0198c0de-aaaa-7bbb-8ccc-0123456789ab")

    assert words == say(wording, PLACED, to=Role.MERCHANT)


def test_a_curly_quote_does_not_make_a_text_message_dearer(wording: FluentWording) -> None:
    name = "Joe\N{RIGHT SINGLE QUOTATION MARK}s \N{EN DASH} Diner"

    assert say(wording, NEARBY, on=Channel.SMS, merchant_name=name).text.startswith(
        "Your order from Joe's - Diner is"
    )
    assert say(wording, NEARBY, on=Channel.PUSH, merchant_name=name).text.startswith(
        f"Your order from {name} is"
    )


def test_facts_we_do_not_know_change_nothing(wording: FluentWording) -> None:
    words = say(wording, ON_ITS_WAY, has_merchant_name="yes", eta="hours", eta_hours=3, colour="red")

    assert words.text == "Your order is on its way."


# The house.


def test_words_need_no_platform_no_network_and_no_database() -> None:
    unwanted = "{'temporalio', 'httpx', 'sqlalchemy'}"
    program = f"import sys, activities.wording; print(sorted({unwanted} & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=CATALOGUES.parents[1]
    )

    assert done.stdout.strip() == "[]"


def test_the_files_are_read_once(folder: Path) -> None:
    wording = FluentWording(folder)
    shutil.rmtree(folder)

    assert say(wording, DELIVERED).title == "Order delivered"


def test_what_a_message_and_its_parts_mention_is_said_anew_when_it_changes(folder: Path) -> None:
    write(
        folder,
        "qps",
        """
that-comes = comes in { $eta_minutes }
customer-nearby =
    .title = Soon
    .text = What { $merchant_name } made { that-comes }
""",
    )
    wording = FluentWording(folder)

    for merchant, eta in (("Burger Barn", 5), ("Burger Barn", 9), ("Taco Town", 9), ("Burger Barn", 5)):
        said = say(wording, NEARBY, locale="qps", merchant_name=merchant, eta_minutes=eta)
        assert said.text == f"What {merchant} made comes in {eta}"
