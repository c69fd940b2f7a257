"""What is read out of a broker's message, and what is said of one that cannot be read."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.orders import BadInput
from domain.published import order_named_in, read_published
from domain.status import Status

EVENT = {
    "event_id": "evt-1",
    "order_id": "A17",
    "status": "PLACED",
    "occurred_at": "2026-11-22T12:00:00Z",
    "customer_id": "c-42",
}
DATA = {"status": "PLACED", "customer_id": "c-42"}
ENVELOPE = {
    "specversion": "1.0",
    "id": "evt-1",
    "source": "/orders",
    "type": "org.example.order",
    "subject": "A17",
    "time": "2026-11-22T12:00:00Z",
}


def test_plain_json_is_the_contract() -> None:
    event = read_published(json.dumps(EVENT).encode(), {})

    assert (event.event_id, event.order_id, event.status) == ("evt-1", "A17", Status.PLACED)


@pytest.mark.parametrize(
    "data",
    [
        {"data": DATA},
        {"data": EVENT},
        {"data_base64": b64encode(json.dumps(DATA).encode()).decode()},
        {"data": DATA, "datacontenttype": "application/json; charset=utf-8"},
    ],
)
@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/cloudevents+json; charset=UTF-8"}])
def test_a_cloud_event_in_one_piece_is_the_same(data: dict[str, Any], headers: dict[str, str]) -> None:
    structured = json.dumps({**ENVELOPE, **data}).encode()

    assert read_published(structured, headers) == read_published(json.dumps(EVENT).encode(), {})


@pytest.mark.parametrize("prefix", ["ce-", "ce_", "Ce-"])
def test_a_cloud_event_in_headers_is_the_same(prefix: str) -> None:
    headers = {f"{prefix}{name}": value.replace(":", "%3A") for name, value in ENVELOPE.items()}

    event = read_published(json.dumps(DATA).encode(), {**headers, "content-type": "application/json"})

    assert event == read_published(json.dumps(EVENT).encode(), {})


def test_what_the_data_says_itself_counts() -> None:
    own = json.dumps({**ENVELOPE, "data": {**EVENT, "event_id": "its-own"}}).encode()

    assert read_published(own, {}).event_id == "its-own"


@pytest.mark.parametrize(
    ("body", "headers", "problem"),
    [
        (b"", {}, "event: is not JSON"),
        (b"\xff\xfe", {}, "event: is not JSON"),
        (b"[1]", {}, "event: is not a JSON object"),
        (b'{"order_id": 7}', {}, "event_id: missing"),
        (json.dumps({**EVENT, "status": "ON_THE_MOON"}).encode(), {}, "status: unknown status"),
        (json.dumps({**ENVELOPE, "data": "text"}).encode(), {}, "data: is not a JSON object"),
        (json.dumps({**ENVELOPE, "id": ""}).encode(), {}, "id: "),
        (json.dumps({**ENVELOPE, "specversion": "0.3"}).encode(), {}, "specversion: "),
        (
            json.dumps({**ENVELOPE, "datacontenttype": "text/xml"}).encode(),
            {},
            "datacontenttype: is not JSON",
        ),
        (b"{}", {"ce-specversion": "1.0"}, "id: missing"),
        (b"[]", {"content-type": "application/cloudevents-batch+json"}, "content-type: is a batch"),
    ],
)
def test_what_cannot_be_read_is_named(body: bytes, headers: dict[str, str], problem: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_published(body, headers)

    assert str(refused.value).startswith(problem)


@given(st.binary(max_size=200), st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=4))
def test_whatever_it_is_it_is_read_or_refused(body: bytes, headers: dict[str, str]) -> None:
    order_named_in(body)
    with pytest.raises(BadInput):
        read_published(body, headers)


def test_a_contact_detail_is_not_repeated_in_the_reason() -> None:
    with pytest.raises(BadInput) as refused:
        read_published(json.dumps({**EVENT, "customer_id": "ana@example.org"}).encode(), {})

    assert "ana" not in str(refused.value)


def test_an_unreadable_message_may_still_name_its_order() -> None:
    assert order_named_in(b'{"order_id": "A17", "status": 1}') == "A17"
    assert order_named_in(b'{"specversion": "1.0", "data": {"order_id": "A17"}}') == "A17"
    assert order_named_in(b"nonsense") is None
