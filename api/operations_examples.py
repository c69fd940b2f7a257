"""What the operators' part of the API answers, as the OpenAPI document shows it."""

from collections.abc import Mapping
from typing import Any

LETTER_ID = "0055052f-62a0-5887-a925-e1ea17242d44"
MESSAGE_ID = "6f1c1f0e-3b1f-5c57-9a52-0d3f2f6f4a11"
GROUP = "unreachable: push FCM UNAVAILABLE, sms no phone number"

_LISTED: Mapping[str, Any] = {
    "dead_letter_id": LETTER_ID,
    "order_id": "A17",
    "source": "delivery",
    "reason": "reached courier d-3 on no channel: push: FCM UNAVAILABLE; sms: no phone number",
    "reason_group": GROUP,
    "recipient_id": "d-3",
    "batch": 1,
    "at": "2026-11-22T12:04:10Z",
}
_NEWS = {"event_id": "evt-0001", "status": "READY_FOR_PICKUP", "at": "2026-11-22T12:00:00Z"}
_TRIED = {
    "channel": "push",
    "status": "FAILED",
    "reason": "FCM UNAVAILABLE",
    "failed_attempts": 5,
    "provider": "fcm",
    "updated_at": "2026-11-22T12:04:10Z",
    "message_id": MESSAGE_ID,
}
LETTERS = {"groups": {GROUP: 1000, "unreadable: status": 2}, "letters": [_LISTED], "next": LETTER_ID}
LETTER = {
    **_LISTED,
    "content": {
        "order_id": "A17",
        "number": 1,
        "recipient_id": "d-3",
        "role": "courier",
        "news": [_NEWS],
        "told_at": "2026-11-22T12:00:00Z",
    },
    "channels": [_TRIED],
}
PREVIEW = {
    "letters": [
        {
            "dead_letter_id": LETTER_ID,
            "order_id": "A17",
            "would_be": "redriven",
            "recipient_id": "d-3",
            "role": "courier",
            "statuses": ["READY_FOR_PICKUP"],
            "channels": [
                {
                    "channel": "push",
                    "verdict": "send",
                    "title": "Ready for pickup",
                    "text": "Order A17 is ready for you to pick up.",
                },
                {"channel": "email", "verdict": "off"},
            ],
        }
    ],
    "redriven": 1,
    "refused": 0,
}
REDROVE = {
    "letters": [{"dead_letter_id": LETTER_ID, "outcome": "redriven", "how": "push SENT"}],
    "counts": {"redriven": 1},
}
HEALTH = {
    "provider": "fcm",
    "state": "forced open",
    "since": "2026-11-22T12:04:10Z",
    "reason": "maintenance until noon (desk)",
    "calls": 40,
    "failures": 38,
}
FOUND = {
    "order_id": "A17",
    "ledger": [
        {
            "message_id": MESSAGE_ID,
            "recipient_id": "c-42",
            "role": "customer",
            "batch": 1,
            "channel": "push",
            "statuses": ["OUT_FOR_DELIVERY"],
            "status": "SENT",
            "retry_count": 0,
            "provider": "fcm",
            "created_at": "2026-11-22T12:00:00Z",
            "updated_at": "2026-11-22T12:00:01Z",
            "sent_at": "2026-11-22T12:00:01Z",
            "deadline": "2026-11-22T12:45:00Z",
        }
    ],
    "dead_letters": [],
    "unasked": "Temporal does not know its workflow, or not any more",
    "temporal_ui": "https://temporal.example.org/namespaces/default/workflows/order-A17",
}


def answers(example: object, refusals: Mapping[int | str, Any]) -> dict[int | str, dict[str, Any]]:
    """Document an answer by an example, beside what an operation may refuse."""
    return {**refusals, 200: {"content": {"application/json": {"example": example}}}}
