"""P21, P22: from starting a process until it is ready, each service alone; then all of it, warm.

The reference of a service is importing the libraries that it stands on.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Self

import httpx

from bench.ground import Platform, Settings
from bench.results import Figure, Goal, Row, at_most, judged, ratio_at_most
from local import paths, plan, processes
from local.backends import Backends, offices
from local.kafka import Kafka
from local.plan import Options
from local.postgres import Postgres
from local.processes import Recipe
from local.supervisor import Program

IDS = ("P21", "P22")
READY_SECONDS = 60.0
_LOOK_SECONDS = 0.01
# Everything that a service imports from outside.
_IMPORTS = (
    "import asyncpg, aiokafka, faststream.kafka, fastapi, httpx, joserfc.jwt, orjson, "
    "prometheus_client, pydantic, pydantic_settings, sqlalchemy.ext.asyncio, structlog, uvicorn, "
    "uvloop, opentelemetry.sdk.trace, psutil; "
    "print(psutil.Process().memory_info().rss / 2**20)"
)


async def bare_imports() -> dict[str, float]:
    """Seconds and MiB of a Python that only imports our libraries."""
    began = time.perf_counter()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _IMPORTS, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(child.communicate(), READY_SECONDS)
    return {"seconds": time.perf_counter() - began, "MiB": float(out)}


async def run(settings: Settings) -> list[Row]:
    """Rows for the servers and for each service."""
    options = Options(settings.home / "start")
    backends = Backends.of(options)
    await backends.wipe()
    agencies, malls = offices()
    plan.register_clients(options.home, [a.code for a in agencies], {m.code: 2 for m in malls})
    try:
        await backends.start(options.services, settings.tell)
        rows = await _services(settings, options, backends)
        rows += await _servers(settings, backends)
    finally:
        await backends.wipe()
    return rows


def warm(platform: Platform) -> list[Row]:
    """The row of `loket up` with data of an earlier run."""
    figure = Figure(platform.warm_start, "s")
    return [judged("P22.up", "`loket up`, warm", figure, at_most(15, "s"), checked=True)]


async def _services(settings: Settings, options: Options, backends: Backends) -> list[Row]:
    ports = plan.choose_ports(options.ports)
    programs = {
        one.name: one
        for one in plan.programs(options, ports, backends.kafka.bootstrap, backends.postgres)
    }
    rows: list[Row] = []
    issuer = programs.pop("identity")
    async with _Started(issuer, options) as _:
        for name in options.services:
            ours: list[float] = []
            reference: list[float] = []
            for _ in range(min(settings.repetitions, 3)):
                async with _Started(programs[name], options) as started:
                    ours.append(started.seconds)
                reference.append((await bare_imports())["seconds"])
            ratio = statistics.median(a / b for a, b in zip(ours, reference, strict=True))
            figure = Figure(statistics.median(ours), "s", statistics.median(reference), ratio)
            settings.tell(
                f"{name}: ready after {figure.ours:.2f} s, imports alone {reference[0]:.2f} s"
            )
            rows.append(
                judged(f"P21.{name}", f"start of {name}", figure, ratio_at_most(1.3), checked=True)
            )
    return rows


class _Started:
    """A program that runs while the block does; `seconds` tells how long it took to be ready."""

    def __init__(self, program: Program, options: Options) -> None:
        self._program = program
        self._log = options.home / "logs" / f"{program.name}.log"
        self.seconds = 0.0

    async def __aenter__(self) -> Self:
        began = time.perf_counter()
        self._child = processes.spawn(
            Recipe(
                self._program.argv,
                self._log,
                paths.REPOSITORY,
                self._program.environment,
            )
        )
        async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
            while not await _is_ready(http, self._program.url):
                self.seconds = time.perf_counter() - began
                if self._child.poll() is not None or self.seconds > READY_SECONDS:
                    raise RuntimeError(f"{self._program.name} did not start: see {self._log}")
                await asyncio.sleep(_LOOK_SECONDS)
        self.seconds = time.perf_counter() - began
        return self

    async def __aexit__(self, *_: object) -> None:
        self._child.terminate()
        await asyncio.to_thread(self._child.wait, 30)


async def _is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).is_success
    except httpx.HTTPError:
        return False


async def _servers(settings: Settings, backends: Backends) -> list[Row]:
    """The servers again and again, with the data that they have by now."""
    plain = Kafka(settings.home / "start" / "plain", java_options=())
    await plain.start()
    kafka, postgres = backends.kafka, backends.postgres
    cases: Sequence[tuple[str, str, Callable[[], Awaitable[None]], Goal | None]] = (
        ("kafka.aot", "start of Kafka, ahead-of-time cache", kafka.restart, None),
        ("kafka.plain", "start of Kafka, plain", plain.restart, None),
        ("postgres", "start of PostgreSQL", postgres.restart, None),
    )
    rows: list[Row] = []
    try:
        for name, what, restart, goal in cases:
            server: Kafka | Postgres = postgres if name == "postgres" else kafka
            seconds = [
                await _restarted(plain if name == "kafka.plain" else server, restart)
                for _ in range(min(settings.repetitions, 3))
            ]
            figure = Figure(statistics.median(seconds), "s")
            settings.tell(f"{what}: {figure.ours:.2f} s")
            rows.append(judged(f"P21.{name}", what, figure, goal, checked=True))
    finally:
        await plain.wipe()
    return rows


async def _restarted(server: Kafka | Postgres, restart: Callable[[], Awaitable[None]]) -> float:
    """Only the start counts, so the stop comes before."""
    await server.stop()
    began = time.perf_counter()
    await restart()
    return time.perf_counter() - began
