"""Reaches one recipient on one channel: every address at once, and for each the providers in turn."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Protocol

from temporalio import activity

from activities.breakers import Breakers
from activities.measuring import Measures, kind_of
from activities.provider import Provider
from activities.turn import Turn
from domain.channels import Channel, Reach
from domain.links import SignedLinks
from domain.live_activities import alert_instead_of, begun_by, push_addresses
from domain.messages import Envelope, Links, Message, Words
from domain.outcomes import Accepted, Gone, NotCalled, Outcome, Refused, TryLater, Unknown
from domain.recipients import Address, Kind


class AddressBook(Protocol):
    """The store as it hears of changes of addresses. Every method is one transaction."""

    async def mark_gone(self, recipient_id: str, address: Address, outcome: Gone) -> None:
        """Never use an address again, until the recipient gives it anew."""

    async def note_live_activity(self, envelope: Envelope, started_by: Address) -> None:
        """Note that a device shows the order, or may, as a Live Activity."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one provider said, or all of them together. ``provider`` is None where there was none to ask."""

    provider: str | None
    outcome: Outcome | NotCalled


# What goes around a call of a provider, and is told what came of it.
Around = Callable[[str], AbstractContextManager[Callable[[str, str], None]]]


def _unseen(*_: str) -> None:
    """What nobody traces."""


def nothing_around(_: str) -> AbstractContextManager[Callable[[str, str], None]]:
    """What costs nothing."""
    return _NOTHING


_NOTHING = nullcontext(_unseen)

# Of several devices, one that has it is enough; one that may have it must not be told again elsewhere.
_BEST_FIRST: tuple[type[Outcome | NotCalled], ...] = (Accepted, Unknown, TryLater, NotCalled, Refused, Gone)
_NOWHERE = Answer(None, Refused("nowhere to send to"))


def best_of(answers: Iterable[Answer]) -> Answer:
    """What several answers come to for the notification as a whole."""
    return min(answers, key=lambda answer: _BEST_FIRST.index(type(answer.outcome)), default=_NOWHERE)


@dataclass(frozen=True)
class Reaching:
    """The providers, in the order in which they are tried, and what keeps us from calling those that fail."""

    book: AddressBook
    providers: Sequence[Provider]
    breakers: Breakers
    links: SignedLinks | None = None
    measures: Measures = field(default_factory=Measures)
    around: Around = nothing_around

    async def reach(self, turn: Turn, words: Words) -> Answer:
        """Call for every address at once, and answer for the notification as a whole."""
        envelope = turn.envelope
        if _is_switched_off(envelope):
            return Answer(None, Refused("switched off since"))
        message = turn.message(words, self._links(envelope))
        addresses = [address for address in _addresses(turn) if any(self._carriers_of(address))]
        calls = [self._show(address, addresses, message, envelope) for address in addresses]
        # One alone, the usual case, needs no task of its own.
        answer = best_of([await calls[0]] if len(calls) == 1 else await asyncio.gather(*calls))
        if isinstance(answer.outcome, Accepted):
            self.measures.told(envelope, turn.now())
        return answer

    async def _show(
        self, address: Address, addresses: Sequence[Address], message: Message, envelope: Envelope
    ) -> Answer:
        """Reach one address; a Live Activity that cannot be used gives its place back to the alert."""
        answer = await self._try_in_turn(address, self._for(address, message, envelope))
        await self._note_what_changed(envelope, address, answer.outcome)
        alert = alert_instead_of(address, envelope.recipient, envelope.activities)
        if alert is None or alert in addresses or not isinstance(answer.outcome, (Gone, Refused)):
            return answer
        return await self._show(alert, addresses, message, envelope)

    async def _try_in_turn(self, address: Address, message: Message) -> Answer:
        """Ask the providers that are well first, until an answer ends the matter for all of them."""
        answers: list[Answer] = []
        for provider in self.breakers.well_first(self._carriers_of(address)):
            answer = await self._one_call(provider, address, message)
            if not isinstance(answer.outcome, (TryLater, Refused, NotCalled)):
                # A dead address is dead for those as well who were too busy to find out.
                return answer
            answers.append(answer)
        return best_of(answers)

    async def _one_call(self, provider: Provider, address: Address, message: Message) -> Answer:
        permit = await self.breakers.permit(provider.name)
        if permit is None:
            not_called = NotCalled(f"{provider.name} is failing and not called")
            self.measures.answered(provider.name, not_called)
            return Answer(provider.name, not_called)
        with self.around(provider.name) as came_of:
            outcome = await _answer_of(provider, address, message)
            came_of(*kind_of(outcome))
        if isinstance(outcome, (TryLater, Gone)) and outcome.ours:
            # Here, where another provider or device that does better cannot hide it.
            activity.logger.error("%s needs an operator: %s", provider.name, outcome.reason)
        self.measures.answered(provider.name, outcome)
        await self.breakers.note(provider.name, outcome, permit)
        return Answer(provider.name, outcome)

    async def _note_what_changed(
        self, envelope: Envelope, address: Address, outcome: Outcome | NotCalled
    ) -> None:
        """Mark an address that is dead, or a Live Activity that began.

        What the others answered must not get lost over a failure of this.
        """
        try:
            if isinstance(outcome, Gone):
                await self.book.mark_gone(envelope.recipient.recipient_id, address, outcome)
            elif address.kind is Kind.LIVE_START and isinstance(outcome, (Accepted, Unknown)):
                await self.book.note_live_activity(envelope, address)
        except Exception as trouble:  # noqa: BLE001 the next message finds out again
            activity.logger.warning("a change of an address was not noted: %s", type(trouble).__name__)

    def _carriers_of(self, address: Address) -> Iterable[Provider]:
        return (provider for provider in self.providers if provider.carries(address))

    def _links(self, envelope: Envelope) -> Links | None:
        """Where the recipient changes what they get: an e-mail has room for it."""
        if self.links is None or envelope.channel is not Channel.EMAIL:
            return None
        is_record = any(status.rule.record for status in envelope.path)
        recipient_id = envelope.recipient.recipient_id
        return self.links.preferences(recipient_id, envelope.channel, is_optional=not is_record)

    def _for(self, address: Address, message: Message, envelope: Envelope) -> Message:
        """The message as one address gets it: what begins a Live Activity says where to hand in its token."""
        begun = begun_by(address, envelope.order_id, envelope.recipient)
        if begun is None or self.links is None:
            return message
        return replace(message, register=self.links.live_activity(begun.activity_id))


async def _answer_of(provider: Provider, address: Address, message: Message) -> Outcome:
    try:
        return await provider.send(message, address)
    except Exception as bug:  # noqa: BLE001 our bug must not cost the recipient the other channels
        # Its text may hold an address: the type has to do.
        activity.logger.error("%s raised %s", provider.name, type(bug).__name__)
        return TryLater("our own error, see the worker's log", ours=True)


def _is_switched_off(envelope: Envelope) -> bool:
    """Whether its recipient wants none of it on this channel any more: "off" is never overruled."""
    reaches = (envelope.recipient.reach(status, envelope.channel, envelope.role) for status in envelope.path)
    return all(reach is Reach.OFF for reach in reaches)


def _addresses(turn: Turn) -> Sequence[Address]:
    envelope = turn.envelope
    recipient, role = envelope.recipient, envelope.role
    if envelope.channel is not Channel.PUSH:
        return recipient.addresses(envelope.channel)
    return push_addresses(recipient, role, envelope.path, envelope.activities, is_repeat=turn.is_repeat)
