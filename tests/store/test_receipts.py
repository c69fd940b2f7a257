"""What providers told us counts once, and the keys of our links are the same for every process."""

import asyncio

from domain.orders import Receipt
from tests.store.stage import Stage

RECEIPT = Receipt(message_id="5f0c6a52-0d0e-5a3e-9c56-3b7a6f6f4a11", state="delivered")


async def test_a_message_of_a_provider_is_known_once_it_was_remembered(stage: Stage) -> None:
    assert not await stage.store.is_known_receipt("SM1-delivered")

    await stage.store.remember_receipt("SM1-delivered", "twilio", RECEIPT)
    await stage.store.remember_receipt("SM1-delivered", "twilio", RECEIPT)

    assert await stage.store.is_known_receipt("SM1-delivered")
    assert not await stage.store.is_known_receipt("SM1-sent")


async def test_all_who_ask_first_get_the_same_key(stage: Stage) -> None:
    answers = await asyncio.gather(*(stage.store.signing_secrets() for _ in range(5)))

    assert len({tuple(secrets) for secrets in answers}) == 1
    assert len(answers[0]) == 1
