"""Who is let in: keys and tokens as headers, cookies from pages of ours alone, and nobody else."""

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response

from api.callers import Callers
from domain.callers import Caller, Scope
from domain.links import OPERATOR_SECONDS, RECIPIENT_SECONDS, SignedLinks
from tests.api.stage import PUBLIC_URL, Door

READ, WRITE = Scope.READ_OPERATIONS, Scope.WRITE_OPERATIONS
HERE = "http://testserver"


class Desk:
    """What a page of ours does with callers, and nothing else."""

    def __init__(self, callers: Callers) -> None:
        self.callers = callers
        self.looked_up = 0

    def router(self) -> APIRouter:
        router = APIRouter()
        reads, writes, recipient = (
            Depends(self.callers.with_scope(READ)),
            Depends(self.callers.with_scope(WRITE)),
            Depends(self.callers.recipient()),
        )

        @router.get("/operators")
        async def look(caller: Annotated[Caller, reads]) -> str:
            return caller.name

        @router.post("/operators")
        async def change(caller: Annotated[Caller, writes]) -> str:
            return caller.name

        @router.api_route("/mine", methods=["GET", "POST", "DELETE"])
        async def mine(recipient_id: Annotated[str, recipient]) -> str:
            return recipient_id

        @router.post("/sign-in/{who}")
        async def sign_in(who: str, request: Request) -> Response:
            response = Response()
            if caller := await self.callers.by_key(request.headers.get("x-key", "")):
                self.callers.keep_operator(response, caller.key_id)
            else:
                self.callers.keep_recipient(response, who)
            return response

        return router


@pytest.fixture
async def http(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(Desk(Callers(door.store.api_keys, door.links)).router())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as http:
        yield http


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    """What a browser keeps, put into the header that it sends from then on."""
    kept = SimpleCookie(answer.headers["Set-Cookie"])
    return {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in kept.items())}


async def as_operator(door: Door, http: httpx.AsyncClient, *scopes: Scope) -> dict[str, str]:
    made = await door.store.api_keys.make("operations", scopes)
    return cookies_of(await http.post("/sign-in/x", headers={"X-Key": made.text}))


async def test_a_key_opens_what_its_scopes_say_and_says_whose_it_is(
    door: Door, http: httpx.AsyncClient
) -> None:
    key = await door.key(READ)

    read, write = await http.get("/operators", headers=key), await http.post("/operators", headers=key)

    assert (read.status_code, read.json()) == (200, "order-service")
    assert (write.status_code, write.json()) == (
        403,
        {"detail": "the key does not have the scope operations:write"},
    )


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
async def test_how_bearer_is_written_does_not_matter(door: Door, http: httpx.AsyncClient, kind: str) -> None:
    token = door.links.recipient_token("c-42")

    assert (await http.get("/mine", headers={"Authorization": f"{kind}   {token}"})).json() == "c-42"


async def test_whoever_is_unknown_hears_what_to_bring(http: httpx.AsyncClient) -> None:
    operator, recipient = await http.get("/operators"), await http.get("/mine")

    assert (operator.status_code, recipient.status_code) == (401, 401)
    assert operator.headers["WWW-Authenticate"] == recipient.headers["WWW-Authenticate"] == "Bearer"
    assert operator.json() == {"detail": "no key of ours, make one with starter.py keys make"}
    assert recipient.json() == {"detail": "no token of ours, or it is over: get another"}


async def test_a_browser_that_signed_in_with_a_key_reads_and_changes_from_our_own_pages(
    door: Door, http: httpx.AsyncClient
) -> None:
    cookies = await as_operator(door, http, READ, WRITE)

    assert (await http.get("/operators", headers=cookies)).json() == "operations"
    for origin in (PUBLIC_URL, HERE):
        changed = await http.post("/operators", headers={**cookies, "Origin": origin})
        assert changed.json() == "operations"


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "https://evil.example",
        f"{PUBLIC_URL}.evil.example",
        PUBLIC_URL.replace("https", "http"),
        f"{PUBLIC_URL}:444",
        f"{PUBLIC_URL}/",
    ],
)
async def test_a_change_by_cookie_from_anywhere_else_is_refused(
    door: Door, http: httpx.AsyncClient, origin: str | None
) -> None:
    operator = await as_operator(door, http, READ, WRITE)
    recipient = cookies_of(await http.post("/sign-in/c-42"))
    sent = {} if origin is None else {"Origin": origin}

    assert (await http.post("/operators", headers={**operator, **sent})).status_code == 401
    for method in ("POST", "DELETE"):
        assert (await http.request(method, "/mine", headers={**recipient, **sent})).status_code == 401
    assert (await http.get("/mine", headers={**recipient, **sent})).json() == "c-42"


async def test_a_session_ends_with_its_key(door: Door, http: httpx.AsyncClient) -> None:
    made = await door.store.api_keys.make("operations", [READ])
    cookies = cookies_of(await http.post("/sign-in/x", headers={"X-Key": made.text}))
    assert (await http.get("/operators", headers=cookies)).status_code == 200

    await door.store.api_keys.revoke(made.key_id)

    assert (await http.get("/operators", headers=cookies)).status_code == 401


async def test_a_session_opens_no_more_than_its_key(door: Door, http: httpx.AsyncClient) -> None:
    cookies = await as_operator(door, http, READ)

    changed = await http.post("/operators", headers={**cookies, "Origin": PUBLIC_URL})

    assert changed.status_code == 403


async def test_a_wrong_header_is_not_made_good_by_a_cookie(door: Door, http: httpx.AsyncClient) -> None:
    """Whoever brings a key of their own is not to act as whoever signed in before."""
    operator = await as_operator(door, http, READ)
    recipient = cookies_of(await http.post("/sign-in/c-42"))
    wrong = {"Authorization": "Bearer wrong"}

    assert (await http.get("/operators", headers={**operator, **wrong})).status_code == 401
    assert (await http.get("/mine", headers={**recipient, **wrong})).status_code == 401


@pytest.mark.parametrize(("url", "is_secure"), [(PUBLIC_URL, True), ("http://127.0.0.1:8085", False)])
async def test_scripts_and_other_sites_do_not_get_at_the_cookies(
    door: Door, url: str, is_secure: bool
) -> None:
    links = SignedLinks(url, await door.store.signing_secrets())
    callers, response = Callers(door.store.api_keys, links), Response()
    callers.keep_recipient(response, "c-42")
    callers.keep_operator(response, "key-1")

    recipient, operator = response.headers.getlist("set-cookie")

    for cookie, name, seconds in (
        (recipient, "recipient", RECIPIENT_SECONDS),
        (operator, "operator", OPERATOR_SECONDS),
    ):
        assert cookie.startswith(f"{name}=")
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert f"Max-Age={seconds}" in cookie
        assert ("Secure" in cookie) is is_secure
        assert "Domain" not in cookie


async def test_a_token_runs_out(door: Door, http: httpx.AsyncClient) -> None:
    """As far as this can be told without waiting: its age counts, to the second."""
    token = door.links.recipient_token("c-42")

    assert door.links.read_recipient_token(token) == "c-42"
    assert door.links._read_in_time("recipient", token, -1) is None
    assert door.links.read_operator_session(token) is None
    assert (await http.get("/mine", headers={"Authorization": f"Bearer {token}"})).status_code == 200
