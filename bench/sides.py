"""The two pipelines of P10 as their callers see them: tracking as it runs, and the ordinary one."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import simulator.platform as client
from bench import reports, verdicts
from bench.ground import Platform, make_topic
from bench.naive import check
from bench.naive.__main__ import HOST
from bench.naive.config import TOPIC, Config
from bench.relay import PARTITIONS
from bench.reports import Sent, patiently
from contracts.agencies import ActivityReported
from contracts.ids import ApplicationId, EventId, ReportId
from local import credentials, paths, processes, stack
from local.kafka_settings import ADMIN
from simulator.replay.wire import Reply, Wire

_CREATED = 201
_START_SECONDS = 60.0
_ACTIVITY = "bench step"
_HEAD = "SELECT position FROM timeline_head"
_STALE = """
SELECT count(*) FROM applications a LEFT JOIN application_view v USING (application_id)
WHERE v.version IS DISTINCT FROM a.version
"""
_STORED = "SELECT count(*) FROM applications WHERE application_id = ANY($1)"


class TurnedAway(Exception):
    """A command was not taken, however often it was repeated."""


@dataclass
class Done:
    """What was answered, in the order of the answers."""

    applications: list[ApplicationId] = field(default_factory=list)
    reports: list[ActivityReported] = field(default_factory=list)
    refused: int = 0

    @property
    def count(self) -> int:
        """How many commands."""
        return len(self.applications) + len(self.reports)

    def turned_away(self) -> list[str]:
        """The fault of a side that does not take everything."""
        return [f"{self.refused} commands turned away"] if self.refused else []


class Side(Protocol):
    """One pipeline."""

    @property
    def servers(self) -> Sequence[int]:
        """The processes that do its work."""

    async def begin(self) -> None:
        """Remember where it stands."""

    async def submit(self) -> ApplicationId:
        """Hand in a new application. Raises TurnedAway."""

    async def report(self, application: ApplicationId) -> ActivityReported:
        """Report on a known one. Raises TurnedAway."""

    async def shown(self) -> int:
        """How many commands its read model shows since it began."""

    async def faults(self, done: Done) -> list[str]:
        """What is wrong with its tables, if this is all that was sent since it began."""


class _Ours:
    def __init__(self, running: Platform, calls: client.Calls, connection: Any) -> None:
        parts = ("tracking", "postgres", "kafka-1")
        self.servers = [running.pid(name) for name in parts]
        self.wire = Wire(running.state.urls["tracking"])
        self._calls = calls
        self._connection = connection
        self._agencies = reports.agencies()
        self._tokens: dict[str, Mapping[str, str]] = {}
        self._began, self._head = datetime.now(UTC), 0

    async def begin(self) -> None:
        names = ["operator", *(f"agency-{agency}" for agency in self._agencies)]
        self._tokens = {name: await self._calls.bearer(name) for name in names}
        self._began = datetime.now(UTC)
        self._head = await self._connection.fetchval(_HEAD)

    async def submit(self) -> ApplicationId:
        headers = {"idempotency-key": str(EventId.new()), **self._tokens["operator"]}
        reply = await _taken(self.wire, "/v1/applications", headers, b"{}")
        return ApplicationId(reply.json()["application_id"])

    async def report(self, application: ApplicationId) -> ActivityReported:
        agency = self._agencies[application.int % len(self._agencies)]
        said = _said(application)
        request = reports.request(agency, said, datetime.now(UTC), self._tokens[f"agency-{agency}"])
        await _taken(self.wire, *request)
        return said

    async def shown(self) -> int:
        head: int = await self._connection.fetchval(_HEAD)
        return head - self._head

    async def faults(self, done: Done) -> list[str]:
        sent = Sent(self._began, done.reports)
        found = await verdicts.faults(self._connection, sent, in_order=False)
        stored = await self._connection.fetchval(_STORED, done.applications)
        if stored != len(done.applications):
            found.append(f"{len(done.applications) - stored} applications lost")
        if stale := await self._connection.fetchval(_STALE):
            found.append(f"{stale} applications are not level with the read model")
        if (more := await self.shown() - done.count) > 0:
            found.append(f"the timeline has {more} lines too many")
        return [*done.turned_away(), *found]


class _Naive:
    def __init__(self, wire: Wire, servers: Sequence[int], connection: Any) -> None:
        self.servers = servers
        self._wire = wire
        self._connection = connection
        self._marks = (0, 0)

    async def begin(self) -> None:
        self._marks = await check.marks(self._connection)

    async def submit(self) -> ApplicationId:
        new = ApplicationId.new()
        body = json.dumps({"application_id": str(new)}).encode()
        await _taken(self._wire, "/applications", {}, body)
        return new

    async def report(self, application: ApplicationId) -> ActivityReported:
        said = _said(application)
        body = {"report_id": str(said.report_id), "activity": said.activity}
        path = f"/applications/{application}/reports"
        await _taken(self._wire, path, {}, json.dumps(body).encode())
        return said

    async def shown(self) -> int:
        return await check.shown(self._connection, self._marks)

    async def faults(self, done: Done) -> list[str]:
        commands = [str(one) for one in done.applications]
        commands += [str(one.report_id) for one in done.reports]
        found = await check.faults(self._connection, self._marks, commands)
        return [*done.turned_away(), *found]


@asynccontextmanager
async def ours(running: Platform) -> AsyncIterator[Side]:
    """The tracking service of a platform, with the tokens that its callers need."""
    where = client.Platform(running.state.urls, running.state.bootstrap, running.state.home)
    connection = await running.connect("tracking")
    async with client.Calls(where) as calls:
        side = _Ours(running, calls, connection)
        try:
            yield side
        finally:
            await side.wire.close()
            await connection.close()


@asynccontextmanager
async def naive(running: Platform) -> AsyncIterator[Side]:
    """The ordinary one on the same servers, with a database and a topic of its own."""
    postgres, state = stack.postgres_of(running.state), running.state
    await postgres.create_service("naive")
    await make_topic(credentials.access(state.home, state.bootstrap, ADMIN), TOPIC, PARTITIONS)
    login = (ADMIN, credentials.file_of(state.home, ADMIN))
    config = Config(postgres.url("naive", "naive_owner"), state.bootstrap, login)
    port = processes.free_port()
    wire = Wire(f"http://{HOST}:{port}")
    connection = await postgres.server.connect("naive")
    children = [_spawned(running, config, "web", str(port))]
    try:
        await _listening(wire, children[0])  # and its tables are there
        children += [_spawned(running, config, part) for part in ("relay", "consumer")]
        pids = [child.pid for child in children]
        yield _Naive(wire, [*pids, running.pid("postgres"), running.pid("kafka-1")], connection)
    finally:
        for child in children:
            child.terminate()
        for child in children:
            await asyncio.to_thread(child.wait, 30)
        await wire.close()
        await connection.close()


def _spawned(running: Platform, config: Config, *part: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "bench.naive", *part]
    log = running.state.home / "logs" / f"naive-{part[0]}.log"
    usual = processes.Recipe(argv, log, paths.REPOSITORY)
    environment = {**usual.environment, **config.environment()}
    return processes.spawn(processes.Recipe(argv, log, paths.REPOSITORY, environment))


async def _listening(wire: Wire, child: subprocess.Popen[bytes]) -> None:
    ends_at = time.monotonic() + _START_SECONDS
    while True:
        try:
            await wire.post("/health", {}, b"")  # any answer will do
        except Exception:
            if child.poll() is not None or time.monotonic() > ends_at:
                raise
            await asyncio.sleep(0.1)
        else:
            return


def _said(application: ApplicationId) -> ActivityReported:
    return ActivityReported(
        report_id=ReportId.new(), application_id=application, activity=_ACTIVITY
    )


async def _taken(wire: Wire, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
    reply = await patiently(wire, path, headers, body)
    if reply.status != _CREATED:
        raise TurnedAway(f"{path}: {reply.status}")
    return reply
