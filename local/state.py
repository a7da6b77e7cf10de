"""What `.loket/stack.json` says about the running stack, and the lock that only one daemon holds.

It holds no secret. It is replaced as a whole, so that a reader never sees half of it.
"""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from chassis import clock
from local import paths

ALREADY_RUNNING = 3
"""The exit code of a daemon that found another one."""
Phase = Literal["starting", "ready", "stopping", "stopped", "failed"]


class ProcessState(BaseModel):
    """One process of the stack. `since` is an instant, `url` is empty for what has no HTTP door."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int | None
    born: float | None
    """When the system started it; with the pid this tells it from a later process of that pid."""
    state: str
    restarts: int
    since: str
    url: str
    log: Path


class StackState(BaseModel):
    """Everything others need to know about the stack: phase, processes, addresses."""

    model_config = ConfigDict(frozen=True)

    pid: int
    phase: Phase
    doing: str
    """What happens just now, for people; for `failed` the reason."""
    since: str
    home: Path
    bootstrap: str = ""
    database: str = ""
    """Host and port of PostgreSQL."""
    smtp: str = ""
    processes: tuple[ProcessState, ...] = ()

    @property
    def urls(self) -> dict[str, str]:
        """The HTTP address of every program that has one, by name."""
        return {one.name: one.url for one in self.processes if one.url}


def file_of(home: Path) -> Path:
    """Where the state of the stack of this home is written."""
    return home / "stack.json"


def read(home: Path) -> StackState | None:
    """The state last written, or None when there is none that can be read."""
    with contextlib.suppress(FileNotFoundError, ValidationError):
        return StackState.model_validate_json(file_of(home).read_text(encoding="utf-8"))
    return None


def write(state: StackState) -> None:
    """Replace the state atomically."""
    paths.write_private(file_of(state.home), state.model_dump_json(indent=1) + "\n")


def now() -> str:
    """The present instant, for people."""
    return clock.now().isoformat(timespec="seconds")


@contextlib.contextmanager
def only_daemon(home: Path, patience_seconds: float = 0) -> Iterator[bool]:
    """Hold the lock of this home while the block runs; False when another process has it.

    The kernel frees it when its holder dies, however it dies.
    """
    home.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience_seconds
    with (home / "daemon.lock").open("w") as lock:
        while not _take(lock.fileno()):
            if time.monotonic() >= deadline:
                yield False
                return
            time.sleep(0.05)
        yield True


def is_running(home: Path) -> bool:
    """Whether a daemon of this home lives."""
    if not (home / "daemon.lock").exists():
        return False
    with only_daemon(home) as free:
        return not free


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
