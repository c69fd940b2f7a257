"""Looks at our programs as Prometheus does: what they say of themselves, and which alerts it comes to.

Time is Prometheus's own: ``promtool`` is told that what was scraped before a fault was so for an hour and ten
minutes, and that what the fault did then went on for half an hour. So nothing waits for "for 5 minutes".
"""

import asyncio
import contextlib
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from simulator.ports import Ports
from tests.processes import HOME

PROMETHEUS = HOME / "deploy" / "prometheus"
ALERTS = PROMETHEUS / "alerts.yml"
RULES = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_KIND = re.compile(r"^# TYPE (\w+) (\w+)$", re.MULTILINE)
_ALERT = re.compile(r"alertname: ?(\w+), ?time: ?")
_MINUTES_BEFORE, _MINUTES_AFTER = 70, 30


@dataclass(frozen=True)
class Scrape:
    """What the programs said at one moment: each series with its value, and which of them only ever rise."""

    samples: Mapping[str, float]
    rising: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """The names of all metrics."""
        return frozenset(series.partition("{")[0] for series in self.samples)

    def value(self, series: str) -> float | None:
        """One sample, named as Prometheus writes it, without its job."""
        name, _, labels = series.partition("{")
        wanted = set(filter(None, labels.rstrip("}").split(",")))
        found = [
            value
            for each, value in self.samples.items()
            if each.partition("{")[0] == name and wanted <= set(each.partition("{")[2].rstrip("}").split(","))
        ]
        return sum(found) if found else None


async def scrape(ports: Mapping[str, int]) -> Scrape:
    """Ask every program, by the name of its job."""
    texts = {job: await asyncio.to_thread(_metrics, port) for job, port in ports.items()}
    samples, rising = dict[str, float](), set[str]()
    for job, text in texts.items():
        kinds = dict(_KIND.findall(text or ""))
        samples[f'up{{job="{job}"}}'] = float(text is not None)
        for name, labels, value in _SAMPLE.findall(text or ""):
            series = f"{name}{{{','.join(filter(None, (_job(job), labels)))}}}"
            samples[series] = float(value)
            if kinds.get(name) == "counter" or name not in kinds:  # a histogram's parts have no kind
                rising.add(series)
    return Scrape(samples, frozenset(rising))


def firing(before: Scrape, after: Scrape, folder: Path) -> set[str]:
    """The alerts that fire half an hour after things went from one state to the other, and on as they did."""
    minutes = _MINUTES_BEFORE + _MINUTES_AFTER
    names = [rule["alert"] for rule in RULES]
    expect_none = [{"eval_time": f"{minutes}m", "alertname": name, "exp_alerts": []} for name in names]
    test = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "1m",
        "tests": [
            {"interval": "1m", "input_series": list(_told(before, after)), "alert_rule_test": expect_none}
        ],
    }
    file = folder / "alerts_test.json"
    file.write_text(json.dumps(test))
    ran = subprocess.run([promtool(), "test", "rules", file], capture_output=True, text=True, check=False)
    fired = set(_ALERT.findall(ran.stdout + ran.stderr))
    assert bool(fired) == bool(ran.returncode), ran.stdout + ran.stderr
    return fired


def promtool() -> str:
    """Where it is. Skips the test where it is not installed."""
    return _of_prometheus("promtool")


def _told(before: Scrape, after: Scrape) -> Iterable[Mapping[str, str]]:
    """Every series as promtool takes it. What rises goes on rising as it did from one scrape to the other."""
    for series in sorted({*before.samples, *after.samples}):
        was, is_now = before.samples.get(series), after.samples.get(series)
        first = f"{'_' if was is None else was}x{_MINUTES_BEFORE}"
        if is_now is None:
            then = f"_x{_MINUTES_AFTER}"
        elif series in after.rising:
            # One that is lower than it was began anew, with its program.
            grown = is_now - was if was is not None and was <= is_now else is_now
            then = f"{is_now}+{grown}x{_MINUTES_AFTER}"
        else:
            then = f"{is_now}x{_MINUTES_AFTER}"
        yield {"series": series, "values": f"{first} {then}"}


def _job(job: str) -> str:
    return f'job="{job}"'


def _metrics(port: int) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
            return text
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def _of_prometheus(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"no {program} on this machine: install Debian's package prometheus")
    return found


@contextlib.asynccontextmanager
async def prometheus(ports: Mapping[str, int], folder: Path) -> AsyncIterator["Prometheus"]:
    """A real one with our own configuration, but for where things are and how often it looks."""
    port = Ports.free().temporal
    (folder / "alerts.yml").write_text(ALERTS.read_text())
    (folder / "prometheus.yml").write_text(yaml.safe_dump(_configuration(ports)))
    process = await asyncio.create_subprocess_exec(
        _of_prometheus("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60) as http:
            yield Prometheus(http)
    finally:
        process.kill()
        await process.wait()


class Prometheus:
    """What it answers."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def answers(self) -> bool:
        """Whether it is up."""
        try:
            return (await self._http.get("/status/buildinfo")).status_code == 200
        except httpx.TransportError:
            return False

    async def finds(self, query: str) -> bool:
        """Whether a query comes to any number."""
        answer = (await self._http.get("/query", params={"query": query})).json()
        assert answer["status"] == "success", answer
        return any(one["value"][1] != "NaN" for one in answer["data"]["result"])

    async def health_of_rules(self) -> set[str]:
        """How it is with evaluating the alerts: ``ok``, ``unknown`` before the first time, or ``err``."""
        groups = (await self._http.get("/rules")).json()["data"]["groups"]
        return {rule["health"] for group in groups for rule in group["rules"]}


def _configuration(ports: Mapping[str, int]) -> dict[str, Any]:
    written: dict[str, Any] = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    jobs = [job for job in written["scrape_configs"] if job["job_name"] in ports]
    for job in jobs:
        job.pop("dns_sd_configs")
        job["static_configs"] = [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}]
    often = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
    return {**written, "global": {**written["global"], **often}, "scrape_configs": jobs}
