"""The deployment as it is written down: Compose accepts it, and what it starts of ours runs as it says."""

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from activities.store import Store
from domain.orders import BadInput
from domain.status import Status
from settings import Settings
from simulator.ports import Ports
from temporal_client import DATA_CONVERTER
from tests.processes import HOME, address, eventually, run, running, settings_apart
from tests.stage import City, Stage
from tests.store.postgres import PostgresServer, a_postgres_server
from tests.store.stage import run_sql
from tests.watching import PROMETHEUS, promtool

COMPOSE: dict[str, Any] = yaml.safe_load((HOME / "docker-compose.yml").read_text())
DATABASE_PASSWORD = "a-password-nobody-may-see"  # noqa: S105 it is looked for where it must not be


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is made for a deployment."""
    return _secrets(tmp_path_factory.mktemp("deployed"))


@pytest.fixture(scope="module")
def postgres(secrets: Path) -> Iterator[PostgresServer]:
    """The database server of a deployment, set up anew as when something was added to its script."""
    with a_postgres_server() as server:
        for _ in range(2):
            server.run_script(HOME / "deploy" / "postgres" / "roles.sh", SECRETS=str(secrets))
        server.ask_for_passwords()
        yield server


def test_compose_accepts_the_file() -> None:
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("no docker-compose on this machine: install Debian's package docker-compose")
    ended = subprocess.run([compose, "config", "-q"], cwd=HOME, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_prometheus_accepts_its_configuration_and_the_alerts() -> None:
    checked = subprocess.run(
        [promtool(), "check", "config", PROMETHEUS / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_grafana_finds_its_dashboard_and_asks_the_prometheus_it_knows() -> None:
    grafana = HOME / "deploy" / "grafana"
    (source,) = yaml.safe_load((grafana / "datasources" / "prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((grafana / "dashboards" / "dashboards.yml").read_text())["providers"]
    board = json.loads((grafana / "dashboards" / "order-notifications.json").read_text())

    mounted = next(mount for mount in COMPOSE["services"]["grafana"]["volumes"] if "provisioning" in mount)
    assert mounted.split(":")[:2] == ["./deploy/grafana", "/etc/grafana/provisioning"]
    assert provider["options"]["path"] == "/etc/grafana/provisioning/dashboards"
    graphs = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in graphs} == {source["uid"]}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_every_image_is_of_one_known_version() -> None:
    images = {service["image"] for service in COMPOSE["services"].values()}

    assert [image for image in images if not re.fullmatch(r"[a-z/-]+:[a-z0-9.-]+", image)] == []
    assert [image for image in images if image.endswith(":latest") or "auto-setup" in image] == []


def test_every_file_that_compose_mounts_is_there() -> None:
    mounts = [mount for service in COMPOSE["services"].values() for mount in service.get("volumes", [])]
    ours = [HOME / mount.partition(":")[0] for mount in mounts if mount.startswith(".")]

    assert ours
    assert [path for path in ours if not path.exists()] == []


def test_the_secrets_that_compose_names_are_the_ones_that_are_made(tmp_path: Path) -> None:
    secrets = _secrets(tmp_path)
    first = {path.name: path.read_text() for path in secrets.iterdir()}

    made = {path.name: path.read_text() for path in _secrets(tmp_path).iterdir()}
    assert {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()} == set(made)
    assert made == first


def test_everything_the_image_needs_is_pinned_as_it_is_here() -> None:
    pinned = _pins((HOME / "deploy" / "requirements.txt").read_text())
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[\[>=]", line)[0].lower().replace(".", "-") for line in project["dependencies"]}

    assert wanted - {name for name, _ in pinned} == set()
    assert pinned - _pins((HOME / "requirements.txt").read_text()) == set()


def test_the_image_holds_what_the_product_is_made_of_and_nothing_else() -> None:
    copied = re.findall(r"^COPY (\w+) \1$", (HOME / "Dockerfile").read_text(), re.MULTILINE)

    assert set(copied) == {"domain", "workflows", "activities", "operating", "api", "bridge"}
    for part in copied:
        assert f"!{part}" in (HOME / ".dockerignore").read_text()


async def test_the_worker_and_the_api_run_as_compose_starts_them(
    stage: Stage, postgres: PostgresServer, secrets: Path, tmp_path: Path
) -> None:
    """With the secrets and the roles that are made for it: they work as one that cannot change a table."""
    for name in ("database_url", "database_owner_url"):
        (secrets / name).write_text(postgres.reached_by((secrets / name).read_text().strip()))
    apart = await settings_apart(stage, "deployed", tmp_path)
    worker, api, migrate = (_service(name, apart, secrets) for name in ("worker", "api", "migrate"))

    too_early = await run(*worker.command, settings=worker.settings)
    migrated = await run(*migrate.command, settings=migrate.settings)
    async with running(*worker.command, settings=worker.settings) as started:
        await started.says("worker: ready")
        async with running(*api.command, settings=api.settings) as answering:
            await answering.says("api: ready at ")
            told = await _told_to_somebody_new(stage, (secrets / "database_url").read_text())

    assert (too_early.code, "none of our tables" in too_early.problem) == (1, True)
    assert migrated.code == 0, migrated.err
    assert migrated.out.endswith("notifications_app may work with them\n")
    assert len(told) == 1


async def test_each_role_of_the_deployment_enters_only_what_is_its_own(postgres: PostgresServer) -> None:
    may_enter = text(
        "SELECT rolname, datname FROM pg_roles, pg_database WHERE NOT rolsuper AND rolcanlogin "
        "AND datallowconn AND has_database_privilege(rolname, datname, 'CONNECT') ORDER BY 1, 2"
    )

    assert await run_sql(postgres.url(), may_enter) == [
        ("notifications", "order_notifications"),
        ("notifications_app", "order_notifications"),
        ("temporal", "temporal"),
        ("temporal", "temporal_visibility"),
    ]


async def test_without_any_provider_the_worker_says_in_one_line_what_is_missing(tmp_path: Path) -> None:
    worker = _service("worker", {}, _secrets(tmp_path))

    ended = await run(*worker.command, settings=worker.settings)

    assert (ended.code, ended.problem.partition(",")[0]) == (1, "worker: providers: none is configured")


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"postgresql://notifications:{DATABASE_PASSWORD}@postgres/orders\n")
    (tmp_path / "none").write_text("")

    read = Settings.read(
        {"DATABASE_URL_FILE": str(tmp_path / "url"), "TWILIO_AUTH_TOKEN_FILE": str(tmp_path / "none")}
    )

    assert read.database_url == f"postgresql://notifications:{DATABASE_PASSWORD}@postgres/orders"
    assert DATABASE_PASSWORD not in repr(read)


def test_a_file_of_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^SMTP_PASSWORD_FILE: .* cannot be read"):
        Settings.read({"SMTP_PASSWORD_FILE": str(tmp_path / "missing")})


class _Service:
    """A service of ours on this machine: its command, and its settings but for where things are."""

    def __init__(self, command: list[str], settings: dict[str, str]) -> None:
        self.command = [word for word in command if word != "python"]
        self.settings = settings


def _secrets(folder: Path) -> Path:
    """A folder with the secrets that are made for a deployment; what is there already stays."""
    script = folder / "deploy" / "make-secrets.sh"
    script.parent.mkdir(exist_ok=True)
    shutil.copy(HOME / "deploy" / "make-secrets.sh", script)
    subprocess.run(["sh", script], check=True, capture_output=True)
    return script.parent / "secrets"


async def _told_to_somebody_new(stage: Stage, database: str) -> list[str]:
    """What a customer is told by push, of an order that is announced to the workers deployed here."""
    client = await Client.connect(address(stage), namespace="deployed", data_converter=DATA_CONVERTER)
    async with Store(database) as store:
        apart = replace(stage, env=TimeSkipper(client), store=store, orders={})  # type: ignore[arg-type] # has what is used
        city = City(apart, "deployed")
        person = await city.customer()
        order = city.order(person)
        await order.signal(order.event(Status.OUT_FOR_DELIVERY))
        await eventually(lambda: bool(person.pushes))
        return person.pushes


def _service(name: str, here: dict[str, str], secrets: Path) -> _Service:
    written = COMPOSE["services"][name]
    settings = {key: _with_nothing_set(value) for key, value in written["environment"].items()}
    mounted = {f"/run/secrets/{secret}": str(secrets / secret) for secret in written["secrets"]}
    settings = {key: mounted.get(value, value) for key, value in settings.items()}
    elsewhere = {"METRICS_PORT": "", "API_METRICS_PORT": "", "API_PORT": str(Ports.free().api)}
    elsewhere |= {"API_HOST": "127.0.0.1", "DATABASE_URL": ""}
    return _Service(written["command"], {**settings, **here, **elsewhere})


def _with_nothing_set(value: str) -> str:
    """A value as Compose makes it where the user set nothing."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def _pins(requirements: str) -> set[tuple[str, str]]:
    pinned = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", requirements, re.MULTILINE)
    return {(name.lower().replace(".", "-"), version) for name, version in pinned}
