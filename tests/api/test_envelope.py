"""What every answer carries: an id that is in the log too, and headers that lock a browser in."""

import io
import logging
from pathlib import Path

import httpx
import pytest

from api.app import Api
from api.envelope import RequestIds
from domain.links import SignedLinks
from tests.api.stage import Door, Front, open_door

APP = "https://app.example.org"
_ASKS = {
    "Origin": APP,
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "authorization",
}


async def test_every_answer_has_an_id_of_its_own(door: Door) -> None:
    ids = [
        (await door.http.request(method, path)).headers["X-Request-ID"]
        for method, path in (
            ("GET", "/health"),
            ("GET", "/nowhere"),
            ("PUT", "/health"),
            ("POST", "/v1/events"),
        )
    ]

    assert len(set(ids)) == 4
    assert all(len(one) == 32 for one in ids)


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [("trace-7f.A_1", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("", False), ("é", False)],
)
async def test_an_id_that_is_given_is_kept_unless_it_could_do_harm(
    door: Door, given: str, is_taken: bool
) -> None:
    answer = await door.http.get("/health", headers={b"X-Request-ID": given.encode("latin-1")})

    assert (answer.headers["X-Request-ID"] == given) is is_taken


async def test_a_log_line_has_the_id_of_its_request(door: Door) -> None:
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.addFilter(RequestIds())
    handler.setFormatter(logging.Formatter("[%(request_id)s] %(message)s"))
    logging.getLogger("api").addHandler(handler)
    try:
        await door.http.post(
            door.preferences(), data={"choice": "records"}, headers={"X-Request-ID": "trace-7"}
        )
    finally:
        logging.getLogger("api").removeHandler(handler)

    assert lines.getvalue() == "[trace-7] email: c-42 wants records (preference page)\n"


async def test_an_error_of_ours_is_answered_under_its_id_and_logged_with_it(
    door: Door, front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(RequestIds())

    def breaks() -> None:
        raise RuntimeError("our own mistake")

    assert isinstance(front.app, Api)
    front.app.add_api_route("/breaks", breaks)

    answer = await door.http.get("/breaks", headers={"X-Request-ID": "trace-8"})

    assert (answer.status_code, answer.headers["X-Request-ID"]) == (500, "trace-8")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "our own mistake" not in answer.text
    (traceback,) = [record for record in caplog.records if record.exc_info]
    assert traceback.request_id == "trace-8"  # type: ignore[attr-defined]


async def test_answers_are_not_sniffed_not_kept_and_https_is_remembered(door: Door) -> None:
    for path in ("/health", "/nowhere", "/openapi.json", "/v1/events", "/v1/nowhere", door.preferences()):
        answer = await door.http.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        # A page's own forms would come without their origin otherwise.
        is_page = path == door.preferences()
        assert answer.headers["Referrer-Policy"] == ("same-origin" if is_page else "no-referrer")
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        if path.startswith("/v1/"):
            assert answer.headers["Cache-Control"] == "no-store"


async def test_a_page_keeps_the_headers_it_has(door: Door) -> None:
    answer = await door.http.get(door.preferences())

    assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"


async def test_without_https_it_is_not_asked_for(front: Front, data: Path) -> None:
    async with open_door(front, data, links=SignedLinks("http://127.0.0.1:8085", ["secret"])) as door:
        assert "Strict-Transport-Security" not in (await door.http.get("/health")).headers


def allowed(answer: httpx.Response) -> list[str]:
    return [name for name in answer.headers if name.startswith("access-control-")]


async def test_no_web_app_may_call_unless_it_is_named(door: Door) -> None:
    for path in ("/v1/me", "/v1/me/inbox", "/v1/events", "/health", "/openapi.json"):
        assert allowed(await door.http.options(path, headers=_ASKS)) == []
        assert allowed(await door.http.get(path, headers={"Origin": APP})) == []


async def test_a_web_app_that_is_named_may_call_what_is_its_users_own_and_nothing_else(
    front: Front, data: Path
) -> None:
    async with open_door(front, data, origins=(APP,)) as door:
        for path in ("/v1/me", "/v1/me/anything"):
            asked = await door.http.options(path, headers=_ASKS)
            called = await door.http.get(path, headers={"Origin": APP})
            assert asked.status_code == 200
            assert "authorization" in asked.headers["Access-Control-Allow-Headers"].lower()
            for answer in (asked, called):
                assert answer.headers["Access-Control-Allow-Origin"] == APP
                assert "Access-Control-Allow-Credentials" not in answer.headers, "and no cookies"
                assert answer.headers["X-Request-ID"]
        for path in ("/v1/events", "/v1/meals", "/health", "/openapi.json", door.preferences()):
            assert allowed(await door.http.options(path, headers=_ASKS)) == []


async def test_another_web_app_may_not(front: Front, data: Path) -> None:
    async with open_door(front, data, origins=(APP,)) as door:
        for origin in ("https://evil.example", "https://app.example.org.evil.example", "null"):
            asked = await door.http.options("/v1/me", headers={**_ASKS, "Origin": origin})
            called = await door.http.get("/v1/me", headers={"Origin": origin})
            assert "Access-Control-Allow-Origin" not in {**asked.headers, **called.headers}
