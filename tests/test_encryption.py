"""What Temporal stores holds nothing of ours that can be read, when payloads are encrypted."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload

from domain.orders import BadInput
from encryption import CannotDecrypt, EncryptedPayloads, PayloadKeys
from temporal_client import DATA_CONVERTER, data_converter
from tests.processes import eventually, run, running, settings_apart, temporal
from tests.stage import City, Person, Stage
from tests.test_commands import load

PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"merchant_name":"Burger Barn"}')


def a_file(folder: Path, *lines: str) -> dict[str, str]:
    """The setting, with a file of these lines."""
    file = folder / "payload-keys"
    file.write_text("\n".join(lines) + "\n")
    return {"PAYLOAD_KEYS_FILE": str(file)}


def a_key(name: str) -> str:
    """A line with a new key."""
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def codec(settings: dict[str, str]) -> EncryptedPayloads:
    """The codec with the keys of a file."""
    keys = PayloadKeys.configured(settings)
    assert keys
    return EncryptedPayloads(keys)


async def test_what_is_encrypted_shows_neither_content_nor_type_and_comes_back_whole(tmp_path: Path) -> None:
    ours = codec(a_file(tmp_path, a_key("k1")))

    [sealed] = await ours.encode([PLAIN])

    assert b"Burger" not in sealed.SerializeToString()
    assert b"json" not in sealed.SerializeToString()
    assert await ours.decode([sealed]) == [PLAIN]


async def test_the_same_content_is_never_encrypted_to_the_same_bytes(tmp_path: Path) -> None:
    ours = codec(a_file(tmp_path, a_key("k1")))

    one, other = await ours.encode([PLAIN, PLAIN])

    assert one.data != other.data


async def test_what_came_in_the_clear_is_read_as_it_is(tmp_path: Path) -> None:
    assert await codec(a_file(tmp_path, a_key("k1"))).decode([PLAIN]) == [PLAIN]


async def test_a_new_key_encrypts_and_the_old_one_still_reads(tmp_path: Path) -> None:
    first, second = a_key("k1"), a_key("k2")
    [old] = await codec(a_file(tmp_path, first)).encode([PLAIN])

    both = codec(a_file(tmp_path, first, second))
    [new] = await both.encode([PLAIN])

    assert await both.decode([old, new]) == [PLAIN, PLAIN]
    assert new.metadata["encryption-key-id"] == b"k2"
    with pytest.raises(CannotDecrypt, match="lacks the key 'k1'"):
        await codec(a_file(tmp_path, second)).decode([old])


async def test_what_was_tampered_with_is_refused(tmp_path: Path) -> None:
    ours = codec(a_file(tmp_path, a_key("k1")))
    [sealed] = await ours.encode([PLAIN])
    sealed.data = sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])

    with pytest.raises(CannotDecrypt, match="not encrypted by our key"):
        await ours.decode([sealed])


async def test_another_keys_name_does_not_open_it_either(tmp_path: Path) -> None:
    key = a_key("k1")
    ours = codec(a_file(tmp_path, key, key.replace("k1:", "k2:")))
    [sealed] = await ours.encode([PLAIN])
    sealed.metadata["encryption-key-id"] = b"k1"

    with pytest.raises(CannotDecrypt):
        await ours.decode([sealed])


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "has no key"),
        (["k1"], "line 1 is not name:key"),
        (["k1:c2hvcnQ="], "line 1 is not name:key"),
        ([f"k1:{'A' * 43}="], None),
        ([f"k1:{'A' * 43}=", "k2:not base64!"], "line 2 is not name:key"),
    ],
)
def test_a_file_that_is_no_list_of_keys_is_one_line_without_its_content(
    tmp_path: Path, lines: list[str], problem: str | None
) -> None:
    settings = a_file(tmp_path, *lines)
    if problem is None:
        assert PayloadKeys.configured(settings)
        return
    with pytest.raises(BadInput, match=f"^PAYLOAD_KEYS_FILE: .*{problem}") as refused:
        PayloadKeys.configured(settings)
    assert "c2hvcnQ" not in str(refused.value)


async def test_a_missing_file_stops_the_worker_with_one_line(tmp_path: Path) -> None:
    ended = await run("starter.py", "timeline", "A17", settings={"PAYLOAD_KEYS_FILE": str(tmp_path / "none")})

    assert (ended.code, ended.problem.split(": ")[:2]) == (1, ["starter", "PAYLOAD_KEYS_FILE"])


async def test_an_order_told_with_encryption_leaves_nothing_to_read_on_the_server(
    stage: Stage, city: City, tmp_path: Path
) -> None:
    ana: Person = await city.customer()
    order_id = city.order(ana).order_id
    apart = await settings_apart(stage, "encrypted", tmp_path)
    settings = {**apart, **a_file(tmp_path, a_key("k1"))}
    await load(ana, tmp_path, settings)
    told = ("--customer", ana.id, "--fact", "merchant_name=Burger Barn", "--event-id")
    async with running("worker.py", settings=settings) as worker:
        await worker.says("worker: ready")
        # One event by a client with the keys, one by a client that knows nothing of them.
        await run("starter.py", "announce", order_id, "PLACED", *told, "evt-with-keys", settings=settings)
        await run("starter.py", "announce", order_id, "DELIVERED", *told, "evt-without", settings=apart)
        await eventually(lambda: len(ana.pushes) == 2)
        timeline = await run("starter.py", "timeline", order_id, "--json", settings=settings)
        raw = await temporal(
            *("workflow", "show", "--workflow-id", f"order-{order_id}", "-o", "json"),
            *("--address", apart["TEMPORAL_ADDRESS"], "--namespace", apart["TEMPORAL_NAMESPACE"]),
        )
    history = tmp_path / "history.json"
    history.write_text(raw.out)
    replayed = await run("starter.py", "replay", str(history), settings=settings)
    recent = await run("starter.py", "replay", "--recent", "1", settings=settings)
    unread = await run("starter.py", "replay", str(history), settings=apart)

    assert (replayed.code, recent.code) == (0, 0), replayed.out + replayed.err + recent.out + recent.err
    assert f"order-{order_id}: replays" in replayed.out
    assert "that differ: 0" in replayed.out
    assert (unread.code, unread.problem.split(": ")[1]) == (1, "PAYLOAD_KEYS_FILE")
    batches = json.loads(timeline.out)["batches"]
    assert [batch["statuses"] for batch in batches] == [["PLACED"], ["DELIVERED"]]
    events = json.loads(raw.out)["events"]
    in_the_clear = [event for event in events if "evt-without" in _decoded(event)]
    assert len(in_the_clear) == 1, "what a client sends in the clear is stored in the clear"
    kept = _decoded([_without_what_is_searched(event) for event in events if event not in in_the_clear])
    texts = {line for push in ana.pushes for line in push.splitlines()}
    ids = {line["message_id"] for batch in batches for line in batch["channels"] if line.get("message_id")}
    ours = {"Burger Barn", "evt-", "PLACED", "DELIVERED", "message_id", "verdict", "news", ana.id}
    assert texts
    assert ids
    assert [word for word in sorted(ours | texts | ids) if word in kept] == []
    assert "binary/encrypted" in kept


def test_without_the_setting_payloads_are_in_the_clear() -> None:
    assert data_converter({}) is DATA_CONVERTER


def _without_what_is_searched(part: Any) -> Any:
    """A part of a history without its search attributes: what the server shall find it has to read."""
    if isinstance(part, dict):
        kept = {name: value for name, value in part.items() if name != "searchAttributes"}
        return {name: _without_what_is_searched(value) for name, value in kept.items()}
    return [_without_what_is_searched(one) for one in part] if isinstance(part, list) else part


def _decoded(part: object) -> str:
    """All there is in a part of a history, payloads included, as text."""
    text = json.dumps(part)
    payloads = [base64.b64decode(value) for value in _data(part)]
    return text + " ".join(payload.decode(errors="replace") for payload in payloads)


def _data(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [part["data"]] if isinstance(part.get("data"), str) else []
        own += [value for value in part.get("metadata", {}).values() if isinstance(value, str)]
        return own + [found for value in part.values() for found in _data(value)]
    return [found for value in part for found in _data(value)] if isinstance(part, list) else []
