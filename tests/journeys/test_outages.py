"""Services, Kafka and PostgreSQL die at work: nothing is lost, doubled or out of order."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from contracts.agencies import ActivityReported
from contracts.ids import ApplicationId, ReportId
from local import state
from local.plan import SERVICES
from local.state import ProcessState
from simulator.audit import audit
from simulator.logs.generate import write_csv
from simulator.outage import level, outage
from simulator.platform import Calls, Platform
from simulator.replay.options import ReplayOptions
from simulator.replay.run import replay
from tests.journeys.doors import DLH, Doors, key, until

pytestmark = [pytest.mark.journey, pytest.mark.chaos, pytest.mark.timeout(240)]

CASES = 60
PATIENCE_SECONDS = 60.0


def process(platform: Platform, name: str) -> ProcessState:
    """How one process of the stack stands now."""
    found = state.read(platform.home)
    assert found is not None
    return next(one for one in found.processes if one.name == name)


def kill(platform: Platform, name: str) -> ProcessState:
    """SIGKILL it, as if the machine had no memory left; returns what it was."""
    was = process(platform, name)
    assert was.pid is not None
    os.kill(was.pid, signal.SIGKILL)
    return was


async def back(platform: Platform, was: ProcessState) -> ProcessState:
    """Its successor, once that is at work."""

    async def look() -> ProcessState | None:
        found = state.read(platform.home)
        assert found is not None
        return next((one for one in found.processes if one.name == was.name), None)

    def is_at_work(now: ProcessState | None) -> bool:
        return now is not None and now.pid not in {None, was.pid} and now.state in _AT_WORK

    successor = await until(look, is_at_work, 60)
    assert successor is not None
    return successor


_AT_WORK = {"ready", "running"}


async def test_each_service_dies_once_while_agencies_report_at_both_doors(
    platform: Platform, calls: Calls, tmp_path: Path
) -> None:
    log, said = tmp_path / "outages.csv", StringIO()
    with log.open("w", encoding="utf-8") as out:
        events = write_csv(out, CASES, seed=os.getpid())
    options = ReplayOptions(log, name=f"outages-{os.getpid()}", lanes=16, home=platform.home)
    replaying = asyncio.create_task(replay(options, platform, Console(file=said)))
    begun = await _position(calls)
    killed = []
    for number, service in enumerate(SERVICES, start=1):
        await until(_reached(calls, begun + number * events // 8), bool, 60)
        assert not replaying.done(), said.getvalue()
        killed.append(kill(platform, service))
    result = await replaying
    for was in killed:
        successor = await back(platform, was)
        assert successor.restarts == was.restarts + 1
    assert result.events == events
    assert (result.lost, result.doubled, result.misordered, result.refused) == (0, 0, 0, 0), (
        said.getvalue()
    )
    assert min(result.http_events, result.kafka_events) > 0
    found = await audit(calls, patience_seconds=60)
    assert found.is_good, found.as_json()


async def _position(calls: Calls) -> int:
    headers = await calls.bearer("operator")
    return int((await calls.get("tracking", "/v1/timeline", headers=headers, limit=1))["position"])


def _reached(calls: Calls, position: int) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        try:
            return await _position(calls) >= position
        except httpx.TransportError:
            return False  # it may be the one that was killed

    return look


@pytest.mark.parametrize("frozen", [False, True], ids=["gone", "frozen"])
async def test_commands_are_accepted_while_kafka_is_away_and_all_is_level_soon_after(
    platform: Platform, frozen: bool
) -> None:
    found = await outage(platform, 12, per_second=10, frozen=frozen)
    assert found.problems == []
    assert (found.sent, found.accepted) == (120, 120)
    # A command that waited for Kafka would have waited for its whole absence.
    assert found.slowest_seconds < 10
    assert found.level_after_seconds is not None
    assert found.level_after_seconds <= 30
    assert found.agrees


async def test_postgresql_dies_and_every_command_is_answered_or_may_be_repeated(
    platform: Platform, calls: Calls, doors: Doors
) -> None:
    application = await doors.submit()
    reports = [doors.activity(application, f"Langkah {number}") for number in range(40)]
    answers, looks = Counter[str](), Counter[str]()
    before = {name: process(platform, name).restarts for name in ("postgres", *SERVICES)}
    async with httpx.AsyncClient(timeout=15, trust_env=False) as client:
        looking = asyncio.create_task(_look_on(client, calls, looks))
        for number, report in enumerate(reports):
            if number == len(reports) // 2:
                kill(platform, "postgres")
            answers.update(await _insist(client, calls, report))
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    assert answers["201"] == len(reports)
    assert set(answers) <= {"201", "503"}
    assert looks["200"] > 0
    assert set(looks) <= {"200", "503"}
    after = {name: process(platform, name).restarts for name in before}
    assert after == before | {"postgres": before["postgres"] + 1}
    await _all_there(doors, application, [report.report_id for report in reports])
    assert await level(platform, 60)
    found = await audit(calls, patience_seconds=60)
    assert found.is_good, found.as_json()


async def _insist(client: httpx.AsyncClient, calls: Calls, report: ActivityReported) -> list[str]:
    """Send a report until it is accepted, each time with the same key; all that was answered."""
    seen: list[str] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    sent = {
        "url": f"{calls.platform.urls['tracking']}/v1/agencies/{DLH}/reports",
        "headers": {"Idempotency-Key": key(), **await calls.bearer(f"agency-{DLH}")},
        "json": {
            "type": "activity",
            "occurred_at": datetime.now(UTC).isoformat(),
            **report.model_dump(mode="json"),
        },
    }
    while seen[-1:] != ["201"]:
        assert time.monotonic() < deadline, seen
        seen.append(await _answer(client, sent))
        if seen[-1] != "201":
            await asyncio.sleep(0.2)
    return seen


async def _look_on(client: httpx.AsyncClient, calls: Calls, seen: Counter[str]) -> None:
    """Somebody who reads all the while."""
    url = f"{calls.platform.urls['tracking']}/v1/timeline"
    while True:
        headers = await calls.bearer("operator")
        seen[str((await client.get(url, headers=headers, params={"limit": 1})).status_code)] += 1
        await asyncio.sleep(0.1)


async def _answer(client: httpx.AsyncClient, sent: dict[str, Any]) -> str:
    answer = await client.post(**sent)
    if answer.status_code == 503:
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) >= 1
    return str(answer.status_code)


async def _all_there(doors: Doors, application: ApplicationId, wanted: list[ReportId]) -> None:
    """The trail tells the reports once each and in the order in which they were sent."""
    told = await doors.told(application, len(wanted) + 1)
    page = await doors.calls.get(
        "tracking",
        "/v1/timeline",
        headers=await doors.calls.bearer("operator"),
        limit=1000,
        after=told[0]["position"] - 1,
    )
    reports = [
        one["data"]["report_id"]
        for one in page["entries"]
        if one["key"] == str(application) and one["type"] == "tracking.activity_recorded.v1"
    ]
    assert reports == [str(one) for one in wanted]
