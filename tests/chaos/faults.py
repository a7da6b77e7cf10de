"""Injects the faults of the schedule and heals them; each one ends also when we fail."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping

import asyncpg
import psutil
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException

from contracts.access import OPERATOR
from local import control, processes
from local.errors import StackError
from local.kafka_settings import ADMIN
from local.plan import SERVICES
from local.state import ProcessState
from tests.chaos import brokers, sockets
from tests.chaos.recovery import Book, Struck
from tests.chaos.schedule import Fault
from tests.chaos.target import Target

ARMED_SECONDS = 15.0
"""So long may a fail-point wait to be passed."""
_GONE = (
    psutil.NoSuchProcess,
    OSError,
    TimeoutError,
    StackError,
    asyncpg.PostgresError,
    KafkaError,
    KafkaException,
)
"""What a fault meets when another one was there before it."""


class Faults:
    """The hand that breaks things. `book` learns when each fault strikes and heals."""

    def __init__(self, target: Target, book: Book) -> None:
        self._target = target
        self._book = book
        self._ways: Mapping[str, Callable[[Fault, Struck], Awaitable[None]]] = {
            "service killed": self._kill,
            "service frozen": self._freeze,
            "service restarted": self._restart,
            "postgres killed": self._kill,
            "database connections of relay cut": self._cut_relay,
            "database connections of service cut": self._cut_service,
            "sockets cut": self._cut_sockets,
            "fail-point": self._fail_point,
            "broker killed": self._kill,
            "broker frozen": self._freeze,
            "kafka down": self._brokers_down,
            "two brokers down": self._brokers_down,
            "leader killed": self._kill_leader,
            "leader elected": self._elect,
        }

    async def inject(self, fault: Fault) -> None:
        """Strike and heal. Raises nothing for what the fault itself makes impossible."""
        await asyncio.sleep(fault.after)
        struck = self._book.strike(fault)
        try:
            await self._ways[fault.kind](fault, struck)
        except _GONE as gone:
            struck.reached = False
            struck.note = f"{type(gone).__name__} {gone}"
        finally:
            self._book.heal(struck)

    async def _kill(self, fault: Fault, struck: Struck) -> None:
        """SIGKILL, the parent first and then all its children, as a power cut would."""
        await self._kill_named(fault.target, struck)

    async def _kill_named(self, name: str, struck: Struck) -> None:
        found = await self._target.running(name)
        struck.note = f"{name} pid {found.pid}"
        self._book.count(struck)
        kill(found)

    async def _freeze(self, fault: Fault, struck: Struck) -> None:
        found = await self._target.running(fault.target)
        process = psutil.Process(found.pid)
        struck.note = f"pid {found.pid}"
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)

    async def _restart(self, fault: Fault, struck: Struck) -> None:
        found = await self._target.running(fault.target)
        self._book.count(struck)
        psutil.Process(found.pid).terminate()
        await asyncio.to_thread(processes.wait_gone, [psutil.Process(found.pid)], 30)

    async def _cut_relay(self, fault: Fault, struck: Struck) -> None:
        await self._terminate(struck, f"{fault.target}-relay", fault.target)

    async def _cut_service(self, fault: Fault, struck: Struck) -> None:
        await self._terminate(struck, fault.target, fault.target)

    async def _terminate(self, struck: Struck, application: str, database: str) -> None:
        connection = await self._target.server.connect()
        try:
            ended = await connection.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = $1 AND application_name = $2",
                database,
                application,
            )
        finally:
            await connection.close()
        struck.note = f"{ended} connections"

    async def _cut_sockets(self, fault: Fault, struck: Struck) -> None:
        found = await self._target.running(fault.target)
        if found.pid is not None:
            ended = await asyncio.to_thread(sockets.cut, found.pid, self._target.server_ports)
            struck.note = f"{ended} sockets"

    async def _fail_point(self, fault: Fault, struck: Struck) -> None:
        """Start the service once with the fail-point armed; passing the place ends it."""
        name, _, point = fault.target.partition("@")
        before = await self._target.running(name)
        rule = {"LOKET_FAILPOINTS": f"{point}=crash@{fault.hit}"}
        control.ask_next_start(self._target.home, name, rule)
        psutil.Process(before.pid).terminate()
        await asyncio.to_thread(processes.wait_gone, [psutil.Process(before.pid)], 30)
        armed = await self._target.running(name)
        process = processes.same(armed.pid, armed.born)
        struck.note = f"{rule['LOKET_FAILPOINTS']} in pid {armed.pid}"
        if process is None or await asyncio.to_thread(
            processes.wait_gone, [process], ARMED_SECONDS
        ):
            return
        struck.reached = False
        process.terminate()  # its successor is not armed

    async def _brokers_down(self, fault: Fault, struck: Struck) -> None:
        names = [f"kafka-{number}" for number in range(1, self._target.brokers + 1)][-2:]
        struck.note = ", ".join(names)
        for name in names:
            control.hold(self._target.home, name)
        try:
            for name in names:
                kill(await self._target.running(name))
            await asyncio.sleep(fault.seconds)
        finally:
            for name in names:
                control.release(self._target.home, name)

    async def _kill_leader(self, fault: Fault, struck: Struck) -> None:
        access = self._target.platform.kafka(OPERATOR)
        number = await brokers.leader_of(access, brokers.HOT_TOPIC)
        await self._kill_named(f"kafka-{number}", struck)

    async def _elect(self, fault: Fault, struck: Struck) -> None:
        access = self._target.platform.kafka(ADMIN)
        struck.note = await asyncio.to_thread(brokers.elect_leaders, access)


def kill(found: ProcessState) -> None:
    """SIGKILL a process and its children."""
    parent = psutil.Process(found.pid)
    doomed = [parent, *parent.children(recursive=True)]
    for one in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            os.kill(one.pid, signal.SIGKILL)


def undo(target: Target) -> None:
    """Whatever may still be held or frozen is let go."""
    control.forget(target.home)
    names = [*SERVICES, "postgres", *(f"kafka-{n}" for n in range(1, target.brokers + 1))]
    for name in names:
        with contextlib.suppress(StackError, psutil.NoSuchProcess):
            psutil.Process(target.process(name).pid).send_signal(signal.SIGCONT)
