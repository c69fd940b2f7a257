"""An app hands in where the updates of a Live Activity go, by a link that only we can make."""

from typing import Any

import pytest

from domain.channels import Channel
from domain.live_activities import IOS
from domain.recipients import Address, Kind
from tests.api.stage import Door
from tests.store.stage import somebody

TOKEN = "a1b2c3d4e5f60718"  # noqa: S105 a device's, made up


@pytest.fixture
async def link(door: Door) -> str:
    """The link of an activity that was started on an iPhone of c-42."""
    iphone = {"platform": "ios", "token": "tok-2", "live_activity_token": "5747"}
    await door.store.load([somebody(devices=[iphone])])
    push = await door.sent(Channel.PUSH)
    envelope = await door.store.envelope(push)
    assert envelope
    started = Address(Channel.PUSH, "5747", IOS, "production", Kind.LIVE_START)
    await door.store.note_live_activity(envelope, started)
    envelope = await door.store.envelope(push)
    assert envelope
    return door.live_activity(envelope.activities[0].activity_id)


async def test_updates_go_where_the_app_says(door: Door, link: str) -> None:
    answer = await door.http.post(link, json={"token": TOKEN, "of_the_future": 1})

    assert (answer.status_code, answer.content) == (204, b"")
    assert [activity.token for activity in await door.store.live_activities("A17")] == [TOKEN]


@pytest.mark.parametrize(
    "body", [{}, {"token": ""}, {"token": "xyz"}, {"token": 7}, {"token": "abc"}, {"token": TOKEN + "\n"}]
)
async def test_what_is_no_token_is_refused_by_the_name_of_the_field(door: Door, link: str, body: Any) -> None:
    answer = await door.http.post(link, json=body)

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("token: ")
    assert await door.store.live_activities("A17") == ()


async def test_a_link_that_is_not_ours_registers_nothing(door: Door, link: str) -> None:
    as_preferences = door.preferences().rpartition("/")[2]

    for path in (link + "x", "/live-activities/x", f"/live-activities/{as_preferences}"):
        answer = await door.http.post(path, json={"token": TOKEN})
        assert (answer.status_code, answer.json()) == (404, {"detail": "no such link"})

    assert await door.store.live_activities("A17") == ()


async def test_an_activity_that_nobody_started_is_not_known(door: Door) -> None:
    answer = await door.http.post(door.live_activity("nobody-started-this"), json={"token": TOKEN})

    assert (answer.status_code, answer.json()) == (404, {"detail": "no such activity"})


async def test_a_store_that_is_away_takes_the_token_when_the_app_comes_again(door: Door, link: str) -> None:
    async with door.store_is_away():
        assert (await door.http.post(link, json={"token": TOKEN})).status_code == 503
    assert (await door.http.post(link, json={"token": TOKEN})).status_code == 204
