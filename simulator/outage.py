"""Kafka goes away while an agency goes on reporting: is all accepted, and level afterwards.

`python -m simulator.outage --seconds 60` does it to the platform of this machine. Kafka is killed,
and its keeper held still meanwhile, so that nobody starts it again; or it is only frozen.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from chassis.clock import now
from contracts.agencies import ActivityReported
from contracts.ids import AgencyId, ApplicationId, ReportId, uuid7
from local import state
from local.errors import StackError
from local.plan import SERVICES
from simulator.audit import audit
from simulator.doors import report_over_http
from simulator.platform import Answered, Calls, NotRunning, Platform, find

LEVEL_SECONDS = 60.0
_UNSENT, _LAG = "loket_outbox_unsent_rows", "loket_consumer_lag_events"
_AGENCY = AgencyId("dlh")


@dataclass
class Outage:
    """What came of it; all times in seconds.

    `level_after_seconds` counts from the moment of Kafka's return until outboxes and lag were zero;
    `agrees` tells whether Kafka, ledger and read model then had every fact once and in order.
    """

    sent: int = 0
    accepted: int = 0
    slowest_seconds: float = 0.0
    level_after_seconds: float | None = None
    agrees: bool = False
    problems: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Everything was accepted, and everything came to its place."""
        is_level = self.level_after_seconds is not None
        return self.sent == self.accepted and is_level and self.agrees


@contextlib.contextmanager
def without_kafka(platform: Platform, *, frozen: bool = False) -> Iterator[None]:
    """Kafka is gone (or hangs) for as long as the block runs. Raises NotRunning."""
    found = state.read(platform.home)
    if found is None or not state.is_running(platform.home):
        raise NotRunning("The platform is not running: start it with `make up`.")
    brokers = [psutil.Process(one.pid) for one in found.processes if _is_broker(one)]
    keeper = psutil.Process(found.pid)
    keeper.send_signal(signal.SIGSTOP)
    try:
        for broker in brokers:
            broker.send_signal(signal.SIGSTOP if frozen else signal.SIGKILL)
        yield
    finally:
        if frozen:
            for broker in brokers:
                broker.send_signal(signal.SIGCONT)
        keeper.send_signal(signal.SIGCONT)


def _is_broker(one: state.ProcessState) -> bool:
    return one.name.startswith("kafka-") and one.pid is not None


async def outage(
    platform: Platform, seconds: float, *, per_second: float = 20.0, frozen: bool = False
) -> Outage:
    """Report over HTTP while Kafka is away, then wait until everything is level."""
    result = Outage()
    async with Calls(platform) as calls:
        application = await _submit(calls)
        with without_kafka(platform, frozen=frozen):
            await _report(calls, application, result, seconds, per_second)
        back = time.monotonic()
        if await level(platform, LEVEL_SECONDS):
            result.level_after_seconds = round(time.monotonic() - back, 1)
        found = await audit(calls)
    result.agrees = found.is_good
    result.problems += [example for place in found.places for example in place.examples]
    return result


async def _submit(calls: Calls) -> ApplicationId:
    headers, key = await calls.bearer("operator"), f"outage-{uuid7()}"
    made = await calls.post("tracking", "/v1/applications", {}, key=key, headers=headers)
    return ApplicationId(made["application_id"])


async def _report(
    calls: Calls, application: ApplicationId, result: Outage, seconds: float, per_second: float
) -> None:
    """At a steady rate, whether or not earlier reports are answered."""
    under_way: list[asyncio.Task[None]] = []
    began = time.monotonic()
    for number in range(max(1, round(seconds * per_second))):
        await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
        under_way.append(asyncio.create_task(_one(calls, application, result, number)))
    await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
    await asyncio.gather(*under_way)


async def _one(calls: Calls, application: ApplicationId, result: Outage, number: int) -> None:
    report = ActivityReported(
        report_id=ReportId.new(), application_id=application, activity=f"Langkah {number}"
    )
    at: datetime = now()
    result.sent += 1
    began = time.monotonic()
    try:
        await report_over_http(calls, _AGENCY, report, at)
    except (Answered, httpx.HTTPError) as problem:
        result.problems.append(f"not accepted: {type(problem).__name__} {problem}")
        return
    result.accepted += 1
    result.slowest_seconds = max(result.slowest_seconds, round(time.monotonic() - began, 3))


async def level(platform: Platform, seconds: float) -> bool:
    """Wait until no outbox holds anything and no consumer is behind; whether that came true.

    Figures of the services are a second old, so they must say so twice.
    """
    deadline = time.monotonic() + seconds
    level_before = False
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        while time.monotonic() < deadline:
            urls = [platform.urls[service] for service in SERVICES]
            is_level = all(await asyncio.gather(*(_is_level(client, url) for url in urls)))
            if is_level and level_before:
                return True
            level_before = is_level
            await asyncio.sleep(1.1)
    return False


async def _is_level(client: httpx.AsyncClient, url: str) -> bool:
    try:
        ready = await client.get(f"{url}/readyz")
        text = (await client.get(f"{url}/metrics")).text
    except httpx.HTTPError:
        return False
    figures = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in {_UNSENT, _LAG}
    ]
    return ready.is_success and bool(figures) and not any(figures)


def main(arguments: list[str]) -> int:
    """Try it on the running platform; 0 when nothing was refused or lost."""
    parser = argparse.ArgumentParser(prog="python -m simulator.outage", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--per-second", type=float, default=20.0)
    parser.add_argument("--frozen", action="store_true", help="Kafka hangs instead of being gone.")
    chosen = parser.parse_args(arguments)
    try:
        result = asyncio.run(
            outage(find(), chosen.seconds, per_second=chosen.per_second, frozen=chosen.frozen)
        )
    except StackError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    sys.stdout.write(json.dumps(asdict(result), indent=1) + "\n")
    return 0 if result.is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
