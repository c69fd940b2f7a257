"""What pages say around the news: phrases, and moments as people of each language say them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.wording import FluentWording
from activities.wording.wording import CATALOGUES

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture(scope="module")
def wording() -> FluentWording:
    return FluentWording()


def a_catalogue(folder: Path, locale: str, text: str) -> FluentWording:
    """Wording of English and of one more language."""
    (folder / "en.ftl").write_bytes((CATALOGUES / "en.ftl").read_bytes())
    (folder / f"{locale}.ftl").write_text(text, encoding="utf-8")
    return FluentWording(folder)


def ago(wording: FluentWording, locale: str, seconds: float) -> str:
    said = wording.phrases(locale).ago(NOW - timedelta(seconds=seconds), NOW)
    return said.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("locale", "moments"),
    [
        (
            "en",
            {
                46: "1 minute ago",
                MINUTE: "1 minute ago",
                3 * MINUTE: "3 minutes ago",
                2 * HOUR: "2 hours ago",
                DAY: "1 day ago",
                -2 * DAY: "in 2 days",
            },
        ),
        (
            "es",
            {
                MINUTE: "hace 1 minuto",
                3 * MINUTE: "hace 3 minutos",
                2 * HOUR: "hace 2 horas",
                DAY: "hace 1 día",
                -2 * DAY: "dentro de 2 días",
            },
        ),
        (
            "fr",
            {
                MINUTE: "il y a 1 minute",
                3 * MINUTE: "il y a 3 minutes",
                2 * HOUR: "il y a 2 heures",
                DAY: "il y a 1 jour",
                -2 * DAY: "dans 2 jours",
            },
        ),
        (
            "ar",
            {
                MINUTE: "قبل دقيقة واحدة",
                2 * MINUTE: "قبل دقيقتين",
                3 * MINUTE: "قبل 3 دقائق",
                11 * MINUTE: "قبل 11 دقيقة",
                2 * HOUR: "قبل ساعتين",
                2 * DAY: "قبل يومين",
                -2 * DAY: "خلال يومين",
                -3 * MINUTE: "خلال 3 دقائق",
            },
        ),
        (
            "ja",
            {
                MINUTE: "1 分前",
                3 * MINUTE: "3 分前",
                2 * HOUR: "2 時間前",
                DAY: "1 日前",
                -2 * DAY: "2 日後",
            },
        ),
    ],
)
def test_a_moment_is_told_as_its_language_tells_it(
    wording: FluentWording, locale: str, moments: dict[int, str]
) -> None:
    assert {seconds: ago(wording, locale, seconds) for seconds in moments} == moments


@pytest.mark.parametrize(
    ("locale", "now"),
    [
        ("en", "just now"),
        ("es", "ahora mismo"),
        ("fr", "à l\N{RIGHT SINGLE QUOTATION MARK}instant"),
        ("ar", "الآن"),
        ("ja", "たった今"),
    ],
)
def test_just_now_is_no_number_of_seconds_nor_ahead_by_a_clock_that_is_off(
    wording: FluentWording, locale: str, now: str
) -> None:
    assert {ago(wording, locale, seconds) for seconds in (0, 0.4, 44, -1, -44)} == {now}
    assert now not in {ago(wording, locale, seconds) for seconds in (46, -46)}


def test_the_first_language_that_we_have_is_spoken(wording: FluentWording) -> None:
    def spoken(*locales: str) -> str:
        return wording.phrases(*locales).tag

    assert spoken("de", "fr-CH", "es") == "fr"
    assert spoken("es-MX") == "es"
    assert spoken("de", "") == spoken() == "en"


def test_a_page_runs_the_way_its_language_does(wording: FluentWording, tmp_path: Path) -> None:
    assert wording.phrases("ar-EG").direction == "rtl"
    # Nobody knows of a country XB, and everybody of Arabic.
    assert a_catalogue(tmp_path, "ar-XB", "choices-save = حفظ").phrases("ar-xb").direction == "rtl"
    assert {wording.phrases(locale).direction for locale in ("en", "es", "fr", "ja")} == {"ltr"}


def test_a_phrase_that_a_language_lacks_is_said_in_english_and_noted_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wording = a_catalogue(tmp_path, "de", "choices-save = Sichern\nchoices-title = { $oops }")

    for _ in range(2):
        say = wording.phrases("de")
        assert say("choices-save") == "Sichern"
        assert say("choices-nothing") == "Nothing"
        assert say("choices-title") == "Updates about your orders"
    assert caplog.messages == [
        "de.ftl has no words for choices-nothing",
        "de.ftl: choices-title is broken: Unknown external: oops",
    ]


def test_what_runs_in_a_circle_is_said_in_english(tmp_path: Path) -> None:
    assert (
        a_catalogue(tmp_path, "de", "choices-save = { choices-save }").phrases("de")("choices-save") == "Save"
    )


def test_a_phrase_that_english_lacks_is_a_mistake_of_ours(wording: FluentWording) -> None:
    with pytest.raises(KeyError, match="no-such-phrase"):
        wording.phrases("fr")("no-such-phrase")


def test_a_name_in_a_phrase_is_kept_together_from_right_to_left_and_still_selects(tmp_path: Path) -> None:
    catalogue = "choices-save = { $who ->\n    [ana] هي { $who }\n   *[other] { $count } من { $who }\n}"
    say = a_catalogue(tmp_path, "ar", catalogue).phrases("ar")

    assert say("choices-save", who="ana", count=3) == "هي \u2068ana\u2069"
    assert say("choices-save", who="Bo", count=3) == "3 من \u2068Bo\u2069"
