"""Every operation refuses everybody but the right caller, and changes nothing for them.

Walked over the API's own document, so that an operation added tomorrow is held to it too.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from sqlalchemy import text

from activities.store.tables import Base
from domain.callers import Scope
from domain.links import OPERATOR_SECONDS, RECIPIENT_SECONDS
from domain.telling import DeadLetter
from tests.api.operations import Operation, operations
from tests.api.stage import EMAIL, FORM, SMS, Door, Front
from tests.store.stage import NOON, as_url, run_sql

# Let in without a key or a token: by a signature, by a link, by signing in, or because it is nobody's secret.
OPEN_TO_ALL = (
    "/webhooks/",
    "/preferences",
    "/live-activities/",
    "/enter/",
    "/inbox",
    "/operators",
    "/assets/",
    "/health",
    "/ready",
    "/openapi.json",
)
EVIL = "https://evil.example"

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Everybody:
    """Who calls: the right ones, and all the wrong ones."""

    full_key: str
    key_id: str
    narrow_keys: Mapping[Scope, str]
    revoked_key: str
    old_token: str
    old_session: str

    @classmethod
    async def of(cls, door: Door) -> "Everybody":
        keys = door.store.api_keys
        full = await keys.make("everything", list(Scope))
        revoked = await keys.make("revoked", list(Scope))
        await keys.revoke(revoked.key_id)
        narrow = {
            scope: (await keys.make(f"all but {scope}", [one for one in Scope if one != scope])).text
            for scope in Scope
        }
        secrets = await door.store.signing_secrets()
        return cls(
            full_key=full.text,
            key_id=full.key_id,
            narrow_keys=narrow,
            revoked_key=revoked.text,
            old_token=_signed(secrets, "recipient", "c-42", RECIPIENT_SECONDS + 1),
            old_session=_signed(secrets, "operator", full.key_id, OPERATOR_SECONDS + 1),
        )

    def right(self, operation: Operation, door: Door) -> Headers:
        if "key" in operation.schemes:
            return {"Authorization": f"Bearer {self.full_key}"}
        return door.token()

    def wrong(self, operation: Operation, door: Door) -> Iterator[tuple[str, Headers]]:
        """Everybody who is not to be let in."""
        secret = self.full_key.rpartition("_")[0]
        yield "nobody", {}
        for name, value in (
            ("a forged key", f"{secret}_{'A' * 43}"),
            ("a key cut short", self.full_key[:-1]),
            ("a key with more behind it", f"{self.full_key}x"),
            ("a revoked key", self.revoked_key),
            ("an expired token", self.old_token),
            ("a forged token", door.links.recipient_token("c-42")[:-3] + "AAA"),
            ("another purpose's token", door.links.operator_session(self.key_id)),
        ):
            yield name, {"Authorization": f"Bearer {value}"}
        yield "a kind of proof and no proof", {"Authorization": "Bearer"}
        yield "another kind of proof", {"Authorization": f"Basic {self.full_key}"}
        yield from self._cookies(operation, door)
        if "key" not in operation.schemes:
            yield "a key", {"Authorization": f"Bearer {self.full_key}"}
        if "token" not in operation.schemes:
            yield "a recipient", door.token()
        for scope in operation.schemes.get("key", ()):
            yield f"a key without {scope}", {"Authorization": f"Bearer {self.narrow_keys[Scope(scope)]}"}

    def _cookies(self, operation: Operation, door: Door) -> Iterator[tuple[str, Headers]]:
        """What browsers bring: signed in too long ago, or sent by somebody else's page."""
        token, session = door.links.recipient_token("c-42"), door.links.operator_session(self.key_id)
        yield "an old cookie", {"Cookie": f"recipient={self.old_token}; operator={self.old_session}"}
        ended = door.links.operator_session(self.revoked_key.split("_")[1])
        yield "a session of a revoked key", {"Cookie": f"operator={ended}"}
        yield "cookies in each other's place", {"Cookie": f"recipient={session}; operator={token}"}
        if operation.method not in ("GET", "HEAD"):
            cookies = {"Cookie": f"recipient={token}; operator={session}"}
            yield "another's page", {**cookies, "Origin": EVIL}
            yield "another's sandbox", {**cookies, "Origin": "null"}
            yield "a page that does not say whose it is", cookies


def _signed(secrets: Any, purpose: str, who: str, ago: int) -> str:
    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - ago

    signer = URLSafeTimedSerializer(list(secrets), salt=f"order-notifications {purpose}", signer=Earlier)
    return str(signer.dumps(who))


@pytest.fixture
async def everybody(door: Door) -> Everybody:
    """The API with something of everything in it."""
    await door.sent(SMS, "A17")
    await door.sent(EMAIL, "A18")
    letter = {"dead_letter_id": "letter-1", "order_id": "A17", "source": "status_changed"}
    await door.store.keep(DeadLetter.model_validate({**letter, "reason": "status: missing", "at": NOON}))
    return await Everybody.of(door)


async def everything_kept(folder: Path) -> Any:
    """All rows of all tables."""
    url = as_url(folder / "store.db")
    return {
        table: sorted(await run_sql(url, text(f"SELECT * FROM {table}")), key=repr)  # noqa: S608 our names
        for table in Base.metadata.tables
    }


async def answer_to(door: Door, operation: Operation, headers: Headers) -> int:
    """The status of the answer, whose end is not waited for."""
    content = b""
    if operation.body:
        kind, example = operation.body
        headers = {**headers, "Content-Type": kind}
        content = (urlencode(example) if kind == FORM else json.dumps(example)).encode()
    call = door.http.stream(operation.method, operation.url, headers=dict(headers), content=content)
    async with call as answer:
        return answer.status_code


async def test_everybody_but_the_right_caller_is_refused_and_changes_nothing(
    door: Door, everybody: Everybody
) -> None:
    document = (await door.http.get("/openapi.json")).json()
    closed = [operation for operation in operations(document) if operation.schemes]
    before = await everything_kept(door.folder)

    let_in = [
        f"{operation}: {who} got {status}"
        for operation in closed
        for who, headers in everybody.wrong(operation, door)
        if (status := await answer_to(door, operation, headers)) not in (401, 403)
    ]

    assert let_in == []
    assert await everything_kept(door.folder) == before
    assert (door.orders.announced, door.orders.asked, door.orders.told) == ([], [], [])
    assert len(closed) >= 3


async def test_the_right_caller_is_let_in_everywhere(door: Door, everybody: Everybody) -> None:
    document = (await door.http.get("/openapi.json")).json()

    refused = [
        f"{operation}: {status}"
        for operation in operations(document)
        if operation.schemes
        and (status := await answer_to(door, operation, everybody.right(operation, door))) in (401, 403)
    ]

    assert refused == []


async def test_whatever_needs_no_key_and_no_token_is_on_the_list(front: Front, door: Door) -> None:
    document = (await door.http.get("/openapi.json")).json()
    documented_open = {operation.path for operation in operations(document) if not operation.schemes}
    documented = {operation.path for operation in operations(document)}
    hidden = {re.sub(r":\w+}", "}", path) for path in every_path(front.app)} - documented

    assert {path for path in documented_open | hidden if not path.startswith(OPEN_TO_ALL)} == set()
    assert "/v1/events" not in hidden


def every_path(router: Any) -> Iterator[str]:
    """Every path that is routed, documented or not."""
    for route in router.routes:
        if path := getattr(route, "path", None):
            yield path
        else:
            yield from every_path(route.original_router)


async def test_nothing_under_v1_is_open(door: Door) -> None:
    document = (await door.http.get("/openapi.json")).json()
    found = [operation for operation in operations(document) if operation.path.startswith("/v1/")]

    assert [str(operation) for operation in found if not operation.schemes] == []
    assert all(
        set(operation.schemes.get("key", ["token"])) <= {*Scope, "token"} and operation.schemes.get("key", 1)
        for operation in found
    ), "a key is never enough without a scope"
