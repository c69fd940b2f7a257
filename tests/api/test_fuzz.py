"""The benchmark ``fuzz`` in its short form, and that it would notice."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.fuzz import fuzz
from benchmarks.fuzz_findings import Fuzzed

_DOCUMENT: Mapping[str, Any] = {"paths": {"/health": {"get": {"responses": {"200": {}}}}}}


def found(answers: dict[tuple[str, str, int], int]) -> Fuzzed:
    return Fuzzed(answers, _DOCUMENT, failed_checks=0, surprises=[], receipts_moved_back=False)


async def test_a_few_hundred_attacks_get_documented_answers_and_no_server_error(tmp_path: Path) -> None:
    came_to = await fuzz(tmp_path, 200)

    assert str(came_to).startswith("fuzz: HOLDS ")
    assert came_to.surprises == []
    assert came_to.to_webhooks >= 200
    assert came_to.requests >= 300
    assert {status for *_, status in came_to.answers} >= {200, 204, 400, 403, 404, 413, 415, 422}


def test_a_server_error_or_an_undocumented_answer_does_not_hold() -> None:
    well = {("GET", "/health", 200): 5, ("PUT", "/health", 405): 1, ("GET", "/webhooks/none", 404): 1}

    assert str(found(well)) == (
        "fuzz: HOLDS 7 requests, 1 of them to webhooks, 0 server errors, 0 undocumented answers"
    )
    for bad in (
        ("GET", "/health", 500),
        ("GET", "/health", 418),
        ("PUT", "/health", 200),
        ("GET", "/x", 200),
    ):
        assert not found({**well, bad: 1}).holds
