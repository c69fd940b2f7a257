"""Keys of callers in the store: found by their id, revoked once, and never there to be read."""

import pytest
from sqlalchemy import text

from activities.store import Store
from domain.callers import Scope
from tests.store.stage import NOON, Stage, run_sql

EVENTS, ORDERS = Scope.WRITE_EVENTS, Scope.READ_ORDERS


async def test_a_key_is_found_by_its_id_and_opens_with_its_text(store: Store) -> None:
    made = await store.api_keys.make("order-service", [ORDERS, EVENTS, EVENTS])

    found = await store.api_keys.find(made.key_id)

    assert found is not None
    assert (found.key_id, found.name, set(found.scopes)) == (made.key_id, "order-service", {EVENTS, ORDERS})
    assert found.opens_with(made.text)
    assert found.revoked_at is None


async def test_what_is_stored_of_a_key_does_not_hold_it(stage: Stage) -> None:
    made = await stage.store.api_keys.make("order-service", [EVENTS])

    stored = repr(await run_sql(stage.url, text("SELECT * FROM api_keys")))

    assert made.key_id in stored
    assert made.text.split("_", 2)[2] not in stored


@pytest.mark.parametrize("key_id", ["", "nobody's", "x" * 500, "'; DROP TABLE api_keys; --"])
async def test_an_id_that_nobody_has_is_not_found(store: Store, key_id: str) -> None:
    assert await store.api_keys.find(key_id) is None
    assert await store.api_keys.revoke(key_id) is False


async def test_a_revoked_key_is_still_found_and_opens_nothing(store: Store) -> None:
    made, other = [await store.api_keys.make(name, [EVENTS]) for name in ("ours", "theirs")]

    assert await store.api_keys.revoke(made.key_id)

    revoked, good = [await store.api_keys.find(key.key_id) for key in (made, other)]
    assert revoked
    assert good
    assert (revoked.opens_with(made.text), good.opens_with(other.text)) == (False, True)


async def test_a_key_is_revoked_once(url: str) -> None:
    moments = iter((NOON, NOON, NOON.replace(hour=13)))
    async with Store(url, lambda: next(moments)) as store:
        made = await store.api_keys.make("order-service", [EVENTS])

        assert await store.api_keys.revoke(made.key_id)
        assert not await store.api_keys.revoke(made.key_id)

        found = await store.api_keys.find(made.key_id)
        assert found
        assert found.revoked_at == NOON, "when it was revoked first"


async def test_every_key_there_ever_was_is_listed_oldest_first(url: str) -> None:
    moments = iter(NOON.replace(minute=minute) for minute in range(9))
    async with Store(url, lambda: next(moments)) as store:
        made = [await store.api_keys.make(name, [EVENTS]) for name in ("b", "a", "c")]
        await store.api_keys.revoke(made[1].key_id)

        listed = await store.api_keys.all()

    assert [key.name for key in listed] == ["b", "a", "c"]
    assert [key.revoked_at is None for key in listed] == [True, False, True]


async def test_a_scope_of_a_newer_version_opens_nothing_here(stage: Stage) -> None:
    made = await stage.store.api_keys.make("order-service", [EVENTS])
    newer = text('UPDATE api_keys SET scopes = \'["events:write", "menus:write"]\'')
    await run_sql(stage.url, newer)

    found = await stage.store.api_keys.find(made.key_id)

    assert found
    assert set(found.scopes) == {EVENTS}
