"""The codec of Temporal's pages and commands: who may ask it, from where, and what it answers."""

import base64
from pathlib import Path

import pytest

from domain.callers import Scope, key_id_in
from tests.api.stage import TEMPORAL_UI, Door, Front, open_door

DATA = base64.b64encode(b'{"merchant_name":"Burger Barn"}').decode()
PLAIN = {
    "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
    "data": DATA,
}
DECODE, ENCODE = "/codec/decode", "/codec/encode"
EVIL = "https://evil.example"


async def test_what_was_encoded_is_decoded_and_shows_nothing_in_between(door: Door) -> None:
    key = await door.key(Scope.READ_OPERATIONS)

    sealed = (await door.http.post(ENCODE, json={"payloads": [PLAIN, PLAIN]}, headers=key)).json()
    read = await door.http.post(DECODE, json=sealed, headers={**key, "X-Namespace": "default"})

    assert len(sealed["payloads"]) == 2
    assert DATA not in str(sealed)
    assert read.json() == {"payloads": [PLAIN, PLAIN]}


async def test_the_session_of_an_operator_counts_for_the_pages_of_the_temporal_ui_alone(door: Door) -> None:
    text = (await door.key(Scope.READ_OPERATIONS))["Authorization"].removeprefix("Bearer ")
    cookie = {"Cookie": f"operator={door.links.operator_session(key_id_in(text) or '')}"}
    body = {"payloads": [PLAIN]}

    asked = await door.http.options(
        DECODE,
        headers={
            "Origin": TEMPORAL_UI,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-namespace",
        },
    )
    from_ui = await door.http.post(DECODE, json=body, headers={**cookie, "Origin": TEMPORAL_UI})
    from_evil = await door.http.post(DECODE, json=body, headers={**cookie, "Origin": EVIL})
    elsewhere = await door.http.get("/v1/dead-letters", headers={**cookie, "Origin": TEMPORAL_UI})

    for answer in (asked, from_ui):
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == TEMPORAL_UI
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert from_ui.headers["Cache-Control"] == "no-store"
    assert from_evil.status_code == 401
    for answer in (from_evil, elsewhere):
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "body", [{"payloads": "x"}, {"payloads": [{"data": 1}]}, {"payloads": [{"metadata": 1}]}, {"other": []}]
)
async def test_what_is_no_payload_is_refused_without_repeating_it(door: Door, body: object) -> None:
    answer = await door.http.post(DECODE, json=body, headers=await door.key())

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("payloads: are none of Temporal's")


async def test_a_payload_of_another_key_is_refused_with_the_keys_name(door: Door) -> None:
    metadata = {"encoding": b"binary/encrypted", "encryption-key-id": b"k0"}
    sealed = {name: base64.b64encode(value).decode() for name, value in metadata.items()}

    answer = await door.http.post(
        DECODE, json={"payloads": [{"metadata": sealed, "data": "AAAA"}]}, headers=await door.key()
    )

    assert (answer.status_code, "lacks the key 'k0'" in answer.json()["detail"]) == (422, True)


async def test_without_keys_there_is_no_codec(front: Front, data: Path) -> None:
    async with open_door(front, data, codec=None) as door:
        answer = await door.http.post(DECODE, json={"payloads": [PLAIN]}, headers=await door.key())

    assert answer.status_code == 404
