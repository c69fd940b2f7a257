"""What an iPhone is sent: an alert, or the state of a Live Activity. At most 4096 bytes of JSON.

https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification
https://developer.apple.com/documentation/activitykit/starting-and-updating-live-activities-with-activitykit-push-notifications
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import regex  # type: ignore[import-untyped]  # it ships no types

from domain.messages import Message

LIMIT = 4096
# docs/live-activities.md tells the app's developer what these hold: they only ever grow.
ATTRIBUTES_TYPE = "OrderAttributes"
# How long the end of an order stays on the lock screen. What is to leave at once left an hour ago: then it
# has by the phone's clock as well.
SHOWN_AFTER_THE_END = 15 * 60
AT_ONCE = -3600

Body = dict[str, Any]


class Event(StrEnum):
    """What a push does to a Live Activity."""

    START = "start"
    UPDATE = "update"
    END = "end"


@dataclass(frozen=True, slots=True)
class Urgency:
    """One of our priorities in Apple's terms. ``priority`` is the header: 5 lets the device save power."""

    priority: str
    interruption_level: str
    relevance: float
    has_sound: bool = False


_CAN_WAIT = Urgency("5", "passive", 0.2)
URGENCY: Mapping[int, Urgency] = {
    1: Urgency("10", "time-sensitive", 1.0, has_sound=True),
    3: Urgency("10", "active", 0.6),
    5: _CAN_WAIT,
}


def urgency(message: Message) -> Urgency:
    """How loud a message is."""
    return URGENCY.get(message.priority, _CAN_WAIT)


def alert(message: Message) -> bytes:
    """Write the body of an alert. Alerts of one order are shown together."""

    def body(text: str) -> Body:
        how = urgency(message)
        aps: Body = {"alert": {"title": message.words.title, "body": text}}
        if how.has_sound:
            aps["sound"] = "default"
        aps["thread-id"] = message.order_id
        aps["interruption-level"] = how.interruption_level
        aps["relevance-score"] = how.relevance
        return {
            "aps": aps,
            "order_id": message.order_id,
            "message_id": message.message_id,
            "status": str(message.path[-1]),
        }

    return _fitting(body, message.words.text)


def live(
    message: Message, event: Event, now: int, expiration: int, shown_for: int = SHOWN_AFTER_THE_END
) -> bytes:
    """Write the body of a push for a Live Activity. Times in seconds since 1970.

    The device shows the state with the newest ``timestamp``, whatever order they arrive in. ``shown_for``:
    seconds for which its end stays.
    """

    def body(text: str) -> Body:
        aps: Body = {"timestamp": now, "event": event, "content-state": _state(message, text)}
        if event is Event.START:
            aps |= _start(message, text)
        if event is Event.END:
            aps["dismissal-date"] = now + shown_for
        else:
            aps["stale-date"] = expiration
        aps["relevance-score"] = urgency(message).relevance
        return {"aps": aps}

    return _fitting(body, message.words.text)


def _state(message: Message, text: str) -> Body:
    # The app drops a state that has a field of another type than its own: better none than a wrong one.
    state: Body = {"status": str(message.path[-1]), "text": text}
    eta = message.facts.get("eta_minutes")
    if isinstance(eta, int | float) and not isinstance(eta, bool):
        state["eta_minutes"] = round(eta)
    return state


def _start(message: Message, text: str) -> Body:
    attributes: Body = {"order_id": message.order_id}
    if "merchant_name" in message.facts:
        attributes["merchant_name"] = str(message.facts["merchant_name"])
    if message.register:
        attributes["register"] = message.register
    # Apple starts no Live Activity without an alert, and from iOS 18 on gives the app no token for updates
    # unless asked to.
    shown = {"title": message.words.title, "body": text}
    if urgency(message).has_sound:
        shown["sound"] = "default"
    return {
        "attributes-type": ATTRIBUTES_TYPE,
        "attributes": attributes,
        "input-push-token": 1,
        "alert": shown,
    }


def _fitting(body: Callable[[str], Body], text: str) -> bytes:
    """Write a body, its text cut where the whole is too long. One without a text may stay too long."""
    whole = _json(body(text))
    if len(whole) <= LIMIT:
        return whole
    clusters = regex.findall(r"\X", text)
    low, high = 0, len(clusters)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        if len(_json(body(_cut(clusters, middle)))) <= LIMIT:
            low = middle
        else:
            high = middle - 1
    return _json(body(_cut(clusters, low)))


def _cut(clusters: list[str], length: int) -> str:
    """A beginning of a text. An emoji or an accented letter is never cut in two."""
    return "".join(clusters[:length]).rstrip() + "…"


def _json(body: Body) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
