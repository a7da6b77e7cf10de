"""Runs programs and keeps them running: health by HTTP, restarts with back-off, a graceful stop.

It knows nothing of Kafka, PostgreSQL or what the programs do; backends are started elsewhere.
"""

import asyncio
import contextlib
import random
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx
import psutil

from chassis import clock
from local import control, paths, processes
from local.errors import StartFailed

LOOK = 0.1
State = Literal["starting", "ready", "unready", "waiting", "stopped"]


@dataclass(frozen=True)
class Program:
    """One program: how it is started, and the address whose /livez and /readyz tell how it does."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    url: str


@dataclass(frozen=True)
class Pace:
    """All waits of a supervisor, in seconds."""

    first_delay: float = 0.5
    longest_delay: float = 30.0
    calm: float = 5.0
    """Who ran well for so long does not crash in a loop: the next restart is quick again."""
    between_checks: float = 2.0
    check_timeout: float = 2.0
    grace: float = 60.0
    """So long may a program take until it is alive."""
    failures: int = 10
    """So many failed checks in a row end a program that was alive before."""
    stop: float = 25.0


@dataclass
class Child:
    """A program and what became of it."""

    program: Program
    log: Path
    state: State = "waiting"
    process: subprocess.Popen[bytes] | None = None
    since: str = ""
    started: float = 0.0
    restarts: int = 0
    crashes_in_a_row: int = field(default=0, repr=False)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        running = self.process is not None and self.process.poll() is None
        return self.process.pid if running and self.process is not None else None


class Supervisor:
    """Keeps programs running until it is stopped; children die with it, even when it is killed."""

    def __init__(
        self,
        programs: Sequence[Program],
        folder: Path,
        changed: Callable[[], None] = lambda: None,
        pace: Pace | None = None,
    ) -> None:
        self._folder = folder
        self.children = [Child(one, folder / "logs" / f"{one.name}.log") for one in programs]
        self._changed = changed
        self._pace = pace or Pace()
        self._tasks: list[asyncio.Task[None]] = []
        self._client = httpx.AsyncClient(timeout=self._pace.check_timeout)

    def start(self) -> None:
        """Start every program; returns at once. Must be called from the loop's own thread."""
        self._tasks = [asyncio.create_task(self._keep(child)) for child in self.children]

    async def ready(self, seconds: float) -> None:
        """Wait until every program is ready. Raises StartFailed with the log of one that is not."""
        deadline = time.monotonic() + seconds
        while any(child.state != "ready" for child in self.children):
            crashing = [child for child in self.children if child.crashes_in_a_row >= 3]  # noqa: PLR2004 - not by chance
            if crashing or time.monotonic() > deadline:
                late = [child for child in self.children if child.state != "ready"]
                raise _not_ready((crashing or late)[0], seconds)
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Ask all programs to stop and kill those which do not within their time."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self._stop(child) for child in self.children))
        await self._client.aclose()

    async def _keep(self, child: Child) -> None:
        while True:
            await self._released(child)
            self._spawn(child)
            await self._watch(child)
            child.crashes_in_a_row += 1
            child.restarts += 1
            self._set(child, "waiting")
            await asyncio.sleep(delay(self._pace, child.crashes_in_a_row))

    async def _released(self, child: Child) -> None:
        """Wait as long as somebody wants the program to stay down."""
        while control.is_held(self._folder, child.program.name):  # noqa: ASYNC110 - files ring no bell
            await asyncio.sleep(LOOK)

    def _spawn(self, child: Child) -> None:
        child.process = processes.spawn(
            processes.Recipe(
                argv=child.program.argv,
                log=child.log,
                folder=paths.REPOSITORY,  # `python -m` finds modules from the root
                environment={
                    **child.program.environment,
                    **control.take_next_start(self._folder, child.program.name),
                },
            )
        )
        child.started = time.monotonic()
        child.since = clock.now().isoformat(timespec="seconds")
        self._set(child, "starting")

    async def _watch(self, child: Child) -> None:
        """Return when the process has ended, by itself or because it was no longer alive."""
        alive_once, failures = False, 0
        while child.pid is not None:
            alive, ready = await self._check(child)
            alive_once = alive_once or alive
            failures = 0 if alive else failures + 1
            if ready:
                self._set(child, "ready")
            elif alive_once:
                self._set(child, "unready")
            running_for = time.monotonic() - child.started
            if child.state == "ready" and running_for > self._pace.calm:
                child.crashes_in_a_row = 0
            stuck = (
                failures >= self._pace.failures if alive_once else running_for > self._pace.grace
            )
            if stuck:
                await self._stop(child)
                return
            await self._pause(child, self._pace.between_checks if ready else LOOK)

    async def _check(self, child: Child) -> tuple[bool, bool]:
        """Whether the program is alive, and whether it is ready."""
        try:
            alive = await self._client.get(f"{child.program.url}/livez")
            ready = await self._client.get(f"{child.program.url}/readyz")
        except httpx.HTTPError:
            return False, False
        return alive.is_success, alive.is_success and ready.is_success

    async def _pause(self, child: Child, seconds: float) -> None:
        """Wait, but no longer than the process lives."""
        for _ in range(max(1, round(seconds / LOOK))):
            if child.pid is None:
                return
            await asyncio.sleep(LOOK)

    async def _stop(self, child: Child) -> None:
        if child.process is not None and child.pid is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(child.process.pid)
                await asyncio.to_thread(processes.end, process, self._pace.stop)
            await asyncio.to_thread(child.process.wait, 10)
        self._set(child, "stopped")

    def _set(self, child: Child, state: State) -> None:
        if child.state != state:
            child.state = state
            self._changed()


def delay(pace: Pace, crashes: int) -> float:
    """Seconds to wait after so many crashes in a row: doubling, bounded, with half of it random."""
    longest = min(pace.longest_delay, pace.first_delay * 2.0 ** min(crashes - 1, 16))
    return longest * random.uniform(0.5, 1)  # noqa: S311 - no secret


def _not_ready(child: Child, seconds: float) -> StartFailed:
    what = (
        f"ends again and again (exit code {child.process.returncode})"
        if child.process is not None and child.pid is None
        else f"is alive but not ready after {seconds:.0f} s"
    )
    return StartFailed(
        f"{child.program.name} {what}. Its log {child.log} ends with:\n{processes.tail(child.log)}"
    )
