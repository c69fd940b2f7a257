"""The check of the catalogues: everything that a translator can leave out or get wrong is named."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from activities.wording.checking import Finding, check
from activities.wording.wording import CATALOGUES

ROOT = CATALOGUES.parents[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with English and German, which is English so far."""
    shutil.copy(CATALOGUES / "en.ftl", tmp_path)
    shutil.copy(CATALOGUES / "en.ftl", tmp_path / "de.ftl")
    return tmp_path


def change(folder: Path, old: str, new: str, file: str = "de.ftl") -> list[str]:
    """Change a catalogue in one place, and say what is wrong with it then."""
    catalogue = (folder / file).read_text(encoding="utf-8")
    assert catalogue.count(old) == 1
    (folder / file).write_text(catalogue.replace(old, new), encoding="utf-8")
    return [str(finding) for finding in check(folder)]


def said_by(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "activities.wording", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )


def test_nothing_is_wrong_with_the_languages_that_are_there() -> None:
    assert check(CATALOGUES) == []


def test_nothing_is_wrong_with_a_copy_of_english(folder: Path) -> None:
    assert check(folder) == []


def test_a_message_that_is_not_there_is_named(folder: Path) -> None:
    said = change(folder, "customer-nearby =", "customer-near =")

    assert "de.ftl: customer-nearby is missing" in said
    assert "de.ftl: customer-near is never said: English has nothing of this name" in said


def test_a_phrase_that_is_not_there_is_named(folder: Path) -> None:
    assert change(folder, "choices-save = Save\n", "") == ["de.ftl: choices-save is missing"]


def test_half_a_message_is_none(folder: Path) -> None:
    assert change(folder, "    .title = Almost there\n", "") == ["de.ftl: customer-nearby is missing"]


def test_what_messages_are_made_of_is_each_languages_own(folder: Path) -> None:
    catalogue = (folder / "de.ftl").read_text(encoding="utf-8")
    (folder / "de.ftl").write_text(re.sub(r"\bfrom-merchant\b", "von", catalogue), encoding="utf-8")

    assert check(folder) == []


def test_a_part_that_nothing_is_made_of_is_named(folder: Path) -> None:
    assert change(folder, "moment-now =", "nobody = x\nmoment-now =") == [
        "de.ftl: nobody is never said: English has nothing of this name"
    ]


def test_a_variable_that_nobody_gives_is_named(folder: Path) -> None:
    assert change(folder, "is just around the corner", "is { $distance } away") == [
        "de.ftl: customer-nearby uses $distance, which nobody gives it"
    ]
    assert change(folder, "choices-save = Save", "choices-save = Save { $channel }")[1:] == [
        "de.ftl: choices-save uses $channel, which nobody gives it"
    ]


def test_a_variable_of_a_part_is_one_of_those_who_are_made_of_it(folder: Path) -> None:
    said = change(
        folder,
        "choices-save = Save",
        "-brand = Barn\nbutton = { $channel }{ -brand }\nchoices-save = { button }",
    )

    assert said == ["de.ftl: button uses $channel, which nobody gives it"]


@pytest.mark.parametrize("reference", ["nowhere", "customer-placed", "customer-placed.sms", "-brand"])
def test_a_reference_to_nothing_is_named(folder: Path, reference: str) -> None:
    assert change(folder, "is just around the corner", f"is {{ {reference} }}") == [
        f"de.ftl: customer-nearby refers to {reference}, which is not there"
    ]


def test_what_runs_in_a_circle_is_named(folder: Path) -> None:
    assert change(
        folder, "{ customer-placed-accepted-preparing.text }", "{ customer-placed-preparing.text }"
    ) == ["de.ftl: customer-placed-preparing cannot be said"]
    said = change(folder, "choices-save = Save", "choices-save = { choices-save }")
    assert "de.ftl: choices-save cannot be said" in said


def test_what_cannot_be_read_is_named_with_its_line(folder: Path) -> None:
    line = (folder / "de.ftl").read_text(encoding="utf-8").split("\n").index("choices-save = Save") + 1
    broken, missing = sorted(
        change(folder, "choices-save = Save", "choices-save = { oops"), key=len, reverse=True
    )

    assert broken.startswith(f"de.ftl: line {line} cannot be read: Expected token")
    assert missing == "de.ftl: choices-save is missing"


def test_what_is_there_twice_is_named(folder: Path) -> None:
    said = change(folder, "choices-save = Save\n", "choices-save = Save\nchoices-save = Keep\n")

    assert said == ["de.ftl: choices-save is there 2 times"]


ONE_OR_OTHER = """        [one] in about a minute
       *[other] in about { $eta_minutes } minutes"""


def test_a_plural_that_a_language_does_not_have_is_named(folder: Path) -> None:
    said = change(folder, ONE_OR_OTHER, ONE_OR_OTHER.replace("[one]", "[few] x\n        [one]"))

    assert said == ["de.ftl: should-arrive has [few] for $eta_minutes, a plural that German does not have"]


def about_minutes(findings: Iterable[Finding]) -> list[str]:
    """What is wrong with the one message that these tests are about."""
    return [line for line in map(str, findings) if "should-arrive" in line and "note" not in line]


def test_a_plural_that_a_language_has_and_lacks_is_named(folder: Path) -> None:
    (folder / "de.ftl").rename(folder / "ar.ftl")

    # Nought is named in English: it needs no plural of its own.
    assert about_minutes(check(folder)) == [
        f"ar.ftl: should-arrive lacks [{category}] for $eta_minutes, a plural that Arabic has"
        for category in ("few", "many", "two")
    ]


def test_a_language_without_plurals_needs_none_and_may_have_none(folder: Path) -> None:
    (folder / "de.ftl").rename(folder / "ja.ftl")

    named = "has [one] for $eta_minutes, a plural that Japanese does not have"
    assert about_minutes(check(folder)) == [f"ja.ftl: should-arrive {named}"]
    change(folder, ONE_OR_OTHER, ONE_OR_OTHER.replace("        [one] in about a minute\n", ""), "ja.ftl")
    assert about_minutes(check(folder)) == []


def test_numbers_that_are_not_told_apart_are_named(folder: Path) -> None:
    catalogue = (folder / "de.ftl").read_text(encoding="utf-8")
    told_apart = re.search(r"\{ \$eta_minutes ->.*?\n    \}", catalogue, re.DOTALL)
    assert told_apart

    said = change(folder, told_apart[0], "in { $eta_minutes } minutes")
    assert "de.ftl: should-arrive says one $eta_minutes as it says many: English tells them apart" in said


def test_a_choice_of_words_is_no_plural(folder: Path) -> None:
    said = change(folder, '    [hours] { " " }It should', '    [soon] x\n    [hours] { " " }It should')

    assert said == []


def test_what_is_too_long_is_a_note(folder: Path) -> None:
    assert change(folder, "Almost there", "Almost there " * 6) == [
        "de.ftl: note: customer-nearby has a title of 77 characters, a phone shows 65"
    ]
    said = change(folder, "is just around the corner", "is just around the corner" * 7)
    assert said[1:] == [
        "de.ftl: note: customer-nearby has a text of 266 characters, a phone shows 178",
        "de.ftl: note: customer-nearby is 2 text messages, with all left out that can be",
    ]


def test_a_region_is_checked_with_what_it_takes_over(folder: Path) -> None:
    (folder / "de-AT.ftl").write_text("choices-save = Sichern\nchoices-savee = x\n", encoding="utf-8")

    assert [str(finding) for finding in check(folder)] == [
        "de-AT.ftl: choices-savee is never said: English has nothing of this name"
    ]


def test_english_has_to_have_every_status(folder: Path) -> None:
    (folder / "de.ftl").unlink()

    assert change(folder, "courier-cancelled =", "courier-called_off =", "en.ftl") == [
        "en.ftl: courier-cancelled is missing"
    ]


def test_without_english_there_is_nothing_to_go_by(tmp_path: Path) -> None:
    assert [str(finding) for finding in check(tmp_path)] == [
        f"en.ftl: missing in {tmp_path}: every other language falls back to it"
    ]


def test_the_command_prints_a_line_for_each_and_fails_for_what_is_missing(folder: Path) -> None:
    change(folder, "choices-save = Save\n", "")
    change(folder, "Almost there", "Almost there " * 6)

    done = said_by(folder)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "de.ftl: choices-save is missing",
        "de.ftl: note: customer-nearby has a title of 77 characters, a phone shows 65",
        "2 languages, 1 missing or broken",
    ]
    assert done.stderr == ""


def test_the_command_does_not_fail_for_a_note(folder: Path) -> None:
    change(folder, "Almost there", "Almost there " * 6)

    assert said_by(folder).returncode == 0


def test_make_check_runs_it() -> None:
    assert "python -m activities.wording\n" in (ROOT / "Makefile").read_text()
