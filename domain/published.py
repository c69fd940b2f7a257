"""Reads an order event as brokers carry it: our own JSON, or a CloudEvent 1.0, whole or in headers."""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import unquote

from pydantic import AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from domain.orders import BadInput, OrderEvent, read_event

_CONTENT_TYPE = "content-type"
_ATTRIBUTE = "ce-"
_JSON = ("application/json", "text/json", "application/cloudevents+json")


class CloudEvent(BaseModel):
    """The attributes of CloudEvents 1.0 that we read. https://github.com/cloudevents/spec.

    ``id`` is never made up: a new one with each delivery would make each of them a new event.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: str = Field(min_length=1)
    source: str = Field(min_length=1)
    type: str = Field(min_length=1)
    subject: str | None = None
    time: AwareDatetime | None = None
    datacontenttype: str | None = None
    data: Any = None
    data_base64: Base64Bytes | None = None

    def content(self) -> dict[str, Any]:
        """The order event in it: what its data leaves out, its attributes say."""
        if self.datacontenttype and not _is_json(self.datacontenttype):
            raise BadInput("datacontenttype", "is not JSON, send application/json")
        data = self.data if self.data_base64 is None else _json(self.data_base64, "data_base64")
        if not isinstance(data, dict):
            raise BadInput("data", "is not a JSON object")
        attributes = {"event_id": self.id, "order_id": self.subject, "occurred_at": self.time}
        return {name: value for name, value in attributes.items() if value is not None} | data


def read_published(body: bytes, headers: Mapping[str, str]) -> OrderEvent:
    """The order event in a message, or :class:`BadInput` naming the field and the remedy.

    In headers the attributes of a CloudEvent begin with ``ce-``, as for NATS, or ``ce_``, as for Kafka.
    """
    attributes, content_type = _attributes(headers)
    if content_type.startswith("application/cloudevents-batch"):
        raise BadInput("content-type", "is a batch, publish one event a message")
    content = _json(body, "event")
    if attributes:
        content = _cloud_event({**attributes, "data": content}).content()
    elif content_type.startswith("application/cloudevents") or _is_cloud_event(content):
        content = _cloud_event(content).content()
    return read_event(content, order_id=_order_of(content))


def order_named_in(body: bytes) -> str | None:
    """The order that an unreadable message names all the same, None where it names none."""
    try:
        content = from_json(body)
    except ValueError:
        return None
    for holder in (content, content.get("data")) if isinstance(content, dict) else ():
        if isinstance(holder, dict) and isinstance(found := holder.get("order_id"), str):
            return found[:200]
    return None


def _attributes(headers: Mapping[str, str]) -> tuple[dict[str, str], str]:
    found, content_type = {}, ""
    for name, value in headers.items():
        known = name.lower().replace("ce_", _ATTRIBUTE, 1)
        if known == _CONTENT_TYPE:
            content_type = value.strip().lower()
        elif known.startswith(_ATTRIBUTE):
            found[known.removeprefix(_ATTRIBUTE)] = unquote(value)
    if found and content_type:
        found["datacontenttype"] = content_type
    return found, content_type


def _cloud_event(content: Any) -> CloudEvent:
    try:
        return CloudEvent.model_validate(content)
    except ValidationError as error:
        raise BadInput.first_of(error, "cloudevent") from None


def _json(text: bytes, field: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        raise BadInput(field, "is not JSON") from None


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in _JSON or kind.endswith("+json")


def _is_cloud_event(content: Any) -> bool:
    return isinstance(content, dict) and "specversion" in content


def _order_of(content: Any) -> str:
    """The order that an event is of says the event itself; what is no text is refused with the rest of it."""
    found = content.get("order_id") if isinstance(content, dict) else None
    return found if isinstance(found, str) else ""
