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


@pytest.mark.parametrize("raw", ["nul \0 byte", "half a pair \ud83d", "é 漢字 🍔", ""])
async def test_anything_can_be_kept(stage: Stage, raw: str) -> None:
    await stage.store.keep(DeadLetter.model_construct(**{**dict(letter()), "raw": raw}))

    [kept] = await stage.store.dead_letters()
    assert kept.raw == raw.replace("\0", "\ufffd").replace("\ud83d", "?")
