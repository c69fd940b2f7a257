"""TLS, certificates and the API key on the way to Temporal, by its own variables and its profile file."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.http2 import Answer, Http2Server
from tests.processes import Ended, address, run, running, settings_apart
from tests.stage import City, Person, Stage
from tests.tls import HOST, Authority, Door, terminating

API_KEY = "a-key-nobody-may-see"


@dataclass(frozen=True)
class Doors:
    """The ways to the stage's server: for whoever trusts it, for whom it trusts as well, and in the clear."""

    authority: Authority
    open: Door
    guarded: Door
    plain: Door
    folder: Path

    def trusting(self, door: Door, **more: str) -> dict[str, str]:
        """The settings of a program that knows whom to trust there."""
        ca = {"TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(self.authority.certificate)}
        return {"TEMPORAL_ADDRESS": door.address, **ca, **more}

    def by_profile(self, namespace: str) -> dict[str, str]:
        """The settings that name a profile, which has all the rest: with a certificate of its own."""
        mine = self.authority.issue("worker")
        file = self.folder / "temporal.toml"
        file.write_text(
            f"""
            [profile.orders]
            address = "{self.guarded.address}"
            namespace = "{namespace}"
            [profile.orders.tls]
            server_ca_cert_path = "{self.authority.certificate}"
            client_cert_path = "{mine.certificate}"
            client_key_path = "{mine.key}"
            """
        )
        return {"TEMPORAL_CONFIG_FILE": str(file), "TEMPORAL_PROFILE": "orders"}


@pytest.fixture(scope="module")
async def doors(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Doors]:
    """Opened before the server."""
    folder, there = tmp_path_factory.mktemp("tls"), address(stage)
    authority = Authority(folder, "authority")
    server = authority.issue("server")
    async with (
        Door.opened(there, server) as everybody,
        Door.opened(there, server, admits=authority) as guarded,
        Door.opened(there, None) as plain,
    ):
        yield Doors(authority, everybody, guarded, plain, folder)


async def announced(order_id: str, person: Person, settings: dict[str, str]) -> Ended:
    """Announce an event and wait for a worker's answer."""
    event = ("announce", order_id, "PLACED", "--customer", person.id, "--wait")
    return await run("starter.py", *event, settings=settings)


async def asked(settings: dict[str, str]) -> Ended:
    """Ask for an order that nobody announced."""
    return await run("starter.py", "timeline", "nobody-announced-this", settings=settings)


async def test_an_order_is_announced_over_tls(doors: Doors, city: City) -> None:
    ana = await city.customer()

    ended = await announced(city.order(ana).order_id, ana, doors.trusting(doors.open))

    assert ended.code == 0, ended.err
    assert "PLACED: accepted" in ended.out
    assert {call[":scheme"] for call in doors.open.calls()} == {"https"}


async def test_worker_and_starter_show_the_certificates_that_a_profile_names(
    doors: Doors, stage: Stage, city: City, tmp_path: Path
) -> None:
    apart = await settings_apart(stage, "behind-tls", tmp_path)
    elsewhere = {name: value for name, value in apart.items() if not name.startswith("TEMPORAL_")}
    ana, settings = await city.customer(), {**elsewhere, **doors.by_profile("behind-tls")}

    async with running("worker.py", settings=settings) as worker:
        await worker.says("worker: ready")
        ended = await announced("T1", ana, settings)

    assert ended.code == 0, ended.err
    assert "T1 PLACED: accepted" in ended.out
    assert any(call[":path"].endswith("/PollWorkflowTaskQueue") for call in doors.guarded.calls())


async def test_without_a_certificate_of_ones_own_there_is_no_way_in(doors: Doors) -> None:
    before = len(doors.guarded.said)
    ended = await asked(doors.trusting(doors.guarded))

    assert ended.code == 1
    assert "TEMPORAL_TLS_CLIENT_CERT_PATH" in ended.problem
    assert [said for said in doors.guarded.said[before:] if said] == []


async def test_a_server_that_somebody_else_vouches_for_is_not_spoken_to(doors: Doors, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    before = len(doors.open.said)
    trusting = {"TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(other.certificate), "TEMPORAL_API_KEY": API_KEY}
    ended = await asked({"TEMPORAL_ADDRESS": doors.open.address, **trusting})

    assert ended.code == 1
    assert "TEMPORAL_TLS_SERVER_CA_CERT_PATH" in ended.problem
    assert [said for said in doors.open.said[before:] if said] == []


async def test_a_certificate_for_another_name_is_refused(doors: Doors) -> None:
    before = len(doors.open.said)
    ended = await asked(doors.trusting(doors.open, TEMPORAL_TLS_SERVER_NAME="temporal.example.org"))

    assert ended.code == 1
    assert "TEMPORAL_TLS_SERVER_NAME" in ended.problem
    assert [said for said in doors.open.said[before:] if said] == []


async def test_the_api_key_goes_with_every_call_over_tls(doors: Doors) -> None:
    before = len(doors.open.calls())
    ended = await asked(doors.trusting(doors.open, TEMPORAL_API_KEY=API_KEY))

    calls = doors.open.calls()[before:]
    assert "not known in namespace" in ended.problem
    assert len(calls) > 1
    assert {call["authorization"] for call in calls} == {f"Bearer {API_KEY}"}
    assert API_KEY not in ended.err


@pytest.mark.parametrize("code", ["16", "7"], ids=["unknown", "not let in"])
async def test_an_api_key_that_the_server_does_not_take_is_named(doors: Doors, code: str) -> None:
    refused = {"content-type": "application/grpc", "grpc-status": code, "grpc-message": "no such key"}
    server = Http2Server(lambda _: Answer(200, headers=refused))
    tls = terminating(doors.authority.issue("cloud"))
    async with await asyncio.get_running_loop().create_server(server.connect, HOST, 0, ssl=tls) as cloud:
        address = f"{HOST}:{cloud.sockets[0].getsockname()[1]}"
        ended = await asked(
            {**doors.trusting(doors.open, TEMPORAL_API_KEY=API_KEY), "TEMPORAL_ADDRESS": address}
        )

    assert ended.code == 1
    assert "TEMPORAL_API_KEY: the server" in ended.problem
    assert API_KEY not in ended.problem


async def test_the_api_key_never_goes_in_the_clear(doors: Doors) -> None:
    ended = await asked({"TEMPORAL_ADDRESS": doors.plain.address, "TEMPORAL_API_KEY": API_KEY})

    assert ended.code == 1
    assert "does not speak TLS" in ended.problem
    assert API_KEY not in ended.problem
    assert doors.plain.said
    assert not any(API_KEY.encode() in said for said in doors.plain.said)


async def test_a_certificate_that_cannot_be_read_is_named(doors: Doors, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    ended = await asked({**doors.trusting(doors.open), "TEMPORAL_TLS_SERVER_CA_CERT_PATH": missing})

    assert ended.code == 1
    assert missing in ended.problem
