"""What alerts count is in `/metrics` before it first happens: a rise from nothing is no rise."""

import json
import re
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from chassis import metrics, parking
from local import plan
from tests.deploy import compose

ROOT = compose.ROOT
COUNTERS = {one.name: one for one in metrics.every() if one.kind == "counter"}
# A process of its own: the metrics of this one were moved by other tests.
FRESH = """
import asyncio, json, sys, tempfile
from importlib import import_module
from pathlib import Path

import httpx

from chassis.service import Running
from docs.generate import settings_of

class NoKeys:
    revision = 0
    async def get(self, kid):
        return None

async def main(name, folder):
    def key(text):
        file = Path(folder) / "key"
        file.write_text(text)
        return file

    service = import_module(f"services.{name}.wiring").SERVICE
    keys = {
        "booking": lambda: {"code_key_file": key("ab" * 32)},
        "queue": lambda: {"code_key_file": key("ab" * 32)},
        "tracking": lambda: {"code_key_file": key("ab" * 32)},
        "notify": lambda: {"key_file": key("a" * 32)},
    }
    settings = settings_of(name)(
        database_url="postgresql+asyncpg://nobody:secret@127.0.0.1:1/none",
        kafka_bootstrap="127.0.0.1:1",
        jwks_url="http://127.0.0.1:1/jwks",
        token_issuer="https://issuer.test",
        **keys.get(name, dict)(),
    )
    running = Running(service, settings, keys=NoKeys())
    transport = httpx.ASGITransport(running.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        text = (await client.get("/metrics")).text
    print(json.dumps({
        "text": text,
        "consumers": [one.consumer for one in service.subscriptions],
        "commands": [one.__name__ for one in service.domain.handlers],
        "timers": [one.name for one in service.timers(running)],
    }))

with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(sys.argv[1], folder))
"""


@cache
def fresh(service: str) -> dict[str, Any]:
    """What a service says of itself that has just been made and has not met anybody."""
    done = subprocess.run(
        [sys.executable, "-c", FRESH, service],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def series_of(service: str, counter: str) -> list[dict[str, str]]:
    """The label sets under which a counter is there."""
    families = text_string_to_metric_families(fresh(service)["text"])
    return [one.labels for family in families for one in family.samples if one.name == counter]


def counted() -> set[str]:
    """The counters that alerts are about."""
    text = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    return {
        name
        for rule in rules
        for name in re.findall(r"\bloket_[a-z_]+", rule["expr"])
        if name in COUNTERS
    }


@pytest.mark.parametrize("service", plan.SERVICES)
def test_what_alerts_count_is_there_before_it_happens(service: str) -> None:
    known = fresh(service)
    for counter in sorted(counted()):
        labels = COUNTERS[counter].labels
        there = series_of(service, counter)
        if "consumer" in labels:
            assert {one["consumer"] for one in there} == set(known["consumers"]), counter
        elif "command" in labels:
            failed = {one["command"] for one in there if one["outcome"] == "failed"}
            assert failed == set(known["commands"]), counter
        elif "timer" in labels:
            assert {one["timer"] for one in there} == set(known["timers"]), counter
        elif "hub" in labels:
            assert bool(there) == (service in {"tracking", "queue"}), counter
        else:
            assert there, counter


@pytest.mark.parametrize("service", plan.SERVICES)
def test_both_sides_of_a_sum_are_there(service: str) -> None:
    assert {one["reason"] for one in series_of(service, "loket_dispatch_rejected_total")} == {
        "closing",
        "lane",
        "queue",
    }
    assert series_of(service, "loket_http_rejected_total") == [{}]


@pytest.mark.parametrize("service", plan.SERVICES)
def test_every_address_can_be_seen_to_fail_for_the_first_time(service: str) -> None:
    failed = {
        (one["method"], one["route"])
        for one in series_of(service, "loket_http_requests_total")
        if one["status"].startswith("5")
    }
    assert {("GET", "/readyz"), ("GET", "/v1/parked")} <= failed


def test_every_reason_of_the_chassis_to_put_a_record_aside_is_listed() -> None:
    named = {
        reason
        for file in (ROOT / "chassis").glob("*.py")
        for reason in re.findall(
            r'\bRejected\(\s*[\w.]+,\s*"([a-z_]+)"', file.read_text(encoding="utf-8")
        )
    }
    assert len(named) > 4
    assert named <= set(parking.REASONS)
