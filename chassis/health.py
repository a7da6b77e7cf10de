"""Is it alive, is it ready: what a supervisor and a load balancer ask. Parts register their checks.

A failing part is named with the class of its failure; a message, which may hold addresses, is not.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

CHECK_SECONDS = 2.0
REMEMBER_SECONDS = 1.0
# Before it was ever ready: who waits for a start asks often, and should not wait for a memory.
STARTING_SECONDS = 0.05

Check = Callable[[], Awaitable[object]]
Watchdog = Callable[[], str | None]

_log = structlog.get_logger("chassis.health")


class NotReady(Exception):
    """A check's own words for why the service should get no requests yet; they are shown."""


@dataclass(frozen=True, slots=True)
class Report:
    """The state of each part; `None` is well, else why not. Notes are shown and harm nothing."""

    parts: dict[str, str | None]
    notes: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether every part is well."""
        return all(reason is None for reason in self.parts.values())


@dataclass
class Health:
    """The checks and watchdogs of one process.

    A check is awaited and raises when its part is not ready; a watchdog answers at once, None or
    why the process should be restarted.
    """

    checks: dict[str, Check] = field(default_factory=dict)
    watchdogs: dict[str, Watchdog] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _last: tuple[float, Report] | None = None
    _was_ready: bool = False
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def check(self, name: str, check: Check) -> None:
        """Ask this before saying that the service is ready."""
        self.checks[name] = check

    def watchdog(self, name: str, watchdog: Watchdog) -> None:
        """Ask this before saying that the process is alive."""
        self.watchdogs[name] = watchdog

    def live(self) -> Report:
        """What the watchdogs say. That it is answered at all shows that the event loop turns."""
        return Report({name: watchdog() for name, watchdog in self.watchdogs.items()})

    async def ready(self) -> Report:
        """What the checks say, at most a second old, so that probes cannot load the database.

        During the start it is a twentieth of that.
        """
        async with self._lock:
            now = time.monotonic()
            kept = REMEMBER_SECONDS if self._was_ready else STARTING_SECONDS
            if self._last is None or now - self._last[0] > kept:
                names = list(self.checks)
                found = await asyncio.gather(*(_outcome(self.checks[name]) for name in names))
                report = Report(dict(zip(names, found, strict=True)), tuple(self.notes))
                self._tell_change(report)
                self._last = (now, report)
                self._was_ready = self._was_ready or report.is_good
            return self._last[1]

    def _tell_change(self, report: Report) -> None:
        before = self._last[1].parts if self._last else {}
        for name, reason in report.parts.items():
            if before.get(name) != reason:
                _log.info("health.changed", part=name, reason=reason or "ready")


async def _outcome(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except NotReady as problem:
        return str(problem)
    except Exception as problem:  # noqa: BLE001 - whatever is wrong, the part is not ready
        return type(problem).__name__
    return None
