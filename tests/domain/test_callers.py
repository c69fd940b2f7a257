"""Keys: made so that nobody can guess them, kept so that nobody can read them, opened by their very text."""

from datetime import UTC, datetime

import pytest

from domain.callers import ApiKey, Caller, NewKey, Scope, digest_of, key_id_in

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def kept(made: NewKey, revoked_at: datetime | None = None) -> ApiKey:
    scopes = [Scope.WRITE_EVENTS]
    return ApiKey(made.key_id, "order-service", digest_of(made.text), scopes, NOON, revoked_at)


def test_a_key_opens_with_its_own_text_and_nothing_like_it() -> None:
    made, other = NewKey.make(), NewKey.make()

    assert kept(made).opens_with(made.text)
    for text in (other.text, made.text[:-1], made.text + "x", made.text.upper(), "", made.key_id, "é\ud800"):
        assert not kept(made).opens_with(text)


def test_a_key_that_was_revoked_opens_nothing() -> None:
    made = NewKey.make()

    assert not kept(made, revoked_at=NOON).opens_with(made.text)


def test_no_two_keys_are_alike_and_each_is_long() -> None:
    made = [NewKey.make() for _ in range(100)]

    assert len({one.text for one in made}) == len({one.key_id for one in made}) == 100
    assert all(len(one.text.split("_", 2)[2]) >= 40 for one in made)


def test_a_key_names_itself_although_its_secret_may_hold_any_mark() -> None:
    made = NewKey.make()

    assert key_id_in(made.text) == made.key_id
    assert key_id_in("onk_abc_x_y_z") == "abc"


@pytest.mark.parametrize("text", ["", "onk", "onk_abc", "key_abc_x", "ONK_abc_x", " onk_abc_x", "é_b_c"])
def test_what_is_no_key_of_ours_names_nothing(text: str) -> None:
    assert key_id_in(text) is None


def test_neither_a_key_nor_what_is_kept_of_it_shows_in_a_repr() -> None:
    made = NewKey.make()

    shown = f"{made!r} {kept(made)!r} {Caller('order-service', [Scope.WRITE_EVENTS], made.key_id)!r}"

    assert made.key_id in shown
    assert made.text not in shown
    assert made.text.split("_", 2)[2] not in shown
    assert digest_of(made.text) not in shown
