"""Open load: agencies report at fixed instants, whether or not earlier reports were answered."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from catalogue import load as catalogue
from chassis import kafka
from contracts.agencies import ActivityReported
from contracts.catalog import agency_topics
from contracts.entries import Agency
from contracts.envelope import Envelope, format_time, to_headers
from contracts.ids import AgencyId, ApplicationId, EventId, ReportId
from local.credentials import SIMULATOR
from simulator.platform import Calls
from simulator.replay.wire import ConnectionLost, Reply, Wire

Door = Literal["http", "kafka"]
Send = Callable[[int, datetime, float], Coroutine[Any, Any, None]]
APPLICATIONS = 200
_CREATED = 201
_LATER = frozenset({429, 503, 504})
_TRIES, _PAUSE_SECONDS = 6, 0.1


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be sent: reports in one order, to applications in turn."""

    door: Door
    rate: int
    seconds: float
    applications: Sequence[ApplicationId]
    agencies: Sequence[AgencyId]

    @property
    def count(self) -> int:
        """How many reports."""
        return round(self.rate * self.seconds)

    def report(self, number: int) -> tuple[AgencyId, ActivityReported]:
        """One report. An application has one agency only, so that its reports have an order."""
        place = number % len(self.applications)
        report = ActivityReported(
            report_id=ReportId.new(),
            application_id=self.applications[place],
            activity=f"step {number}",
        )
        return self.agencies[place % len(self.agencies)], report


@dataclass
class Sent:
    """What was sent, in order; `waits` are the seconds from due to answered, over HTTP."""

    began: datetime
    reports: list[ActivityReported] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    refused: int = 0


async def send(load: Load, calls: Calls) -> Sent:
    """Send everything at its instant and return when all was answered or acknowledged."""
    sent = Sent(datetime.now(UTC))
    async with opened(load, calls, sent) as report:
        if load.door == "kafka":  # one after the other, because they have an order
            await _on_time(load, sent, report)
            return sent
        async with asyncio.TaskGroup() as group:

            async def begin(number: int, at: datetime, due: float) -> None:
                group.create_task(report(number, at, due))

            await _on_time(load, sent, begin)
    return sent


@asynccontextmanager
async def opened(load: Load, calls: Calls, sent: Sent) -> AsyncIterator[Send]:
    """A way to send single reports: number, time of the agency, and when it was due."""
    if load.door == "http":
        async with _http(load, calls, sent) as report:
            yield report
    else:
        async with _kafka(load, calls.platform.kafka(SIMULATOR), sent) as report:
            yield report


async def applications(calls: Calls, count: int = APPLICATIONS) -> list[ApplicationId]:
    """New applications on open journeys."""
    headers = await calls.bearer("operator")

    async def submit() -> ApplicationId:
        key = str(EventId.new())
        answer = await calls.post("tracking", "/v1/applications", {}, key=key, headers=headers)
        return ApplicationId(answer["application_id"])

    return list(await asyncio.gather(*(submit() for _ in range(count))))


def agencies() -> list[AgencyId]:
    """Those of the catalogue."""
    entries = [loaded.entry for loaded in catalogue.read(catalogue.DATA).loaded]
    return [AgencyId(entry.code) for entry in entries if isinstance(entry, Agency)]


@asynccontextmanager
async def _http(load: Load, calls: Calls, sent: Sent) -> AsyncIterator[Send]:
    wire = Wire(calls.platform.urls["tracking"])
    tokens = {agency: await calls.bearer(f"agency-{agency}") for agency in load.agencies}

    async def report(number: int, at: datetime, due: float) -> None:
        agency, said = load.report(number)
        sent.reports.append(said)
        reply = await patiently(wire, *request(agency, said, at, tokens[agency]))
        sent.waits.append(time.perf_counter() - due)
        sent.refused += reply.status != _CREATED

    try:
        yield report
    finally:
        await wire.close()


def request(
    agency: AgencyId, report: ActivityReported, at: datetime, token: Mapping[str, str]
) -> tuple[str, dict[str, str], bytes]:
    """Path, headers and body of a report."""
    body = {"type": "activity", "occurred_at": format_time(at), **report.model_dump(mode="json")}
    headers = {"idempotency-key": str(report.report_id), **token}
    return f"/v1/agencies/{agency}/reports", headers, json.dumps(body).encode()


async def patiently(wire: Wire, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """As an honest client: without an answer, ask again with the same key."""
    for again in range(_TRIES):
        with suppress(ConnectionLost):
            reply = await wire.post(path, headers, body)
            if reply.status not in _LATER:
                return reply
        await asyncio.sleep(_PAUSE_SECONDS * 2**again)
    return await wire.post(path, headers, body)


@asynccontextmanager
async def _kafka(load: Load, where: kafka.Where, sent: Sent) -> AsyncIterator[Send]:
    producer = kafka.new_producer(where, "bench-agencies")
    topics = {agency: agency_topics(agency)[0].name for agency in load.agencies}
    await producer.start()
    futures: list[asyncio.Future[Any]] = []

    async def report(number: int, at: datetime, _due: float) -> None:
        agency, said = load.report(number)
        sent.reports.append(said)
        envelope = Envelope(
            id=EventId(said.report_id),
            source=f"/agencies/{agency}",
            type=said.wire_type(),
            subject=str(said.report_id),
            time=at,
        )
        futures.append(
            await producer.send(
                topics[agency],
                said.model_dump_json().encode(),
                key=said.key.encode(),
                headers=to_headers(envelope),
            )
        )

    try:
        yield report
        await asyncio.gather(*futures)
    finally:
        await producer.stop()


async def _on_time(load: Load, sent: Sent, begin: Send) -> None:
    """The load does not wait for anybody: a late report is late from when it was due."""
    began = time.perf_counter()
    sent.began = datetime.now(UTC)
    for number in range(load.count):
        after = number / load.rate
        wait = began + after - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        await begin(number, sent.began + timedelta(seconds=after), began + after)
