"""What we send to FCM, held against Google's own description of its API."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jsonschema import Draft202012Validator

from activities.channels.fcm import Config, Fcm
from domain.messages import Message, Words
from domain.recipients import Address
from domain.status import Role, Status

from .messages import A_RECORD, ANDROID, BY_FID, MESSAGE, ROUTINE
from .test_fcm import PATH, SENT, a_key_file, signed_in
from .wire import Wire

DOCUMENT = json.loads((files("googleapiclient.discovery_cache.documents") / "fcm.v1.json").read_text())
SEND = DOCUMENT["resources"]["projects"]["resources"]["messages"]["methods"]["send"]
PATTERNS = {"google-duration": r"^\d+(\.\d{1,9})?s$"}
MESSAGES = {
    "urgent": MESSAGE,
    "routine": ROUTINE,
    "a record": A_RECORD,
    "a repeat": replace(MESSAGE, is_repeat=True),
    "to a merchant": replace(MESSAGE, role=Role.MERCHANT, path=(Status.PLACED,)),
    "to a courier": replace(MESSAGE, role=Role.COURIER, path=(Status.READY_FOR_PICKUP,)),
    "long useful": replace(MESSAGE, seconds_left=10**8),
    "hardly useful": replace(MESSAGE, seconds_left=1),
    "in other letters": replace(MESSAGE, words=Words("四川饭店 🍔", 'Says "on its\nway".')),
}

Json = dict[str, Any]


def strict(part: Json) -> Json:
    """A piece of Google's description as JSON Schema, in which nothing is allowed that is not described."""
    if "$ref" in part:
        return {"$ref": f"#/$defs/{part['$ref']}"}
    if part["type"] == "any":
        return {}
    schema: Json = {name: part[name] for name in ("type", "enum") if name in part}
    if part.get("format") in PATTERNS:
        schema["pattern"] = PATTERNS[part["format"]]
    if "items" in part:
        schema["items"] = strict(part["items"])
    if part["type"] == "object":
        schema["properties"] = {name: strict(one) for name, one in part.get("properties", {}).items()}
        more = part.get("additionalProperties")
        schema["additionalProperties"] = strict(more) if more else False
    return schema


SCHEMA = {
    "$defs": {name: strict(part) for name, part in DOCUMENT["schemas"].items()},
    **strict(SEND["request"]),
}
GOOGLE = Draft202012Validator(SCHEMA)


@pytest.fixture
def fcm(tmp_path: Path, rsa_key: rsa.RSAPrivateKey, http: httpx.AsyncClient, wire: Wire) -> Fcm:
    wire.will("/token", signed_in())
    wire.will(PATH, SENT)
    key_file = a_key_file(tmp_path, wire, rsa_key)
    config = Config.read({"FCM_SERVICE_ACCOUNT_FILE": str(key_file), "FCM_BASE_URL": wire.url})
    assert config
    return config.providers(http)[0]


async def body(wire: Wire, fcm: Fcm, message: Message, address: Address = ANDROID) -> Json:
    await fcm.send(message, address)
    found: Json = wire.calls_to(PATH)[-1].json
    return found


def test_the_description_is_one_that_can_be_held_against() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert DOCUMENT["revision"] >= "20261023", "older ones know no fid"
    assert SEND["path"] == "v1/{+parent}/messages:send"


@pytest.mark.parametrize("address", [ANDROID, BY_FID], ids=["token", "fid"])
@pytest.mark.parametrize("kind", MESSAGES)
async def test_every_message_is_what_google_describes(
    wire: Wire, fcm: Fcm, kind: str, address: Address
) -> None:
    sent = await body(wire, fcm, MESSAGES[kind], address)
    assert [error.message for error in GOOGLE.iter_errors(sent)] == []
    # What a schema does not say: exactly one target.
    assert len({"token", "fid", "topic", "condition"} & set(sent["message"])) == 1


async def test_any_field_misspelt_or_of_another_type_is_found_out(wire: Wire, fcm: Fcm) -> None:
    sent = await body(wire, fcm, MESSAGE)
    wrong = [*misspelt(sent), *retyped(sent)]
    assert len(wrong) > 20
    assert [one for one in wrong if GOOGLE.is_valid(one)] == []


def misspelt(whole: Json) -> Iterator[Json]:
    """The same with one name that is none of Google's. Those within ``data`` are ours to choose."""
    for path, names in objects(whole):
        if path != ("message", "data"):
            yield from (changed(whole, path, name, f"{name}s", names[name]) for name in names)


def retyped(whole: Json) -> Iterator[Json]:
    for path, names in objects(whole):
        yield from (changed(whole, path, name, name, 7) for name in names)


def objects(whole: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    yield path, whole
    for name, part in whole.items():
        if isinstance(part, dict):
            yield from objects(part, (*path, name))


def changed(whole: Json, path: tuple[str, ...], name: str, new_name: str, value: object) -> Json:
    copy: Json = json.loads(json.dumps(whole))
    place = copy
    for step in path:
        place = place[step]
    del place[name]
    place[new_name] = value
    return copy


@pytest.mark.parametrize(
    ("part", "value"), [("ttl", "600"), ("ttl", "ten"), ("priority", "URGENT"), ("colour", "red")]
)
async def test_a_value_that_google_does_not_know_is_found_out(
    wire: Wire, fcm: Fcm, part: str, value: str
) -> None:
    sent = await body(wire, fcm, MESSAGE)
    sent["message"]["android"][part] = value
    assert not GOOGLE.is_valid(sent)
