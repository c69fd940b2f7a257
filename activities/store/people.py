"""Recipients as others change them: every change is one transaction with its rows in the consent ledger."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from activities.store import known, live_activities, opt_outs, recipients
from activities.store.consents import Consents
from activities.store.database import Database
from activities.store.opt_outs import Said
from domain.channels import Channel
from domain.consents import OPERATOR, By
from domain.editing import Edit
from domain.outcomes import Gone
from domain.recipients import Address, Device, Kind, OptOut, Recipient

LOADED = By(OPERATOR, "recipients load")


class People:
    """The recipients in one database."""

    def __init__(self, database: Database, consents: Consents, now: Callable[[], datetime]) -> None:
        self._database, self._consents, self._now = database, consents, now

    async def load(self, people: Iterable[Recipient], by: By = LOADED) -> None:
        """Write recipients as given, all of them or none; their addresses are replaced."""
        by_id = {person.recipient_id: person for person in people}
        if by_id:
            async with self._consents.changing(by, sorted(by_id)) as connection:
                await recipients.load(connection, by_id.values())

    async def find(self, recipient_id: str) -> Recipient | None:
        """A recipient with the addresses that work, or None where nobody loaded the id."""
        async with self._database.reading() as connection:
            return await recipients.find(connection, recipient_id)

    async def change(
        self, recipient_id: str, edit: Edit, by: By, *, registers: Device | None = None
    ) -> Recipient | None:
        """Change one recipient from what they are; answers what they are now, None for nobody.

        What ``edit`` raises is raised, and nothing is changed. Gone addresses stay gone unless given anew.
        ``registers``: the device that says so itself, and is registered from now on.
        """
        async with self._consents.changing(by, [recipient_id]) as connection:
            person = await recipients.find(connection, recipient_id)
            if person is None:
                return None
            edited, gone = edit(person), await recipients.gone(connection, recipient_id)
            if edited != person:
                await recipients.load(connection, [edited])
                await known.stay_gone(connection, edited, gone)
            if registers:
                await recipients.register(connection, recipient_id, registers.address, self._now())
            return await recipients.find(connection, recipient_id)

    async def erase(self, recipient_id: str, by: By) -> bool:
        """Forget contact details and wishes; False where there were none. The ledgers keep their rows."""
        async with self._consents.changing(by, [recipient_id]) as connection:
            person = await recipients.find(connection, recipient_id)
            await known.forget(connection, recipient_id)
            return person is not None

    async def said_of(self, recipient_id: str) -> Mapping[Channel, Said]:
        """What the owner of each address of a recipient said of it, and how."""
        async with self._database.reading() as connection:
            return await opt_outs.said_of(connection, recipient_id)

    async def mark_gone(self, recipient_id: str, address: Address, outcome: Gone, actor: str) -> None:
        """Never use an address again: until the recipient gives it anew, or wants it again.

        One that was registered after the provider found it dead is kept: the next news tries it again.
        """
        by, now, value = By(actor, outcome.reason), self._now(), address.value
        if outcome.opted_out:
            await self.opt_out(address.channel, value, OptOut.EVERYTHING, by)
        elif address.kind is Kind.LIVE:
            async with self._database.writing() as connection:
                await live_activities.ended(connection, value, now)
        elif address.kind is Kind.LIVE_START:
            async with self._consents.changing(by, [recipient_id]) as connection:
                await recipients.forget_start_token(connection, recipient_id, value, outcome.since)
        else:
            async with self._consents.changing(by, [recipient_id]) as connection:
                await recipients.mark_gone(connection, recipient_id, address, outcome, now)

    async def mark_only_one_gone(self, recipient_id: str, channel: Channel, reason: str, actor: str) -> None:
        """Never use the one address of a channel again, until the recipient gives it anew."""
        async with self._consents.changing(By(actor, reason), [recipient_id]) as connection:
            await recipients.mark_only_one_gone(connection, recipient_id, channel, reason, self._now())

    async def opt_out(self, channel: Channel, value: str, covers: OptOut, by: By) -> None:
        """Note what is not wanted at an address from now on."""
        async with self._consents.changing(by, said_of=[Address(channel, value)]) as connection:
            await opt_outs.opt_out(connection, channel, value, covers, by.source, self._now())

    async def opt_in(self, channel: Channel, value: str, by: By) -> None:
        """Everything is wanted at an address again."""
        async with self._consents.changing(by, said_of=[Address(channel, value)]) as connection:
            await opt_outs.opt_in(connection, channel, value)
