"""The threat model names the tests that hold it: each of them is there."""

import re
from pathlib import Path

HOME = Path(__file__).parent.parent
PAGE = HOME / "docs" / "security.md"
_NAMED = re.compile(r"`(tests/[\w/]+\.py)?::(\w+)`")


def named(page: str) -> list[tuple[str, str]]:
    """Every test that a page names, with its file: the one named before it where it names none."""
    found: list[tuple[str, str]] = []
    for match in _NAMED.finditer(page):
        found.append((match[1] or found[-1][0], match[2]))
    return found


def is_there(file: str, test: str) -> bool:
    return bool(re.search(rf"^(async )?def {test}\(", (HOME / file).read_text(), flags=re.MULTILINE))


def test_every_test_that_is_named_is_there() -> None:
    tests = named(PAGE.read_text())

    assert len(tests) > 30
    assert [test for test in tests if not is_there(*test)] == []


def test_every_threat_has_a_test() -> None:
    threats = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "|---" not in line]

    assert [line for line in threats if "::test_" not in line and not line.startswith("| threat")] == []


def test_one_that_is_not_there_is_missed() -> None:
    assert not is_there("tests/test_privacy.py", "test_nobody_wrote_this")
