"""NATS JetStream: a durable pull consumer with explicit acknowledgements, read by one bridge at a time."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo
from nats.js.errors import NotFoundError

from bridge.catching_up import CatchingUp, Delivery
from bridge.nats_settings import NatsSettings
from bridge.source import Message, SourceAway
from domain.orders import BadInput

# What a killed bridge held is given to the next one after this.
ACK_WAIT = 10.0
_ANSWERS_WITHIN = 5.0
_FETCH = 1.0
_TOGETHER = 0.02
# In thirds of the ack wait: by then whatever was given to nobody has come again.
_PATIENCE = 9
_MOST_AT_ONCE = 500


class NatsSource:
    """A consumer of a stream. ``capacity``: how many messages the server lets us hold of a new consumer."""

    name = "NATS"

    def __init__(self, settings: NatsSettings, capacity: int) -> None:
        self._settings, self._capacity = settings, capacity
        self._ours = CatchingUp[Msg]()
        self._behind_since: float | None = None
        self._done: list[Msg] = []
        self._is_anything_done = asyncio.Event()
        self.keep_every: float | None = ACK_WAIT / 3

    async def __aenter__(self) -> Self:
        self._client = await self._connected()
        try:
            self._jetstream = self._client.jetstream(timeout=_ANSWERS_WITHIN)
            info = await self._consumer(await self._stream())
            await self._stream_of(self._settings.dead_letters, "NATS_DEAD_LETTER_SUBJECT")
            self._pull = await self._jetstream.pull_subscribe_bind(self._settings.durable, info.stream_name)
        except Error as problem:
            await self._client.close()
            raise BadInput("NATS_URL", f"JetStream does not answer there: {_named(problem)}") from None
        except BaseException:
            await self._client.close()
            raise
        self._stream_name = info.stream_name
        self.keep_every = (info.config.ack_wait or ACK_WAIT) / 3
        delivered = info.delivered.consumer_seq if info.delivered else 0
        self._ours = CatchingUp(delivered, is_behind=bool(info.num_ack_pending))
        self._acknowledging = asyncio.create_task(self._acknowledge_what_is_done())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._acknowledging.cancel()
        await asyncio.gather(self._acknowledging, return_exceptions=True)
        await self._acknowledge_all()
        for msg in self._ours.everything():
            # Whoever comes next need not wait for it.
            with contextlib.suppress(Error, OSError):
                await msg.nak()
        with contextlib.suppress(Error, OSError, TimeoutError):
            await self._client.flush(timeout=round(_ANSWERS_WITHIN))
        await self._client.close()

    async def receive(self, limit: int) -> Sequence[Message]:
        """See :class:`bridge.source.Source`."""
        if self._ours.is_behind:
            found = await self._caught_up()
        elif limit:
            found = self._ours.take(await self._fetched(limit))
        else:
            return ()
        return [self._message(place, msg) for place, msg in found]

    async def acknowledge(self, message: Message) -> None:
        """See :class:`bridge.source.Source`."""
        if msg := self._ours.acknowledged(message.own):
            self._done.append(msg)
            self._is_anything_done.set()

    async def keep(self) -> None:
        """See :class:`bridge.source.Source`."""
        for msg in self._ours.everything():
            with contextlib.suppress(Error, OSError):
                await msg.in_progress()

    async def park(self, message: Message, reason: str) -> None:
        """See :class:`bridge.source.Source`."""
        # The same message parked twice, within the stream's window for duplicates, is there once.
        told = {"Nats-Msg-Id": f"parked-{self._stream_name}-{message.own}"}
        told |= {"Bridge-Reason": reason, "Bridge-Place": message.place}
        async with _asking():
            await self._jetstream.publish(
                self._settings.dead_letters, message.body, headers={**message.headers, **told}
            )

    async def lag(self) -> int:
        """See :class:`bridge.source.Source`."""
        info = await self._info()
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    async def _acknowledge_what_is_done(self) -> None:
        """What is done within a moment goes in one packet: one for each would cost more than all the rest."""
        while True:
            await self._is_anything_done.wait()
            await asyncio.sleep(_TOGETHER)
            self._is_anything_done.clear()
            await self._acknowledge_all()

    async def _acknowledge_all(self) -> None:
        done, self._done = self._done, []
        for msg in done:
            with contextlib.suppress(Error, OSError):
                await msg.ack()

    async def _caught_up(self) -> Sequence[tuple[int, Msg]]:
        """What may be handed on once nothing is missing any more."""
        # More than there is room for: the server waits for us to take what is missing.
        self._ours.take(await self._fetched(_MOST_AT_ONCE))
        found = self._ours.looks_at((await self._info()).num_ack_pending or 0)
        if not self._ours.is_behind:
            self._behind_since = None
            return found
        self._behind_since = self._behind_since or time.monotonic()
        if time.monotonic() > self._behind_since + _PATIENCE * (self.keep_every or ACK_WAIT):
            durable = self._settings.durable
            raise SourceAway(f"older messages do not come, does another bridge read consumer {durable}?")
        return ()

    async def _fetched(self, limit: int) -> list[Delivery[Msg]]:
        messages: Sequence[Msg] = ()
        async with _asking():
            with contextlib.suppress(TimeoutError):
                messages = await self._pull.fetch(min(limit, _MOST_AT_ONCE), timeout=_FETCH)
        if not messages and not self._client.is_connected:
            raise SourceAway("no connection")
        return [_delivery(msg) for msg in messages]

    async def _info(self) -> ConsumerInfo:
        async with _asking():
            info: ConsumerInfo = await self._jetstream.consumer_info(
                self._stream_name, self._settings.durable
            )
        return info

    def _message(self, place: int, msg: Msg) -> Message:
        return Message(
            body=msg.data,
            headers=msg.headers or {},
            place=f"{self._stream_name} {place} ({msg.subject})",
            published_at=msg.metadata.timestamp,
            own=place,
        )

    async def _connected(self) -> Client:
        given = self._settings
        tls = ssl.create_default_context(cafile=given.ca) if given.ca else None
        # The library never gives up, nor does it at the start: there we say why nobody answers.
        heard: list[Exception] = []

        async def hear(problem: Exception) -> None:
            heard[:] = [problem]

        try:
            async with asyncio.timeout(_ANSWERS_WITHIN):
                return await nats.connect(
                    given.url.split(","),
                    name="order-notifications bridge",
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=1,
                    # It would log every attempt to connect again; we say once that the server is away.
                    error_cb=hear,
                    **({"user": given.user, "password": given.password} if given.user else {}),
                    **({"user_credentials": given.creds} if given.creds else {}),
                    **({"tls": tls} if tls else {}),
                )
        except (Error, OSError, TimeoutError, ValueError) as problem:
            why = _named(heard[0] if heard else problem)
            raise BadInput("NATS_URL", f"no NATS server answers there: {why}") from None

    async def _stream(self) -> str:
        return self._settings.stream or await self._stream_of(self._settings.subject, "NATS_SUBJECT")

    async def _stream_of(self, subject: str, setting: str) -> str:
        try:
            return await self._jetstream.find_stream_name_by_subject(subject)
        except NotFoundError:
            raise BadInput(setting, f"no stream has {subject}, add it to one") from None

    async def _consumer(self, stream: str) -> ConsumerInfo:
        """The durable consumer as it is, or a new one."""
        durable, subject = self._settings.durable, self._settings.subject
        try:
            info: ConsumerInfo = await self._jetstream.consumer_info(stream, durable)
        except NotFoundError:
            wanted = ConsumerConfig(
                durable_name=durable,
                filter_subject=subject,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT,
                max_ack_pending=self._capacity,
            )
            try:
                return await self._jetstream.add_consumer(stream, wanted)
            except NotFoundError:
                raise BadInput("NATS_STREAM", f"there is no stream {stream}, add it") from None
        if why := _why_unfit(info.config):
            raise BadInput("NATS_DURABLE", f"the consumer {durable} {why}")
        return info


def _why_unfit(config: ConsumerConfig) -> str | None:
    """Why a consumer that somebody else made would lose events."""
    if config.ack_policy != AckPolicy.EXPLICIT:
        return "does not wait for acknowledgements, make it with --ack explicit"
    if (config.max_deliver or -1) != -1:
        return "gives messages up, set its max deliver to -1"
    return "pushes, make it with --pull" if config.deliver_subject else None


@asynccontextmanager
async def _asking() -> AsyncIterator[None]:
    """A call to the server; whatever keeps it from answering means that it is away."""
    try:
        yield
    except (Error, OSError, TimeoutError) as problem:
        raise SourceAway(_named(problem)) from None


def _delivery(msg: Msg) -> Delivery[Msg]:
    sequence = msg.metadata.sequence
    return Delivery(sequence.consumer, sequence.stream, msg)


def _named(problem: BaseException) -> str:
    """What went wrong by its kind: a library's own words may repeat an address with a password."""
    return type(problem).__name__
