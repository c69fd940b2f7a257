"""Amazon SQS: a FIFO queue, by AWS's own client in threads. A message group is an order."""

import asyncio
import contextlib
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Self

from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from botocore.session import get_session  # type: ignore[import-untyped]

from bridge.source import Message, SourceAway
from bridge.sqs_settings import SqsSettings
from domain.orders import BadInput

# Long polling: a call that finds nothing waits so long for the first message.
_WAIT = 1
_BATCH = 10
_AT_ONCE = 4
_ATTRIBUTES = 10
_WAITING = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


class SqsSource:
    """A FIFO queue: SQS gives nothing of a group while an older message of it is with us."""

    name = "SQS"

    def __init__(self, settings: SqsSettings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(2 * _AT_ONCE, "sqs")
        self._handles: dict[str, str] = {}
        self._done: asyncio.Queue[str] = asyncio.Queue()
        self._was_full = False
        self.keep_every: float | None = None

    async def __aenter__(self) -> Self:
        try:
            self._client = await asyncio.to_thread(_client, self._settings)
        except (BotoCoreError, ValueError) as problem:
            raise BadInput("AWS_ENDPOINT_URL_SQS", f"cannot be used: {_named(problem)}") from None
        try:
            queue = await self._check("SQS_QUEUE_URL", self._settings.queue)
            await self._check("SQS_DEAD_LETTER_QUEUE_URL", self._settings.dead_letters)
        except BotoCoreError as problem:
            raise BadInput("AWS_ENDPOINT_URL_SQS", f"SQS does not answer: {_named(problem)}") from None
        self._visible_after = int(queue["VisibilityTimeout"])
        self.keep_every = self._visible_after / 3
        self._deleting = asyncio.create_task(self._delete_what_is_done())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._deleting.cancel()
        await asyncio.gather(self._deleting, return_exceptions=True)
        while not self._done.empty():
            await self._delete(self._next_batch())
        # Whoever comes next need not wait for the rest.
        await self._hide_for(0)
        self._threads.shutdown(wait=False)

    async def receive(self, limit: int) -> Sequence[Message]:
        """See :class:`bridge.source.Source`."""
        if not limit:
            return ()
        calls = min(_AT_ONCE, math.ceil(limit / _BATCH)) if self._was_full else 1
        batches = await asyncio.gather(*(self._receive(min(limit, _BATCH)) for _ in range(calls)))
        self._was_full = len(batches[0]) == _BATCH
        # Calls side by side may come back in any order. SQS itself gives a group to one of them at a time,
        # what stands in for it may not.
        given = sorted((one for batch in batches for one in batch), key=_sent)
        return [self._message(one) for one in given if self._is_new(one)]

    async def acknowledge(self, message: Message) -> None:
        """See :class:`bridge.source.Source`. Deleted soon, ten at a time."""
        self._done.put_nowait(message.own["MessageId"])

    async def keep(self) -> None:
        """See :class:`bridge.source.Source`."""
        await self._hide_for(self._visible_after)

    async def _hide_for(self, seconds: int) -> None:
        """Let nobody else have what we hold, for so many seconds from now on."""
        entries = [
            {"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
            for n, handle in enumerate(self._handles.values())
        ]
        for first in range(0, len(entries), _BATCH):
            with contextlib.suppress(SourceAway):
                await self._ask(
                    "change_message_visibility_batch",
                    QueueUrl=self._settings.queue,
                    Entries=entries[first : first + _BATCH],
                )

    async def park(self, message: Message, reason: str) -> None:
        """See :class:`bridge.source.Source`."""
        original = message.own
        told = {"bridge-reason": _text(reason), "bridge-place": _text(message.place)}
        # A message has ten attributes at most: of too many the last are left out.
        kept = list(original.get("MessageAttributes", {}).items())[: _ATTRIBUTES - len(told)]
        fifo = {"MessageGroupId": _group(original), "MessageDeduplicationId": original["MessageId"]}
        await self._ask(
            "send_message",
            QueueUrl=self._settings.dead_letters,
            MessageBody=original["Body"],
            MessageAttributes={**dict(kept), **told},
            **(fifo if self._settings.dead_letters.endswith(".fifo") else {}),
        )

    async def lag(self) -> int:
        """See :class:`bridge.source.Source`."""
        answer = await self._ask(
            "get_queue_attributes", QueueUrl=self._settings.queue, AttributeNames=list(_WAITING)
        )
        return sum(int(answer["Attributes"][name]) for name in _WAITING)

    async def _check(self, setting: str, queue: str) -> Mapping[str, str]:
        try:
            answer = await asyncio.to_thread(
                self._client.get_queue_attributes, QueueUrl=queue, AttributeNames=["All"]
            )
        except ClientError as problem:
            raise BadInput(setting, f"cannot be used: {_named(problem)}") from None
        attributes: Mapping[str, str] = answer["Attributes"]
        return attributes

    async def _receive(self, most: int) -> list[dict[str, Any]]:
        answer = await self._ask(
            "receive_message",
            QueueUrl=self._settings.queue,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=_WAIT,
            VisibilityTimeout=self._visible_after,
            MessageAttributeNames=["All"],
            AttributeNames=["SentTimestamp", "MessageGroupId"],
        )
        received: list[dict[str, Any]] = answer.get("Messages", [])
        return received

    def _is_new(self, given: Mapping[str, Any]) -> bool:
        """Whether we do not have it. One that is given again is known by its newest handle from now on."""
        is_new = given["MessageId"] not in self._handles
        self._handles[given["MessageId"]] = given["ReceiptHandle"]
        return is_new

    def _message(self, given: dict[str, Any]) -> Message:
        return Message(
            body=given["Body"].encode(),
            headers={
                name: value["StringValue"]
                for name, value in given.get("MessageAttributes", {}).items()
                if "StringValue" in value
            },
            place=f"message {given['MessageId']}",
            published_at=datetime.fromtimestamp(_sent(given) / 1000, UTC),
            own=given,
        )

    async def _delete_what_is_done(self) -> None:
        while True:
            first = await self._done.get()
            self._done.put_nowait(first)
            await self._delete(self._next_batch())

    def _next_batch(self) -> list[str]:
        return [self._done.get_nowait() for _ in range(min(_BATCH, self._done.qsize()))]

    async def _delete(self, message_ids: Sequence[str]) -> None:
        """What is not deleted comes again, and is known to be a repeat."""
        handles = [self._handles.pop(one) for one in message_ids]
        entries = [{"Id": str(n), "ReceiptHandle": handle} for n, handle in enumerate(handles)]
        with contextlib.suppress(SourceAway):
            await self._ask("delete_message_batch", QueueUrl=self._settings.queue, Entries=entries)

    async def _ask(self, what: str, **given: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: getattr(self._client, what)(**given)
            )
        except (BotoCoreError, ClientError) as problem:
            raise SourceAway(_named(problem)) from None
        return answer


def _client(settings: SqsSettings) -> Any:
    """AWS's own client; it finds keys by its own rules where none are given."""
    return get_session().create_client(
        "sqs",
        region_name=settings.region,
        endpoint_url=settings.endpoint,
        aws_access_key_id=settings.key_id,
        aws_secret_access_key=settings.secret,
        aws_session_token=settings.token,
        config=Config(
            connect_timeout=5,
            read_timeout=10,
            retries={"mode": "standard", "max_attempts": 2},
            max_pool_connections=2 * _AT_ONCE,
        ),
    )


def _sent(given: Mapping[str, Any]) -> int:
    return int(given["Attributes"]["SentTimestamp"])


def _group(given: Mapping[str, Any]) -> str:
    group: str = given["Attributes"]["MessageGroupId"]
    return group


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def _named(problem: BaseException) -> str:
    """What went wrong by AWS's own code for it: its words may repeat an address."""
    if isinstance(problem, ClientError):
        code: str = problem.response["Error"]["Code"]
        return code
    return type(problem).__name__
