"""P23: what traces and metrics cost, as processor time of the tracking service per report.

The service runs in this process, doors excepted: dispatch, log, relay, Kafka, read model. The same
work is done with traces to a file and metrics, and with neither, in turns.
"""

import asyncio
import json
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import uvloop

from bench import commands, verdicts
from bench.ground import Servers, Settings, servers
from bench.method import Leg, Stopwatch, alternate
from bench.reports import Sent
from bench.results import Figure, Goal, Row, judged, ratio_at_most
from chassis import telemetry
from chassis.clock import now
from chassis.dispatch import Dispatcher
from chassis.eventlog import Cause
from chassis.metric import REGISTRY, Metric
from chassis.service import Running
from chassis.testing import ISSUER, Issuer
from contracts.agencies import ActivityReported
from contracts.base import Command
from contracts.catalog import TOPICS, agency_topics
from contracts.ids import ApplicationId
from local import paths, topics
from services.tracking.commands import RecordActivityReport
from services.tracking.settings import TrackingSettings
from services.tracking.wiring import READ_MODEL, SERVICE

IDS = ("P23",)
CALLERS = 16
SHARE = 10
"""One report for so many facts of the other benchmarks."""
RECORDED = 0.1
"""The share of traces that the compose file has recorded."""
_LOOK_SECONDS = 0.05
_DONE = "loket_commands_total"
_LABELS = {"command": RecordActivityReport.__name__, "outcome": "done"}


def run(settings: Settings) -> list[Row]:
    """Processor time per report with telemetry, against without: some traces, and all of them."""
    return uvloop.run(_measured(settings))  # the event loop of a service


async def _measured(settings: Settings) -> list[Row]:
    async with servers(settings) as found:
        await topics.create(found.kafka.bootstrap, [*TOPICS, *agency_topics(commands.AGENCY)])
        where = await found.fresh_database("tracking")
        checks = await found.postgres.server.connect(where["name"])
        service = _service(found, where)
        await service.start()
        try:
            known = await commands.prepare(service.database, service.dispatcher)
            bench = _Telemetry(settings, service, checks, known)
            await bench.without()
            return [
                await _compared(settings, bench, "P23.some", RECORDED, ratio_at_most(1.15)),
                await _compared(settings, bench, "P23.all", 1.0, None),
            ]
        finally:
            await service.stop()
            await checks.close()


async def _compared(
    settings: Settings, bench: "_Telemetry", id: str, share: float, goal: Goal | None
) -> Row:
    settings.tell(f"{id}: {bench.count:,} reports, {share:.0%} of their traces, and without")

    async def traced() -> Leg:
        return await bench.traced(share)

    pairs = await alternate(traced, bench.without, settings.repetitions, settings.tell)
    ours, reference = ([leg.cpu_us[0] for leg in legs] for legs in (pairs.ours, pairs.reference))
    ratio = statistics.median(a / b for a, b in zip(ours, reference, strict=True))
    figure = Figure(statistics.median(ours), "us", statistics.median(reference), ratio)
    settings.tell(f"  {figure.ours:.0f} us against {figure.reference:.0f} us per report")
    settings.tell(f"  faults: {'; '.join(pairs.faults) or 'none'}")
    what = f"processor time per report with metrics and {share:.0%} of the traces, against without"
    return judged(id, what + pairs.suffix, figure, goal, checked=not pairs.faults)


def _service(found: Servers, where: dict[str, str]) -> Running:
    key = found.settings.home / "servers" / "code-key"
    paths.write_private(key, bytes(32))
    settings = TrackingSettings.model_validate(
        {
            "database_url": where["program"],
            "relay_database_url": where["relay"],
            "kafka_bootstrap": found.kafka.bootstrap,
            "jwks_url": f"{ISSUER}/jwks.json",
            "token_issuer": ISSUER,
            "code_key_file": key,
        }
    )
    return Running(SERVICE, settings, keys=Issuer())


class _Telemetry:
    """The same work, watched and unwatched."""

    def __init__(
        self, settings: Settings, service: Running, checks: Any, known: Sequence[ApplicationId]
    ) -> None:
        self.count = settings.facts // SHARE
        self._file = settings.home / "traces.jsonl"
        self._service = service
        self._checks = checks
        self._known = known

    async def traced(self, share: float) -> Leg:
        """Traces to a file, metrics counted; writing the last spans is part of the work."""
        before = _counted()
        self._file.unlink(missing_ok=True)
        telemetry.configure(SERVICE.name, "file", file=self._file, share=share)
        leg = await self._work()
        found = spans(self._file, self.count, share)
        if _counted() - before != self.count:
            found.append("metrics did not count the reports")
        self._file.unlink()
        return leg.with_faults([*leg.faults, *found])

    async def without(self) -> Leg:
        """No traces, and every metric stands still."""
        before = _counted()
        with unmoved():
            leg = await self._work()
        moved = ["metrics moved that should stand still"] if _counted() != before else []
        return leg.with_faults([*leg.faults, *moved])

    async def _work(self) -> Leg:
        """Reports from dispatch to read model; the figure is that of this process alone."""
        made = commands.some(self._known, self.count)
        sent = Sent(now(), [_said(command) for command in made])
        waiting = iter(made)
        before = await self._checks.fetchval("SELECT position FROM timeline_head")
        watch = Stopwatch()

        async def call(dispatcher: Dispatcher) -> None:
            for command in waiting:
                await dispatcher.dispatch(command, Cause(command.key))

        async with asyncio.timeout(300):
            await asyncio.gather(*(call(self._service.dispatcher) for _ in range(CALLERS)))
            while await self._checks.fetchval(_SHOWN, before) < self.count:  # noqa: ASYNC110 - the table is the witness
                await asyncio.sleep(_LOOK_SECONDS)
        telemetry.shutdown()
        leg = watch.leg(self.count)
        return leg.with_faults(await verdicts.acknowledged_kept(self._checks, sent))


_SHOWN = (
    "SELECT count(*) FROM timeline WHERE position > $1 AND type = 'tracking.activity_recorded.v1'"
)


def _said(command: Command) -> ActivityReported:
    assert isinstance(command, RecordActivityReport)  # noqa: S101 - what this folder makes
    return command.report


def _counted() -> float:
    return REGISTRY.get_sample_value(_DONE, _LABELS) or 0.0


def spans(file: Path, reports: int, share: float = 1.0) -> list[str]:
    """What is missing: each trace has a span where it is decided and one where it is shown.

    Where lots are drawn there must be half of the share at least.
    """
    lines = file.read_text(encoding="utf-8").splitlines()
    names = Counter(json.loads(line)["name"] for line in lines)
    wanted = (f"decide {RecordActivityReport.__name__}", f"apply {READ_MODEL.consumer}")
    least = reports if share == 1 else max(names[wanted[0]], round(reports * share / 2))
    return [
        f"{least - names[name]} spans {name!r} missing" for name in wanted if names[name] < least
    ]


@dataclass(frozen=True)
class _Unmoved:
    """Takes the place of a metric."""

    def inc(self, _amount: float = 1) -> None:
        """Nothing."""

    def dec(self, _amount: float = 1) -> None:
        """Nothing."""

    def set(self, _value: float) -> None:
        """Nothing."""

    def observe(self, _amount: float) -> None:
        """Nothing."""


@contextmanager
def unmoved() -> Iterator[None]:
    """No metric moves: the platform itself has no such switch, for nobody should run without."""
    nothing = _Unmoved()

    def call(_metric: object, *_labels: str) -> _Unmoved:
        return nothing

    with mock.patch.object(Metric, "__call__", call):
        yield
