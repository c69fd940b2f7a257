"""Dead letters are kept once, whatever is in them, until somebody decides."""

from typing import Any

import pytest

from domain.telling import DeadLetter
from tests.store.stage import MINUTE, NOON, Stage


def letter(dead_letter_id: str = "letter-1", **given: Any) -> DeadLetter:
    usual = {"order_id": "A17", "source": "status_changed", "reason": "unknown status", "field": "status"}
    content = {"dead_letter_id": dead_letter_id, "raw": '{"status": "LOST"}', "at": NOON}
    return DeadLetter.model_validate({**usual, **content, **given})


async def test_a_letter_is_kept_as_it_came(stage: Stage) -> None:
    await stage.store.keep(letter())

    assert await stage.store.dead_letters() == (letter(),)


async def test_a_letter_kept_twice_is_one_letter(stage: Stage) -> None:
    await stage.store.keep(letter())
    await stage.store.keep(letter(reason="said differently"))

    assert await stage.store.dead_letters() == (letter(),)


async def test_the_oldest_letter_comes_first(stage: Stage) -> None:
    await stage.store.keep(letter("letter-2", at=NOON + MINUTE))
    await stage.store.keep(letter("letter-1"))

    assert [kept.dead_letter_id for kept in await stage.store.dead_letters()] == ["letter-1", "letter-2"]


async def test_a_letter_is_decided_on_once_and_does_not_come_back(stage: Stage) -> None:
    await stage.store.keep(letter())

    assert await stage.store.resolve("letter-1", "sent again")
    assert not await stage.store.resolve("letter-1", "thrown away")
    await stage.store.keep(letter())
    assert await stage.store.dead_letters() == ()


async def test_letters_are_read_page_by_page_although_some_are_of_the_same_moment(stage: Stage) -> None:
    for number in (1, 2, 3):
        await stage.store.keep(letter(f"letter-{number}"))
    await stage.store.keep(letter("letter-0", at=NOON + MINUTE))

    first = await stage.store.kept_letters(2)
    rest = await stage.store.kept_letters(9, after=(NOON, first[-1].letter.dead_letter_id))

    assert [kept.letter.dead_letter_id for kept in first] == ["letter-1", "letter-2"]
    assert [kept.letter.dead_letter_id for kept in rest] == ["letter-3", "letter-0"]


async def test_the_letters_of_an_order_are_found_decided_on_or_not(stage: Stage) -> None:
    for number, order_id in enumerate(("A17", "A18", "A17")):
        await stage.store.keep(letter(f"letter-{number}", order_id=order_id, at=NOON + number * MINUTE))
    await stage.store.resolve("letter-0", "discarded: over")

    found = await stage.store.letters_of("A17")

    assert [(kept.letter.dead_letter_id, kept.resolution) for kept in found] == [
        ("letter-0", "discarded: over"),
        ("letter-2", None),
    ]


@pytest.mark.parametrize("raw", ["nul \0 byte", "half a pair \ud83d", "é 漢字 🍔", ""])
async def test_anything_can_be_kept(stage: Stage, raw: str) -> None:
    await stage.store.keep(DeadLetter.model_construct(**{**dict(letter()), "raw": raw}))

    [kept] = await stage.store.dead_letters()
    assert kept.raw == raw.replace("\0", "\ufffd").replace("\ud83d", "?")
