"""The table of planted faults does not rot, and planting one does what it says."""

import shutil
from pathlib import Path

import pytest

from benchmarks.faults_to_plant import FAULTS, PlantedFault
from benchmarks.planted_faults import ROOT, Colour, Result, a_copy, planted, prove, run, verdict

WINDOW_SLIDES = PlantedFault(
    "the window slides with each event",
    "domain/listener.py",
    "self.waiting_since = self.waiting_since or now",
    "self.waiting_since = now",
    "tests/domain/test_desk.py::test_news_in_the_window_is_due_when_the_window_ends",
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_can_be_planted_in_one_place(fault: PlantedFault) -> None:
    assert (ROOT / fault.file).read_text().count(fault.old) == 1
    assert fault.old != fault.new


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_faults_test_is_there(fault: PlantedFault) -> None:
    file, _, name = fault.test.partition("::")
    assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text()


def test_each_fault_stands_in_the_page_about_them() -> None:
    page = (ROOT / "docs" / "planted-faults.md").read_text()

    assert [fault.name for fault in FAULTS if f"| {fault.name} |" not in page] == []


def test_a_fault_turns_its_test_red_and_leaves_no_trace() -> None:
    with a_copy() as copy:
        sound = (copy / WINDOW_SLIDES.file).read_text()
        assert run(copy, [WINDOW_SLIDES.test]) == (Colour.GREEN, "")

        (result,) = prove([WINDOW_SLIDES], copy)

        assert result.colour is Colour.RED
        assert (copy / WINDOW_SLIDES.file).read_text() == sound


def test_a_test_that_cannot_run_is_not_red(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    colour, _ = run(tmp_path, ["tests/no_such_test.py"])

    assert colour is Colour.BROKEN


def test_a_fault_without_its_place_is_not_planted(tmp_path: Path) -> None:
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "listener.py").write_text("")

    with pytest.raises(ValueError, match="0 times"), planted(WINDOW_SLIDES, tmp_path):
        pass


def test_the_verdict_holds_only_if_every_fault_is_red() -> None:
    red, green = Result(WINDOW_SLIDES, Colour.RED), Result(WINDOW_SLIDES, Colour.GREEN)

    assert verdict([red], Colour.GREEN).startswith("faults: HOLDS 1/1")
    assert verdict([red, green], Colour.GREEN).startswith("faults: FAILS, not red: the window")
    assert verdict([], Colour.RED).startswith("faults: FAILS")
