"""The one place that takes in what a provider told us, after somebody made sure that it was the provider."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from activities.store.notifications import Notification
from api.orders import Orders
from domain.channels import Channel
from domain.ledger import NotificationStatus
from domain.orders import Receipt
from domain.recipients import OptOut

log = logging.getLogger(__name__)

# What a provider's news can be about.
CHANNELS: Mapping[str, Channel] = {"twilio": Channel.SMS, "ses": Channel.EMAIL}
_AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Ledger(Protocol):
    """The store, as far as receipts need it."""

    async def is_known_receipt(self, receipt_id: str) -> bool: ...  # noqa: D102 as the store says

    async def notification(self, message_id: str) -> Notification | None: ...  # noqa: D102

    async def record_receipt(self, receipt: Receipt) -> NotificationStatus | None: ...  # noqa: D102

    async def remember_receipt(self, receipt_id: str, provider: str, receipt: Receipt) -> None: ...  # noqa: D102


Consequence = Callable[[Notification], Awaitable[None]]


async def nothing_more(_: Notification) -> None:
    """What most receipts bring with them."""


class Addresses(Protocol):
    """The store, as far as dead addresses need it."""

    async def address_of(self, recipient_id: str, channel: Channel) -> str | None: ...  # noqa: D102 as the store says

    async def mark_only_one_gone(self, recipient_id: str, channel: Channel, reason: str) -> None: ...  # noqa: D102


def address_is_dead(store: Addresses, told: str | None, reason: str) -> Consequence:
    """Never use the address again that a notification went to, by the address that the provider ``told``."""

    async def follow(row: Notification) -> None:
        now = await store.address_of(row.recipient_id, row.channel)
        # Somebody may have corrected it since: what is new has not failed.
        if told is None or (now is not None and now.casefold() == told.casefold()):
            await store.mark_only_one_gone(row.recipient_id, row.channel, reason)

    return follow


class OptOuts(Protocol):
    """The store, as far as opting out needs it."""

    async def opt_out(self, channel: Channel, value: str, covers: OptOut, source: str) -> None: ...  # noqa: D102 as above


def owner_wants_no_more(store: OptOuts, channel: Channel, value: str, source: str) -> Consequence:
    """Send nothing to an address any more: its owner said so to the provider."""

    async def follow(_: Notification) -> None:
        await store.opt_out(channel, value, OptOut.EVERYTHING, source)

    return follow


def operator_has_to_act(provider: str, reason: str) -> Consequence:
    """Say so in the log as a worker does: what befell this message will befall the next."""

    async def follow(_: Notification) -> None:
        log.error("%s needs an operator: %s", provider, reason)

    return follow


class Receipts:
    """Takes receipts in, each once. What fails on the way is not remembered: the provider comes again."""

    def __init__(self, ledger: Ledger, orders: Orders) -> None:
        self._ledger, self._orders = ledger, orders

    async def take(
        self, receipt_id: str, provider: str, receipt: Receipt, and_then: Consequence = nothing_more
    ) -> None:
        """Write a verified receipt into the ledger and tell its order.

        ``and_then``: what else follows for the recipient, such as that an address is dead. Raises
        StoreUnavailable and ComeAgain.
        """
        if await self._ledger.is_known_receipt(receipt_id):
            return
        row = await self._notification(provider, receipt)
        if row is None:
            return
        status = await self._ledger.record_receipt(receipt)
        await and_then(row)
        await self._orders.tell(row.order_id, receipt)
        # Last: whatever failed before this is done again when the provider comes again.
        await self._ledger.remember_receipt(receipt_id, provider, receipt)
        log.info("%s: %s is %s, now %s", provider, row.message_id, receipt.state, status)

    async def _notification(self, provider: str, receipt: Receipt) -> Notification | None:
        if not _AN_ID.fullmatch(receipt.message_id):
            log.warning("%s: a receipt for something that is no id of ours", provider)
            return None
        row = await self._ledger.notification(receipt.message_id)
        if row is None:
            log.warning("%s: a receipt for %s, which is unknown here", provider, receipt.message_id)
        elif row.channel is not CHANNELS[provider]:
            log.warning("%s: a receipt for %s, which went by %s", provider, row.message_id, row.channel)
            return None
        return row
