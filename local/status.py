"""How the stack does: every process with health, restarts, memory, lag and outbox age; its logs."""

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel, ConfigDict

from local import paths, processes, state
from local.daemon import daemon_log
from local.errors import StackError
from local.state import ProcessState

TIMEOUT_SECONDS = 2.0
OUTBOX_AGE, LAG = "loket_outbox_age_seconds", "loket_consumer_lag_events"
FOLLOW_SECONDS = 0.2


class ProcessStatus(BaseModel):
    """One process now. Figures that it does not tell are None."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int | None
    healthy: bool
    state: str
    restarts: int
    uptime_seconds: float | None
    memory_mb: float | None
    url: str
    outbox_age_seconds: float | None = None
    lag_events: float | None = None


class StackStatus(BaseModel):
    """The whole stack now; not running means that no daemon of this home lives."""

    model_config = ConfigDict(frozen=True)

    running: bool
    phase: str
    doing: str
    bootstrap: str = ""
    database: str = ""
    processes: tuple[ProcessStatus, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether everything runs and says that it is ready."""
        return self.running and all(one.healthy for one in self.processes)


def status(home: Path | None = None) -> StackStatus:
    """Look at every process of the stack; never raises for one that is ill."""
    home = home or paths.home()
    found = state.read(home)
    running = state.is_running(home)
    if found is None or (not running and found.phase != "failed"):
        return StackStatus(running=running, phase="stopped", doing="nothing is running")
    with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
        seen = tuple(_look(client, one) for one in found.processes)
    return StackStatus(
        running=running,
        phase=found.phase,
        doing=found.doing,
        bootstrap=found.bootstrap,
        database=found.database,
        processes=seen,
    )


def _look(client: httpx.Client, one: ProcessState) -> ProcessStatus:
    process = processes.same(one.pid, one.born)
    figures = _metrics(client, one.url) if process is not None and one.url else {}
    ready = process is not None and (not one.url or _answers(client, f"{one.url}/readyz"))
    return ProcessStatus(
        name=one.name,
        pid=one.pid,
        healthy=ready,
        state=one.state,
        restarts=one.restarts,
        uptime_seconds=_uptime(process),
        memory_mb=_memory(process),
        url=one.url,
        outbox_age_seconds=figures.get(OUTBOX_AGE),
        lag_events=figures.get(LAG),
    )


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.HTTPError:
        return False


def _metrics(client: httpx.Client, url: str) -> dict[str, float]:
    """The worst value of each figure that we show."""
    try:
        answer = client.get(f"{url}/metrics")
    except httpx.HTTPError:
        return {}
    if not answer.is_success:
        return {}
    return figures_in(answer.text)


def figures_in(metrics: str) -> dict[str, float]:
    """The worst value of each figure that we show, in what a service exposes."""
    worst: dict[str, float] = {}
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name in {OUTBOX_AGE, LAG}:
                worst[sample.name] = max(worst.get(sample.name, 0.0), sample.value)
    return worst


def _uptime(process: psutil.Process | None) -> float | None:
    if process is None:
        return None
    now = time.time()
    return max(0.0, now - process.create_time())


def _memory(process: psutil.Process | None) -> float | None:
    """Memory of the process and its children, in MB; on Linux shared pages count once in all."""
    if process is None:
        return None
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += _share(one)
        except psutil.Error:
            continue
    return round(total / 1_000_000, 1)


def _share(process: psutil.Process) -> int:
    full = process.memory_full_info()
    share: int = getattr(full, "pss", full.rss)
    return share


def log_files(home: Path | None = None) -> dict[str, Path]:
    """The log of each process of the stack, by name, and that of the daemon."""
    home = home or paths.home()
    found = state.read(home)
    known = {one.name: one.log for one in found.processes} if found is not None else {}
    return {"daemon": daemon_log(home), **known}


def logs(
    name: str, *, home: Path | None = None, lines: int = 50, follow: bool = False
) -> Iterator[str]:
    """The last lines of a log, then, with `follow`, each new line for ever.

    Raises StackError when there is no such log.
    """
    files = log_files(home)
    if name not in files or not files[name].exists():
        known = ", ".join(sorted(files))
        raise StackError(f"There is no log of {name!r}; there are logs of: {known}.")
    with files[name].open(encoding="utf-8", errors="replace") as file:
        yield from (line.rstrip("\n") for line in deque(file, maxlen=lines))
        rest = ""
        while follow:
            rest += file.readline()
            if rest.endswith("\n"):
                yield rest.rstrip("\n")
                rest = ""
            else:
                time.sleep(FOLLOW_SECONDS)
