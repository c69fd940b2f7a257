"""``make audit``: red for a known vulnerability, green without, and honest where nobody can be asked."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks.audit import PINNED
from tests.processes import Ended, run_from_nothing

ADVISORY = {
    "id": "OSV-2026-1",
    "modified": "2026-11-01T00:00:00Z",
    "summary": "Templates may be made to run code.",
    "details": "Templates may be made to run code.",
    "aliases": ["CVE-2026-1"],
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999.1"}]}],
        }
    ],
}


@contextmanager
def a_service(advisories: Mapping[str, Any], status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A service that speaks as OSV does, and whom it was asked about."""
    asked: list[str] = []

    class Osv(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            asked.append(name)
            found = json.dumps({"vulns": [advisories[name]]} if name in advisories else {}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Osv) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
        finally:
            server.shutdown()
            thread.join()


async def audited(url: str) -> Ended:
    """An audit by the service at a URL."""
    return await run_from_nothing("-m", "benchmarks.audit", settings={"OSV_URL": url})


async def test_a_known_vulnerability_is_named_and_fails() -> None:
    with a_service({"jinja2": ADVISORY}) as (url, _):
        ended = await audited(url)

    *named, verdict = ended.out.splitlines()
    assert ended.code == 1
    assert [line.split()[0] for line in named] == ["jinja2"]
    assert "CVE-2026-1 (fixed in 999.1)" in named[0]
    assert verdict.startswith("audit: 1 of ")


async def test_every_package_that_is_pinned_for_this_machine_is_asked_about() -> None:
    with a_service({}) as (url, asked):
        ended = await audited(url)

    pinned = {
        line.partition("==")[0].partition("[")[0]
        for line in PINNED.read_text().splitlines()
        if "==" in line and ";" not in line
    }
    assert ended.code == 0, ended.err
    assert ended.out == f"audit: 0 of {len(asked)} packages have a known vulnerability\n"
    assert pinned - set(asked) == set()


async def test_where_nobody_can_be_asked_it_says_so_and_does_not_fail() -> None:
    with a_service({}) as (url, _):
        pass  # it was there, and is gone

    ended = await audited(url)

    assert (ended.code, ended.out) == (0, "audit: not audited: advisories cannot be reached\n")


async def test_a_service_that_is_there_and_fails_is_a_failure() -> None:
    with a_service({}, status=500) as (url, _):
        ended = await audited(url)

    assert ended.code == 1
    assert ended.out.splitlines()[-1] == "audit: failed, see above"
