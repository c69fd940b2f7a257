"""Variants of a message: one language is still one file, and a language takes part whole or not at all."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from activities.wording import FluentWording
from activities.wording.checking import check
from activities.wording.experiments import FILE, read_experiments
from activities.wording.wording import CATALOGUES
from domain.channels import Channel
from domain.orders import BadInput
from domain.status import Role, Status

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEARBY, OUT = Status.NEARBY, Status.OUT_FOR_DELIVERY
TONE = """
[nearby-tone]
status = "NEARBY"
ends = 2026-12-01T00:00:00Z
variants = { plain = 1, warm = 1 }
"""
WARM = """
customer-nearby--warm =
    .title = Nearly with you
    .text = { $has_merchant_name ->
        [yes] Lay the table: { $merchant_name } is around the corner.
       *[no] Lay the table: your order is around the corner.
    }
"""
# As their hashes have it.
HEARS_WARM, HEARS_PLAIN = "c-42", "c-8"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """English, with a second wording of NEARBY, and Spanish without it."""
    for language in ("en", "es"):
        shutil.copy(CATALOGUES / f"{language}.ftl", tmp_path)
    (tmp_path / FILE).write_text(TONE)
    add(tmp_path, "en", WARM)
    return tmp_path


def add(folder: Path, locale: str, words: str) -> None:
    with (folder / f"{locale}.ftl").open("a", encoding="utf-8") as catalogue:
        catalogue.write(words)


def variant(
    wording: FluentWording,
    recipient_id: str = HEARS_WARM,
    *path: Status,
    locale: str = "en",
    at: datetime = NOON,
) -> str | None:
    return wording.variant(locale, Role.CUSTOMER, path or (NEARBY,), recipient_id, at)


def text(
    wording: FluentWording, variant: str | None, *, locale: str = "en", on: Channel = Channel.PUSH
) -> str:
    facts = {"merchant_name": "Burger Barn"}
    return wording.words(locale, Role.CUSTOMER, on, (NEARBY,), facts, variant).text


def test_the_first_variant_is_the_usual_words_and_the_other_its_own(folder: Path) -> None:
    wording = FluentWording(folder)

    assert (variant(wording), variant(wording, HEARS_PLAIN)) == ("nearby-tone/warm", "nearby-tone/plain")
    for channel in Channel:
        assert text(wording, "nearby-tone/warm", on=channel).startswith("Lay the table: Burger Barn")
        assert text(wording, "nearby-tone/plain", on=channel) == text(wording, None, on=channel)


def test_other_news_takes_no_part(folder: Path) -> None:
    wording = FluentWording(folder)

    assert variant(wording, HEARS_WARM, OUT) is None
    assert wording.variant("en", Role.MERCHANT, (Status.PLACED,), HEARS_WARM, NOON) is None
    assert wording.variant("en", Role.CUSTOMER, (), HEARS_WARM, NOON) is None


def test_a_path_takes_part_by_its_newest_status(folder: Path) -> None:
    assert variant(FluentWording(folder), HEARS_WARM, OUT, NEARBY) == "nearby-tone/warm"


def test_a_path_with_words_of_its_own_takes_part_when_those_have_the_variant(folder: Path) -> None:
    add(folder, "en", "\ncustomer-out_for_delivery-nearby =\n    .title = There\n    .text = Nearly there.\n")
    assert variant(FluentWording(folder), HEARS_WARM, OUT, NEARBY) is None

    add(folder, "en", "\ncustomer-out_for_delivery-nearby--warm =\n    .title = Soon\n    .text = So soon.\n")
    assert variant(FluentWording(folder), HEARS_WARM, OUT, NEARBY) == "nearby-tone/warm"


def test_a_language_that_lacks_a_variant_takes_no_part_with_any(folder: Path) -> None:
    wording = FluentWording(folder)

    assert (variant(wording, locale="es"), variant(wording, HEARS_PLAIN, locale="es-MX")) == (None, None)
    assert text(wording, "nearby-tone/warm", locale="es") == text(wording, None, locale="es")


def test_a_region_takes_part_with_the_words_of_its_language(folder: Path) -> None:
    assert variant(FluentWording(folder), locale="en-GB") == "nearby-tone/warm"


def test_a_language_without_a_file_takes_part_in_the_english_it_is_told_in(folder: Path) -> None:
    assert variant(FluentWording(folder), locale="fi") == "nearby-tone/warm"


def test_an_experiment_that_is_over_takes_in_nobody(folder: Path) -> None:
    assert variant(FluentWording(folder), at=datetime(2026, 12, 1, tzinfo=UTC)) is None


def test_a_broken_variant_is_told_in_the_usual_words(folder: Path) -> None:
    add(folder, "en", "\ncustomer-nearby--warm =\n    .title = { $nothing }\n    .text = { $nothing }\n")
    shutil.copy(CATALOGUES / "en.ftl", folder)
    add(folder, "en", "\ncustomer-nearby--warm =\n    .title = { $nothing }\n    .text = { $nothing }\n")

    assert text(FluentWording(folder), "nearby-tone/warm") == text(FluentWording(folder), None)


def test_a_variant_is_no_message_that_other_languages_miss(folder: Path) -> None:
    assert [finding for finding in check(folder) if finding.file.startswith("es")] == []


def test_there_is_no_experiment_as_it_ships() -> None:
    assert (CATALOGUES / FILE).exists()
    assert list(FluentWording().experiments) == []


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("[a\n", "experiments.toml: is not TOML"),
        ("a = 1", "experiments.toml: a is no table"),
        ('[a]\nstatus = "LOST"\nvariants = { a = 1, b = 1 }', "experiments.toml: a: status: unknown status"),
        (TONE.replace("00:00:00Z", "00:00:00"), "experiments.toml: nearby-tone: ends:"),
        (TONE + TONE.replace("nearby-tone", "other"), "runs at the same time as other"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_error(folder: Path, file: str, problem: str) -> None:
    (folder / FILE).write_text(file)

    with pytest.raises(BadInput) as refused:
        read_experiments(folder)

    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)
