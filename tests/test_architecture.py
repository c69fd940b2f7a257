"""The house: which part may know which. Arrows point one way, and each part loads only what it needs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# What each part may import of ours beside itself, longest name first: the most specific line counts.
MAY_KNOW = {
    "domain": set[str](),
    "workflows": {
        "domain",
        "activities.ending",
        "activities.planning",
        "activities.redriving",
        "activities.sending",
        "activities.sweeping",
    },
    "activities.channels": {"domain", "activities.provider"},
    "activities.store": {"domain"},
    "activities.wording": {"domain"},
    "activities": {"domain"},
    "api": {
        "domain",
        "encryption",
        "order_service",
        "settings",
        "temporal_client",
        "leaving",
        "logs",
        "telemetry",
        "tracing",
        "activities.channels",
        "activities.store",
        "activities.wording",
        "operating",
    },
    # It is given the order service's library, which knows it.
    "bridge": {"domain", "settings", "temporal_client", "operating.opening", "activities.store"},
    "examples": set[str](),
    "simulator": {"domain", "order_service", "starter", "leaving"},
    "benchmarks": {
        "activities.wording",
        "domain",
        "api",
        "activities.store",
        "order_service",
        "worker",
        "settings",
        "temporal_client",
        "simulator",
        "workflows",
        "leaving",
        "activities.channels",
        "bridge.settings",
    },
    "logs": {"domain"},
    "leaving": {"logs"},
    "fleet": {"leaving", "logs"},
    "encryption": {"domain"},
    "temporal_client": {"domain", "encryption", "tracing"},
    "tracing": {"domain"},
    "telemetry": {"domain", "logs"},
    "settings": {"domain", "activities.channels"},
    "operating": {
        "domain",
        "workflows",
        "encryption",
        "settings",
        "temporal_client",
        "leaving",
        "activities.store",
        "activities.channels",
        "activities.wording",
    },
    "order_service": {"domain", "workflows", "temporal_client"},
    "starter": {
        "domain",
        "order_service",
        "temporal_client",
        "leaving",
        "logs",
        "tracing",
        "operating",
        "bridge",
    },
    "worker": {
        "domain",
        "workflows",
        "activities",
        "settings",
        "temporal_client",
        "telemetry",
        "leaving",
        "logs",
        "tracing",
        "fleet",
        "send_worker",
        "evicting",
    },
    "evicting": set[str](),
    "send_worker": {"logs"},
}
NEVER_LOADS = {
    "workflows.order_notifications": {"httpx", "sqlalchemy", "aiosmtplib", "fluent"},
    "activities.channels": {"temporalio", "sqlalchemy"},
    "activities.store.store": {"temporalio", "httpx"},
    "activities.wording": {"temporalio", "httpx", "sqlalchemy"},
    "starter": {"confluent_kafka", "nats", "botocore"},
    "domain.desk": {"temporalio", "httpx", "sqlalchemy"},
}
OURS = {name.partition(".")[0] for name in MAY_KNOW}


def files() -> Iterator[tuple[str, Path]]:
    """Every module of the product with its dotted name."""
    for part in sorted(OURS):
        for path in [ROOT / f"{part}.py", *sorted((ROOT / part).rglob("*.py"))]:
            if path.exists():
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def imported_by(path: Path) -> Iterator[str]:
    """What a file imports when it runs; names for type checkers alone do not count."""
    for node in _running(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING"):
            yield from _running(child)


def part_of(module: str) -> str:
    """The line of the table that a module falls under."""
    parts = [part for part in MAY_KNOW if module == part or module.startswith(f"{part}.")]
    return max(parts, key=len)


def may_know(part: str, imported: str) -> bool:
    return any(imported == known or imported.startswith(f"{known}.") for known in {part} | MAY_KNOW[part])


def test_every_arrow_points_the_way_it_should() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module, path in files()
        for imported in imported_by(path)
        if imported.partition(".")[0] in OURS and not may_know(part_of(module), imported)
    ]
    assert wrong == []


def test_the_check_of_the_arrows_sees_a_wrong_one() -> None:
    assert not may_know(part_of("workflows.delivery"), "activities.store.Store")
    assert not may_know(part_of("activities.store.plans"), "activities.sending.Sending")
    assert may_know(part_of("activities.store.plans"), "activities.store.inbox")
    opening = ROOT / "operating" / "opening.py"
    assert "activities.store.Store" in set(imported_by(opening)), "imports inside functions count"


@pytest.mark.parametrize("module", NEVER_LOADS)
def test_loading_one_part_does_not_load_what_it_must_not(module: str) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not NEVER_LOADS[module] & set(loaded.stdout.split())
