"""Child processes that cannot outlive us unnoticed: spawn, recognise, end, and free ports.

A pid alone never decides: a process is ours only while its command line contains our marker, so
that a pid which the system has given to somebody else is never signalled.
"""

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from local.errors import PortTaken, StopFailed

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 20.0
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Recipe:
    """How one child is started; `uid` and `gid` are given when root starts it for somebody else."""

    argv: Sequence[str]
    log: Path
    folder: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    on_parent_death: signal.Signals = signal.SIGKILL
    uid: int | None = None
    gid: int | None = None


def spawn(recipe: Recipe) -> subprocess.Popen[bytes]:
    """Start a child in its own process group, its output appended to its log.

    Call it from a thread that lives as long as the child should: the kernel ties the child to the
    thread which started it, not to the process.
    """
    recipe.log.parent.mkdir(parents=True, exist_ok=True)
    with recipe.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - argv comes from our own code
            recipe.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=recipe.folder,
            env=recipe.environment,
            process_group=0,
            user=recipe.uid,
            group=recipe.gid,
            extra_groups=None if recipe.uid is None else [],
            preexec_fn=_tie_to_parent(recipe.on_parent_death, os.getpid()),  # noqa: PLW1509 - two system calls, no locks
        )


def _tie_to_parent(when_it_dies: signal.Signals, parent: int) -> Callable[[], None]:
    def prepare() -> None:
        if _libc is None:
            return  # other systems have no such thing; leftovers are found by pid at the next start
        _libc.prctl(PR_SET_PDEATHSIG, int(when_it_dies))
        if os.getppid() != parent:  # it died between fork and prctl
            os.kill(os.getpid(), when_it_dies)

    return prepare


def find(pid: int, marker: str) -> psutil.Process | None:
    """The living process with this pid, if its command line contains the marker."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE
        if alive and any(marker in part for part in process.cmdline()):
            return process
    return None


def born(pid: int | None) -> float | None:
    """When the system started the process with this pid; None if there is none."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).create_time() if pid is not None else None
    return None


def same(pid: int | None, born_at: float | None) -> psutil.Process | None:
    """The process with this pid if it still is the one that was started then."""
    if pid is None or born_at is None or born(pid) != born_at:
        return None
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return process if _runs(process) else None
    return None


def end(process: psutil.Process, seconds: float, gentle: signal.Signals = signal.SIGTERM) -> bool:
    """Ask the process to stop and kill it with its children after that time; True if it obeyed."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(gentle)
        if wait_gone([process], seconds):
            return True
        kill_tree(process)
        return False
    return True


def kill_tree(process: psutil.Process) -> None:
    """SIGKILL the process and all its descendants, and wait until they are gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        doomed = [process, *process.children(recursive=True)]
        for one in doomed:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        wait_gone(doomed, 10)


def kill_group(child: subprocess.Popen[bytes]) -> None:
    """SIGKILL a child of ours and the processes of its group, and wait for it.

    Raises StopFailed when even that does not end it.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    try:
        child.wait(10)
    except subprocess.TimeoutExpired as stuck:
        raise StopFailed(
            f"Process {child.pid} ({child.args!r:.80}) cannot be killed: look with `ps` what it "
            "waits for and end it before the next start."
        ) from stuck


def wait_gone(doomed: Sequence[psutil.Process], seconds: float) -> bool:
    """Wait until none of the processes runs any more; whether that came true.

    One that has ended but is not yet reaped by its parent counts as gone.
    """
    deadline = time.monotonic() + seconds
    while any(_runs(process) for process in doomed):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def end_leftover(pid_file: Path, marker: str, gentle: signal.Signals = signal.SIGTERM) -> bool:
    """End the process an earlier run has left behind; whether there was one."""
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return False
    process = find(pid, marker)
    if process is not None:
        end(process, STOP_SECONDS, gentle)
    pid_file.unlink(missing_ok=True)
    return process is not None


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(taken: frozenset[int] = frozenset()) -> int:
    """A free port below the range from which the system takes the ports of clients.

    A client that retries a port of that range while its server is down can connect to itself and
    keep the server from coming back.
    """
    for _ in range(200):
        port = random.randint(20_000, 31_999)  # noqa: S311 - no secret
        if port not in taken and is_free(port):
            return port
    raise PortTaken("No free port was found between 20000 and 31999: stop other programs.")


def wait_free(port: int, seconds: float) -> bool:
    """Wait until a port is free again; whether it is."""
    deadline = time.monotonic() + seconds
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, for a message; empty when there is none."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    return ""
