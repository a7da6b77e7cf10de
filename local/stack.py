"""Start, stop and look at the whole stack: what the command line calls.

The work is done by the daemon; this module starts it, shows how it gets on, and tells it to stop.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from local import jars, paths, plan, postgres_binaries, processes, state, training
from local.daemon import daemon_log
from local.errors import StackError, StartFailed, StopFailed
from local.plan import Options
from local.postgres import Postgres
from local.state import StackState

START_SECONDS = 240.0
STOP_SECONDS = 90.0
HOME_MEGABYTES = 1500
CACHE_MEGABYTES = 300
DOWNLOAD_BYTES = 47_000_000
MARKER = "local.daemon"
_DETACHED: list[subprocess.Popen[bytes]] = []
"""Daemons of this process, which may outlive it; Python would warn of forgotten ones."""


def options_from(
    home: Path | None = None, brokers: int = 1, ports: Mapping[str, int] | None = None
) -> Options:
    """Options with ports from LOKET_PORTS unless given here."""
    asked = plan.asked_ports(os.environ.get(plan.PORTS_VARIABLE, ""))
    return Options(home or paths.home(), brokers, {**asked, **(ports or {})})


def up(
    options: Options, *, fresh: bool = False, console: Console | None = None
) -> tuple[StackState, bool]:
    """Start what is not running and wait until all is ready; also whether it ran already.

    `fresh` begins with empty data. An interrupt stops what was started. Raises StackError.
    """
    console = console or Console(stderr=True)
    if state.is_running(options.home):
        if fresh:
            raise StackError("The stack is running: stop it first with `loket down`.")
        return _wait_ready(options.home, None, console), True
    paths.need_free_space(options.home, HOME_MEGABYTES)
    paths.need_free_space(paths.cache(), CACHE_MEGABYTES)
    prepare(console)
    child = _start_daemon(options, fresh=fresh)
    try:
        return _wait_ready(options.home, child, console), False
    except BaseException:
        child.send_signal(signal.SIGTERM)
        child.wait(STOP_SECONDS)
        raise


def postgres_of(found: StackState) -> Postgres:
    """The database server of a running stack, to be connected to."""
    postgres = Postgres(found.home / "postgres")
    postgres.port = int(found.database.rpartition(":")[2])
    return postgres


def prepare(console: Console) -> None:
    """Fetch and unpack what is needed and not cached yet. Raises NoNetwork and WrongChecksum."""
    absent = jars.missing(jars.directory(), jars.locked())
    if absent:
        _fetch(console)
    postgres_binaries.directory()
    with console.status("preparing Kafka for fast starts (once, about 10 s)"):
        asyncio.run(training.train())


def down(home: Path | None = None) -> bool:
    """Stop everything and make sure that nothing is left; whether anything ran.

    Raises StopFailed with the process ids of what is still there.
    """
    home = home or paths.home()
    found = state.read(home)
    if found is None:
        return False
    daemon = processes.find(found.pid, MARKER)
    if daemon is not None:
        processes.end(daemon, STOP_SECONDS)
        found = state.read(home) or found
    same = [processes.same(one.pid, one.born) for one in found.processes]
    left = [process for process in same if process is not None]
    for child in _DETACHED:
        child.poll()
    for process in left:
        processes.kill_tree(process)
    if not processes.wait_gone(left, 5):
        pids = ", ".join(str(process.pid) for process in left)
        raise StopFailed(f"These processes are still there: {pids}. End them with `kill -9`.")
    if daemon is None and found.phase != "stopped":
        state.write(found.model_copy(update={"phase": "stopped", "doing": "stopped"}))
    return daemon is not None or bool(left)


def _start_daemon(options: Options, *, fresh: bool) -> subprocess.Popen[bytes]:
    """Start the daemon in a session of its own, so that an interrupt of ours does not reach it."""
    log = daemon_log(options.home)
    log.parent.mkdir(parents=True, exist_ok=True)
    given = {
        "brokers": options.brokers,
        "ports": dict(options.ports),
        "services": options.services,
        "module": options.module,
    }
    command = [sys.executable, "-m", "local.daemon", "--home", str(options.home)]
    command += ["--options", json.dumps(given), *(["--fresh"] if fresh else [])]
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - the command is ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=paths.REPOSITORY,
            start_new_session=True,
        )
    _DETACHED.append(child)
    return child


def _wait_ready(home: Path, child: subprocess.Popen[bytes] | None, console: Console) -> StackState:
    deadline = time.monotonic() + START_SECONDS
    told = ""
    with console.status("starting") as line:
        while time.monotonic() < deadline:
            # Looked at first: what it wrote before it ended is then surely there.
            ended = child.poll() is not None if child else not state.is_running(home)
            if child is not None and child.returncode == state.ALREADY_RUNNING:
                child = None  # somebody else has just started it: wait for that one
                continue
            found = state.read(home)
            if child is not None and found is not None and found.pid != child.pid:
                found = None  # left by an earlier run
            if found is not None and found.doing != told:
                told = found.doing
                line.update(told)
                if not console.is_terminal and found.phase == "starting":
                    console.print(told)
            if found is not None and found.phase == "ready":
                return found
            if found is not None and found.phase == "failed":
                raise StartFailed(found.doing)
            if ended:
                raise StartFailed(
                    f"The stack ended while it was starting: see {daemon_log(home)}, which ends "
                    f"with:\n{processes.tail(daemon_log(home))}"
                )
            time.sleep(0.1)
    raise StartFailed(f"The stack was not ready after {START_SECONDS:.0f} s: {told}.")


def _fetch(console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("fetching Apache Kafka", total=DOWNLOAD_BYTES)
        if not console.is_terminal:
            console.print("fetching Apache Kafka (45 MB)")

        def advance(count: int) -> None:
            progress.advance(task, count)

        asyncio.run(jars.fetch(jars.directory(), jars.locked(), advance))
