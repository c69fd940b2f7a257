"""Kafka: a consumer group by librdkafka, polled in a thread; committed is what is done without a gap."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Self, TypeVar

from confluent_kafka import (
    OFFSET_INVALID,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka import Message as KafkaMessage

from bridge.kafka_settings import KafkaSettings
from bridge.offsets import Offsets
from bridge.source import LetGo, Message, SourceAway
from domain.orders import BadInput

T = TypeVar("T")

_ANSWERS_WITHIN = 5.0
_POLL = 0.5


class KafkaSource:
    """A member of a consumer group. ``let_go`` is called before partitions go to another member."""

    name = "Kafka"
    keep_every: float | None = None

    def __init__(self, settings: KafkaSettings, let_go: LetGo) -> None:
        self._settings, self._let_go = settings, let_go
        self._offsets, self._began = Offsets(), dict[str, int]()
        self._is_paused, self._is_down = False, False
        self._early: list[KafkaMessage] = []
        # One thread each: a consumer is asked for one thing at a time, and parking waits for no message.
        self._polling = ThreadPoolExecutor(1, "kafka-consumer")
        self._parking = ThreadPoolExecutor(1, "kafka-producer")

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        try:
            self._consumer = Consumer({**self._settings.consuming, "error_cb": self._hear})
            self._producer = Producer({**self._settings.parking, "error_cb": lambda _: None})
        except KafkaException as problem:
            raise BadInput("KAFKA_SECURITY_PROTOCOL", f"cannot be used: {_named(problem)}") from None
        await self._in_turn(self._check)
        self._consumer.subscribe(
            list(self._settings.topics), on_revoke=self._give_back, on_lost=self._give_back
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._in_turn(lambda: self._store(self._offsets.next))
        await self._in_turn(self._consumer.close)
        self._polling.shutdown(wait=False)
        self._parking.shutdown(wait=False)

    async def receive(self, limit: int) -> Sequence[Message]:
        """See :class:`bridge.source.Source`. A member that polls stays one, also while it is paused."""
        position = self._offsets.next
        try:
            given = await self._in_turn(lambda: self._poll(limit, position))
        except KafkaException as problem:
            raise SourceAway(_named(problem)) from None
        messages = [_message(one) for one in given if not one.error()]
        for message in messages:
            self._offsets.given(message.share, message.own.offset())
        wrong = next((error for one in given if (error := one.error())), None)
        if wrong and not messages:
            raise SourceAway(wrong.name())
        return messages

    async def acknowledge(self, message: Message) -> None:
        """See :class:`bridge.source.Source`. Stored with the next poll, committed soon after."""
        self._offsets.done(message.share, message.own.offset())

    async def keep(self) -> None:
        """See :class:`bridge.source.Source`. Who polls keeps everything."""

    async def park(self, message: Message, reason: str) -> None:
        """See :class:`bridge.source.Source`."""
        await self._loop.run_in_executor(self._parking, self._park, message, reason)

    async def lag(self) -> int:
        """See :class:`bridge.source.Source`."""
        position = self._offsets.next
        return await self._in_turn(lambda: self._lag(position))

    async def _in_turn(self, call: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._polling, call)

    # In the consumer's thread

    def _check(self) -> None:
        try:
            known = self._consumer.list_topics(timeout=_ANSWERS_WITHIN).topics
        except KafkaException as problem:
            raise BadInput("KAFKA_BOOTSTRAP_SERVERS", f"no broker answers there: {_named(problem)}") from None
        wanted = dict.fromkeys(self._settings.topics, "KAFKA_TOPIC")
        for topic, setting in {**wanted, self._settings.dead_letters: "KAFKA_DEAD_LETTER_TOPIC"}.items():
            if topic not in known:
                raise BadInput(setting, f"there is no topic {topic}, create it")

    def _poll(self, limit: int, position: Mapping[str, int]) -> list[KafkaMessage]:
        if self._is_down:
            self._ask_again()
        self._store(position)
        self._pause(is_wanted=not limit)
        if limit and self._early:
            early, self._early = self._early, []
            return early
        at_once = self._consumer.consume(limit, 0) if limit else []
        if at_once:
            return at_once
        # It waits for as many as it is asked for: so for one, and then for nothing.
        first = self._consumer.consume(1, _POLL if limit else 0)
        return first + (self._consumer.consume(limit - 1, 0) if first and limit > 1 else [])

    def _pause(self, *, is_wanted: bool) -> None:
        if is_wanted:
            # Every time: partitions that we were given since are not paused yet.
            self._consumer.pause(self._consumer.assignment())
        elif self._is_paused:
            self._consumer.resume(self._consumer.assignment())
        self._is_paused = is_wanted

    def _store(self, position: Mapping[str, int]) -> None:
        mine = {_share(one) for one in self._consumer.assignment()}
        if found := [_at(share, offset) for share, offset in position.items() if share in mine]:
            # One that is lost meanwhile is stored by nobody: it comes again, at another member.
            with contextlib.suppress(KafkaException):
                self._consumer.store_offsets(offsets=found)

    def _give_back(self, _: Consumer, partitions: Iterable[TopicPartition]) -> None:
        """Called within a poll or the closing: what is done of these is stored, and so committed."""
        shares = {_share(one) for one in partitions}
        self._early = [one for one in self._early if _message(one).share not in shares]
        self._store(asyncio.run_coroutine_threadsafe(self._let_go_of(shares), self._loop).result())

    async def _let_go_of(self, shares: Collection[str]) -> Mapping[str, int]:
        await self._let_go(shares)
        done = {share: offset for share, offset in self._offsets.next.items() if share in shares}
        self._offsets.forget(shares)
        for share in shares:
            self._began.pop(share, None)
        return done

    def _hear(self, error: KafkaError) -> None:
        self._is_down |= error.code() == KafkaError._ALL_BROKERS_DOWN

    def _ask_again(self) -> None:
        try:
            self._consumer.list_topics(timeout=_POLL)
        except KafkaException as problem:
            # Still a member, as soon as there is a group again. What was fetched before comes up now.
            if (message := self._consumer.poll(0)) and not message.error():
                self._early.append(message)
            raise SourceAway(_named(problem)) from None
        self._is_down = False

    def _lag(self, position: Mapping[str, int]) -> int:
        try:
            return sum(self._lag_of(one, position) for one in self._consumer.assignment())
        except KafkaException as problem:
            raise SourceAway(_named(problem)) from None

    def _lag_of(self, partition: TopicPartition, position: Mapping[str, int]) -> int:
        # What a partition has is told by every fetch of it. To ask would be to wait behind that fetch, which
        # the broker holds for half a second while there is nothing new. One that is paused is not fetched.
        _, high = self._consumer.get_watermark_offsets(
            partition, timeout=_ANSWERS_WITHIN, cached=not self._is_paused
        )
        at = position.get(share := _share(partition))
        if at is None and share not in self._began:
            self._began[share] = self._beginning(partition)
        return max(high - (self._began[share] if at is None else at), 0)

    def _beginning(self, partition: TopicPartition) -> int:
        """Where we go on in a partition of which nothing is done yet."""
        (committed,) = self._consumer.committed([partition], timeout=_ANSWERS_WITHIN)
        if committed.offset != OFFSET_INVALID:
            offset: int = committed.offset
            return offset
        low, _ = self._consumer.get_watermark_offsets(partition, timeout=_ANSWERS_WITHIN)
        return low

    # In the producer's thread

    def _park(self, message: Message, reason: str) -> None:
        failed: list[KafkaError | None] = []
        original = message.own
        told = [("bridge-reason", reason.encode()), ("bridge-place", message.place.encode())]
        try:
            self._producer.produce(
                self._settings.dead_letters,
                value=original.value(),
                key=original.key(),
                headers=[*(original.headers() or []), *told],
                on_delivery=lambda error, _: failed.append(error),
            )
            self._producer.flush(_ANSWERS_WITHIN * 3)
        except (KafkaException, BufferError) as problem:
            raise SourceAway(_named(problem)) from None
        if failed != [None]:
            raise SourceAway(failed[0].name() if failed and failed[0] else "no answer")


def _message(given: KafkaMessage) -> Message:
    kind, milliseconds = given.timestamp()
    at = None if kind == TIMESTAMP_NOT_AVAILABLE else datetime.fromtimestamp(milliseconds / 1000, UTC)
    share = f"{given.topic()}/{given.partition()}"
    return Message(
        body=given.value() or b"",
        headers={name: _text(value) for name, value in given.headers() or ()},  # type: ignore[str-unpack]
        place=f"{share} {given.offset()}",
        published_at=at,
        share=share,
        own=given,
    )


def _text(value: str | bytes | None) -> str:
    return value if isinstance(value, str) else (value or b"").decode(errors="replace")


def _share(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"


def _at(share: str, offset: int) -> TopicPartition:
    topic, _, partition = share.rpartition("/")
    return TopicPartition(topic, int(partition), offset)


def _named(problem: BaseException) -> str:
    error = problem.args[0] if problem.args else None
    return error.name() if isinstance(error, KafkaError) else type(problem).__name__
