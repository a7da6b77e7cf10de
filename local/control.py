"""What somebody asks of the running daemon: keep a process down, start one differently, restart it.

A wish is a small file below the home, so that it needs no second door into the daemon; a daemon
that starts forgets the wishes made to its predecessor.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path

from local import paths, processes, state
from local.errors import StackError, StopFailed

RESTART_SECONDS = 60.0


def hold(home: Path, name: str) -> None:
    """Ask that a process which ends stays down until it is released."""
    paths.write_private(_folder(home) / f"{name}.held", "")


def release(home: Path, name: str) -> None:
    """Let a process be started again; one that is not held is fine."""
    (_folder(home) / f"{name}.held").unlink(missing_ok=True)


def is_held(home: Path, name: str) -> bool:
    """Whether a process has to stay down."""
    return (_folder(home) / f"{name}.held").exists()


def ask_next_start(home: Path, name: str, environment: Mapping[str, str]) -> None:
    """Ask that the next start of a program, and only that one, has these variables as well."""
    paths.write_private(_folder(home) / f"{name}.next", json.dumps(dict(environment)))


def take_next_start(home: Path, name: str) -> dict[str, str]:
    """The variables asked for this start; they are gone afterwards, whatever becomes of it."""
    file = _folder(home) / f"{name}.next"
    try:
        wish: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    file.unlink()
    return wish


def forget(home: Path) -> None:
    """Drop all wishes."""
    paths.remove(_folder(home))


def restart(home: Path, name: str, seconds: float = RESTART_SECONDS) -> None:
    """End a program gracefully and wait until its successor is ready.

    Raises StackError for a name that is no running program of this home, StopFailed when late.
    """
    before = find(home, name)
    process = processes.same(before.pid, before.born)
    if process is None or not before.url:
        raise StackError(f"{name!r} does not run as a program here: see `loket status`.")
    process.terminate()
    deadline = time.monotonic() + seconds
    while True:
        after = find(home, name)
        if after.pid not in {None, before.pid} and after.state == "ready":
            return
        if time.monotonic() > deadline:
            raise StopFailed(f"{name} was not back after {seconds:.0f} s: see `loket logs {name}`.")
        time.sleep(0.05)


def find(home: Path, name: str) -> state.ProcessState:
    """What the daemon says of a process. Raises StackError when there is none of this name."""
    found = state.read(home)
    known = {one.name: one for one in found.processes} if found is not None else {}
    if not state.is_running(home) or name not in known:
        names = ", ".join(sorted(known)) or "nothing"
        raise StackError(f"There is no {name!r} in the running stack; there is: {names}.")
    return known[name]


def _folder(home: Path) -> Path:
    return home / "wishes"
