"""The benchmark ``apns`` in its short form: both make the same requests, and all are accepted."""

from pathlib import Path

import pytest

from benchmarks.apns import Compared, compare


async def test_forty_pushes_by_each_are_all_accepted(tmp_path: Path) -> None:
    found = await compare(40, 1, tmp_path)

    assert found.failed == 0
    assert (len(found.ours), len(found.bare)) == (1, 1)
    assert found.ratio > 0


@pytest.mark.parametrize(
    ("ours", "failed", "verdict"), [(80, 0, "HOLDS ratio 0.80"), (79, 0, "FAILS"), (100, 1, "FAILS")]
)
def test_too_slow_or_not_accepted_does_not_hold(ours: float, failed: int, verdict: str) -> None:
    found = Compared(ours=[1, ours, 900], bare=[100, 100, 100], failed=failed)

    assert str(found).startswith(f"apns: {verdict}")
    assert found.holds is verdict.startswith("HOLDS")
