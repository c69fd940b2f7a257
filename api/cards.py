"""An inbox as JSON: cards with their messages, pages of them, and counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from activities.store.inboxes import InboxPage
from domain import inbox
from domain.status import Role, Status

_MESSAGE: dict[str, Any] = {
    "message_id": "0d9b1f0e-5c2e-5a53-9c0b-3f0f8b1a7c11",
    "title": "On its way",
    "text": "Your order from Burger Barn is on its way. It should be with you in about 12 minutes.",
    "statuses": ["OUT_FOR_DELIVERY"],
    "at": "2026-11-22T12:20:00Z",
}
CARD_EXAMPLE: dict[str, Any] = {
    "order_id": "A17",
    "role": "customer",
    "status": "OUT_FOR_DELIVERY",
    "title": _MESSAGE["title"],
    "text": _MESSAGE["text"],
    "at": _MESSAGE["at"],
    "seen": True,
    "read": False,
    "archived": False,
    "number": 8,
    "change": 9,
    "messages": [_MESSAGE],
}
COUNTS_EXAMPLE: dict[str, Any] = {"unseen": 1, "unread": 3}


class Message(BaseModel):
    """One message, as it was told."""

    message_id: str
    title: str
    text: str
    statuses: Sequence[Status] = Field(description="What it told, oldest first")
    at: datetime

    @classmethod
    def of(cls, message: inbox.CardMessage) -> Self:
        """As the store has it."""
        return cls(
            message_id=message.message_id,
            title=message.title,
            text=message.text,
            statuses=message.statuses,
            at=message.created_at,
        )


class Card(BaseModel):
    """All that was told of one order, as one card: title, text and time are those of the newest message."""

    model_config = ConfigDict(json_schema_extra={"examples": [CARD_EXAMPLE]})

    order_id: str
    role: Role = Field(description="In what capacity the recipient hears about the order")
    status: Status = Field(description="The newest status told")
    title: str
    text: str
    at: datetime
    seen: bool
    read: bool
    archived: bool
    number: int = Field(description="Its place in the inbox: the higher, the newer")
    change: int = Field(description="The number of its newest change")
    messages: list[Message] = Field(description="The newest 50, newest first")

    @classmethod
    def of(cls, card: inbox.Card) -> Self:
        """As the store has it."""
        newest = card.newest
        return cls(
            order_id=card.order_id,
            role=card.role,
            status=card.status,
            title=newest.title,
            text=newest.text,
            at=newest.created_at,
            seen=card.is_seen,
            read=card.is_read,
            archived=card.is_archived,
            number=card.number,
            change=card.change,
            messages=[Message.of(message) for message in card.messages],
        )


class Counts(BaseModel):
    """Cards that are not archived and nobody saw or read; 100 stands for that many or more."""

    model_config = ConfigDict(json_schema_extra={"examples": [COUNTS_EXAMPLE]})

    unseen: int
    unread: int

    @classmethod
    def of(cls, counts: inbox.Counts) -> Self:
        """As the store has them."""
        return cls(unseen=counts.unseen, unread=counts.unread)


class Page(BaseModel):
    """Some cards, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"cards": [CARD_EXAMPLE], "cursor": "OS4z", "change": 9}]}
    )

    cards: list[Card]
    cursor: str | None = Field(description="Where the next page begins, null at the end")
    change: int = Field(description="Begin the stream with it: it brings what this page does not have yet")

    @classmethod
    def of(cls, page: InboxPage) -> Self:
        """As the store has it."""
        return cls(cards=[Card.of(card) for card in page.cards], cursor=page.cursor, change=page.change)
