"""The process that owns the running stack: it starts everything, watches it and stops it.

`local.stack` starts it detached and reads what it writes to stack.json. SIGTERM stops the stack.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path

from local import control, plan, processes, state
from local.backends import Backends, offices
from local.errors import StackError
from local.plan import Options
from local.state import Phase, ProcessState, StackState
from local.supervisor import Supervisor

READY_SECONDS = 120.0
LOCK_SECONDS = 2.0
"""Whoever only asks whether a daemon runs holds the lock for a moment, too."""
log = logging.getLogger(__name__)


class Daemon:
    """One run of the stack."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._since = state.now()
        self._phase: Phase = "starting"
        self._doing = "starting"
        self._ports: dict[str, int] = {}
        self._backends = Backends.of(options)
        self._supervisor: Supervisor | None = None

    async def run(self, *, fresh: bool) -> int:
        """Bring everything up, keep it up until SIGTERM, stop it; the exit code."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        work = asyncio.create_task(self._live(fresh=fresh))
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        work.cancel()
        reason = ""
        try:
            await work
        except asyncio.CancelledError:
            pass
        except StackError as error:
            reason = str(error)
        except Exception:
            log.exception("the stack stops because of a mistake in it")
            written_to = daemon_log(self._options.home)
            reason = f"The stack stopped because of a mistake in it: see {written_to}"
        await self._close(reason)
        return 1 if reason else 0

    async def _live(self, *, fresh: bool) -> None:
        self._tell("preparing")
        await asyncio.to_thread(control.forget, self._options.home)
        if fresh:
            self._tell("the old data are deleted")
            await self._backends.wipe()
            await asyncio.to_thread(_wipe_files, self._options.home)
        self._ports = plan.choose_ports(self._options.ports)
        agencies, malls = offices()
        await asyncio.to_thread(
            plan.register_clients,
            self._options.home,
            [one.code for one in agencies],
            {one.code: len(one.counters) for one in malls},
        )
        await self._backends.start(self._options.services, self._tell)
        self._tell("the services are starting")
        programs = plan.programs(
            self._options, self._ports, self._backends.kafka.bootstrap, self._backends.postgres
        )
        self._supervisor = Supervisor(programs, self._options.home, self._write)
        self._supervisor.start()
        keeping = asyncio.create_task(self._backends.keep(self._write))
        try:
            await self._supervisor.ready(READY_SECONDS)
            self._phase = "ready"
            self._tell("everything is ready")
            await keeping
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _close(self, reason: str) -> None:
        if not reason:
            self._phase = "stopping"
            self._tell("everything is being stopped")
        if self._supervisor is not None:
            await self._supervisor.stop()
        await self._backends.stop()
        self._phase = "failed" if reason else "stopped"
        self._tell(reason or "stopped")

    def _tell(self, doing: str) -> None:
        self._doing = doing
        log.info("%s: %s", self._phase, doing)
        self._write()

    def _write(self) -> None:
        kafka, postgres = self._backends.kafka, self._backends.postgres
        smtp = self._ports.get("smtp")
        state.write(
            StackState(
                pid=os.getpid(),
                phase=self._phase,
                doing=self._doing,
                since=self._since,
                home=self._options.home,
                bootstrap=kafka.bootstrap,
                database=f"{plan.HOST}:{postgres.port}" if postgres.port else "",
                smtp=f"{plan.HOST}:{smtp}" if smtp else "",
                processes=(*self._servers(), *self._programs()),
            )
        )

    def _servers(self) -> list[ProcessState]:
        kafka, postgres = self._backends.kafka, self._backends.postgres
        found = [
            (f"kafka-{number}", pid, kafka.logs[number - 1]) for number, pid in kafka.pids.items()
        ]
        if postgres.pid is not None:
            found.append(("postgres", postgres.pid, postgres.log))
        return [
            ProcessState(
                name=name,
                pid=pid,
                born=processes.born(pid),
                state="running",
                restarts=self._backends.restarts[name],
                since=self._since,
                url="",
                log=log_file,
            )
            for name, pid, log_file in found
        ]

    def _programs(self) -> list[ProcessState]:
        children = self._supervisor.children if self._supervisor is not None else []
        return [
            ProcessState(
                name=child.program.name,
                pid=child.pid,
                born=processes.born(child.pid),
                state=child.state,
                restarts=child.restarts,
                since=child.since,
                url=child.program.url,
                log=child.log,
            )
            for child in children
        ]


def daemon_log(home: Path) -> Path:
    """Where the daemon itself writes."""
    return home / "logs" / "daemon.log"


def _wipe_files(home: Path) -> None:
    for name in ("identity", "mail", "logs"):
        for file in [*(home / name).glob("*")]:
            if file != daemon_log(home):
                file.unlink()


def main(arguments: list[str]) -> int:
    """Run the stack whose options are given as JSON; 3 when another daemon has this home."""
    parser = argparse.ArgumentParser(prog="python -m local.daemon", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--options", type=json.loads, default={})
    parser.add_argument("--fresh", action="store_true")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that starts is no news
    logging.getLogger("httpx").setLevel(logging.WARNING)
    given = {**chosen.options, "services": tuple(chosen.options.get("services", plan.SERVICES))}
    options = Options(home=chosen.home, **given)
    with state.only_daemon(options.home, LOCK_SECONDS) as alone:
        if not alone:
            return state.ALREADY_RUNNING
        with contextlib.suppress(KeyboardInterrupt):
            return asyncio.run(Daemon(options).run(fresh=chosen.fresh))
    return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
