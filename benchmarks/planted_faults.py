"""Breaks a copy of the product on purpose, one fault at a time, and names the test that goes red.

python -m benchmarks.planted_faults            every fault
python -m benchmarks.planted_faults window     those with this in their name
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console

from benchmarks.faults_to_plant import FAULTS, PlantedFault

ROOT = Path(__file__).parent.parent
# Some tests start a server and send as many signals as a run may have, and some machines are busy.
PATIENCE = 600


class Colour(StrEnum):
    """What a test says. An error that keeps it from running is neither red nor green."""

    RED = "red"
    GREEN = "STILL GREEN"
    BROKEN = "DID NOT RUN"
    SLOW = "DID NOT END"


@dataclass(frozen=True)
class Result:
    """What one test said of one fault, and why."""

    fault: PlantedFault
    colour: Colour
    why: str = ""


@contextmanager
def a_copy() -> Iterator[Path]:
    """The checkout as it is now, with what is not committed yet, somewhere else."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 whichever git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, Path(folder) / name)
        yield Path(folder)


@contextmanager
def planted(fault: PlantedFault, copy: Path) -> Iterator[None]:
    """The fault is in the copy until the block ends."""
    file = copy / fault.file
    sound = file.read_text()
    if sound.count(fault.old) != 1:
        raise ValueError(f"{fault.name}: {fault.file} has its text {sound.count(fault.old)} times")
    file.write_text(sound.replace(fault.old, fault.new))
    try:
        yield
    finally:
        file.write_text(sound)


def run(copy: Path, tests: Sequence[str]) -> tuple[Colour, str]:
    """Run tests of the copy with this interpreter."""
    options = ["-p", "no:cacheprovider", "-q", "-rfE", "--tb=no", "--no-header"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(  # noqa: S603 our own tests
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=copy,
            env=environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE * len(tests),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Colour.SLOW, f"within {PATIENCE} s"
    failures = re.findall(r"^FAILED (.*)$", ran.stdout, re.MULTILINE)
    if ran.returncode == 0:
        return Colour.GREEN, ""
    if ran.returncode == 1 and failures:
        return Colour.RED, failures[0]
    return Colour.BROKEN, (ran.stdout + ran.stderr).strip()[-500:]


def prove(faults: Iterable[PlantedFault], copy: Path) -> Iterator[Result]:
    """Plant each fault in turn and run its test."""
    for fault in faults:
        with planted(fault, copy):
            colour, why = run(copy, [fault.test])
        yield Result(fault, colour, why)


def verdict(results: Sequence[Result], unbroken: Colour) -> str:
    """The last line."""
    if unbroken is not Colour.GREEN:
        return f"faults: FAILS, the same tests are {unbroken} without any fault"
    green = [result.fault.name for result in results if result.colour is not Colour.RED]
    if green:
        return f"faults: FAILS, not red: {'; '.join(green)}"
    return f"faults: HOLDS {len(results)}/{len(results)} planted faults turn their test red"


def main() -> int:
    """Plant every fault, print what each test says, and answer 0 only if each went red."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    chosen = [fault for fault in FAULTS if all(word in fault.name for word in sys.argv[1:])]
    if not chosen:
        console.print(f"faults: FAILS, none has {' and '.join(sys.argv[1:])} in its name")
        return 1
    results = []
    with a_copy() as copy:
        unbroken, why = run(copy, list(dict.fromkeys(fault.test for fault in chosen)))
        console.print(f"without any fault: {'green' if unbroken is Colour.GREEN else f'{unbroken} {why}'}")
        if unbroken is Colour.GREEN:
            for result in prove(chosen, copy):
                results.append(result)
                console.print(f"{result.colour:11}  {result.fault.name}")
                console.print(f"             {result.fault.test}", markup=False, style="dim")
    line = verdict(results, unbroken)
    console.print(line)
    return 0 if "HOLDS" in line else 1


if __name__ == "__main__":
    sys.exit(main())
