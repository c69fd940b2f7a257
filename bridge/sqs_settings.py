"""The settings of Amazon SQS, by the names that AWS has for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from bridge.reading import both_or_none, optional, required
from domain.orders import BadInput

_EXAMPLE = "https://sqs.eu-west-1.amazonaws.com/123456789012/order-events.fifo"


@dataclass(frozen=True)
class SqsSettings:
    """The queues of events and of what nobody can read, and who we are to AWS: its client finds keys too."""

    queue: str
    dead_letters: str
    region: str
    endpoint: str | None = None
    key_id: str | None = None
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read them, or BadInput naming the one that is wrong or missing."""
        queue = required(environ, "SQS_QUEUE_URL", _EXAMPLE)
        if not queue.endswith(".fifo"):
            raise BadInput(
                "SQS_QUEUE_URL", f"is no FIFO queue, which keeps no order: give one like {_EXAMPLE}"
            )
        key_id, secret = both_or_none(environ, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        region = optional(environ, "AWS_REGION") or optional(environ, "AWS_DEFAULT_REGION")
        return cls(
            queue=queue,
            dead_letters=required(
                environ, "SQS_DEAD_LETTER_QUEUE_URL", _EXAMPLE.replace("events", "dead-letters")
            ),
            region=region or required(environ, "AWS_REGION", "eu-west-1"),
            endpoint=optional(environ, "AWS_ENDPOINT_URL_SQS") or optional(environ, "AWS_ENDPOINT_URL"),
            key_id=key_id,
            secret=secret,
            token=optional(environ, "AWS_SESSION_TOKEN"),
        )
