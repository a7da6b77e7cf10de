"""Apache Kafka as one to three local processes: start, stop, kill and restart with the same data.

Topics are not created here (see topics), and jars are not fetched here (see jars).
"""

import asyncio
import contextlib
import json
import secrets
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from chassis.kafka import Access, Where, client
from local import aot, kafka_settings, paths, processes
from local.errors import PortTaken, StartFailed
from local.kafka_settings import Node

START_SECONDS = 60.0
STOP_SECONDS = 20.0


class Kafka:
    """A Kafka cluster whose data live in one directory and survive restarts.

    `port` fixes the port of the first broker; otherwise free ports are chosen once and remembered.
    `java_options` replaces the options that make a broker start from the ahead-of-time cache.
    It is open to all until `lock` is called, before it starts.
    """

    def __init__(
        self,
        folder: Path,
        brokers: int = 1,
        port: int | None = None,
        java_options: Sequence[str] | None = None,
    ) -> None:
        if brokers not in {1, 2, 3}:
            raise ValueError(f"one to three brokers, not {brokers}")
        self.folder = folder
        self._brokers = brokers
        self._fixed_port = port
        self._java_options = java_options
        self._password = ""
        self._nodes: tuple[Node, ...] = ()
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def bootstrap(self) -> str:
        """The addresses clients need, once started."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self._nodes)

    def lock(self, password: str) -> None:
        """From the next start on nobody gets in without a login; this is its administrator's."""
        self._password = password

    @property
    def admin(self) -> Where:
        """The way in for who may do everything."""
        if not self._password:
            return self.bootstrap
        return Access(self.bootstrap, kafka_settings.ADMIN, self._password, mechanism="PLAIN")

    @property
    def brokers(self) -> int:
        """How many brokers the cluster has."""
        return self._brokers

    @property
    def pids(self) -> dict[int, int]:
        """The process id of each running broker, by node number."""
        return {n: child.pid for n, child in self._running.items() if child.poll() is None}

    @property
    def logs(self) -> tuple[Path, ...]:
        """The log file of each broker."""
        return tuple(node.folder / "broker.log" for node in self._nodes)

    async def start(self) -> None:
        """Start all brokers and return when clients get full metadata from them.

        Ends brokers which a killed earlier run has left. Raises PortTaken and StartFailed.
        """
        for number in range(1, self._brokers + 1):
            folder = self.folder / f"node-{number}"
            await asyncio.to_thread(processes.end_leftover, folder / "pid", str(folder))
        self._nodes = self._choose_ports()
        for node in self._nodes:
            self._write_settings(node)
        try:
            await asyncio.gather(*(self._format(node) for node in self._nodes))
            for node in self._nodes:
                self._spawn(node)
            await self._ready()
        except BaseException:
            self.kill_all()
            raise

    async def stop(self, seconds: float = STOP_SECONDS) -> bool:
        """Stop all brokers; data stay. Kills those that take longer; whether none had to be."""
        numbers = list(self._running)
        return all(await asyncio.gather(*(self._stop(number, seconds) for number in numbers)))

    async def wipe(self) -> None:
        """Stop and delete all data."""
        await self.stop()
        await asyncio.to_thread(paths.remove, self.folder)

    def kill(self, number: int = 1) -> None:
        """SIGKILL one broker, as a power cut would."""
        child = self._running.pop(number)
        processes.kill_group(child)
        self._node(number).pid_file.unlink(missing_ok=True)

    def kill_all(self) -> None:
        """SIGKILL every broker."""
        for number in list(self._running):
            self.kill(number)

    async def restart(self, *numbers: int) -> None:
        """Start brokers (all, if none is named) again at their old addresses, with their data.

        Those that still run are stopped before. Raises PortTaken and StartFailed.
        """
        wanted = numbers or tuple(node.number for node in self._nodes)
        for number in wanted:
            await self._stop(number, STOP_SECONDS)
            node = self._node(number)
            if not await asyncio.to_thread(processes.wait_free, node.port, 5):
                raise PortTaken(
                    f"Port {node.port} of broker {number} is used by another program now: stop "
                    "that program, or stop the whole stack and start it again to get other ports."
                )
        for number in wanted:
            self._spawn(self._node(number))
        await self._ready()

    def _node(self, number: int) -> Node:
        return self._nodes[number - 1]

    def _choose_ports(self) -> tuple[Node, ...]:
        """Remembered ports stay when they are free; the others are chosen anew."""
        memory = self.folder / "ports.json"
        known: list[list[int]] = json.loads(memory.read_text()) if memory.exists() else []
        if self._fixed_port is not None:
            if not processes.is_free(self._fixed_port):
                raise PortTaken(
                    f"Port {self._fixed_port} for Kafka is used by another program: stop that "
                    "program or choose another port."
                )
            known = [[self._fixed_port, *(known[0][1:] if known else [])], *known[1:]]
        taken: set[int] = set()
        nodes = []
        for number in range(1, self._brokers + 1):
            pair = known[number - 1] if number <= len(known) else []
            for place in range(2):
                old = pair[place] if place < len(pair) else None
                good = old is not None and old not in taken and processes.is_free(old)
                port = old if old is not None and good else processes.free_port(frozenset(taken))
                pair = [*pair[:place], port, *pair[place + 1 :]]
                taken.add(port)
            nodes.append(Node(number, pair[0], pair[1], self.folder / f"node-{number}"))
        paths.write_private(memory, json.dumps([[n.port, n.controller_port] for n in nodes]))
        return tuple(nodes)

    def _write_settings(self, node: Node) -> None:
        node.folder.mkdir(parents=True, exist_ok=True)
        text = kafka_settings.server_properties(node, self._nodes, self._password)
        paths.write_private(node.properties, text)
        logging = node.folder / "log4j2.properties"
        logging.write_text(kafka_settings.LOGGING, encoding="utf-8")

    async def _format(self, node: Node) -> None:
        """Prepare a new data directory; one that is prepared already is left alone."""
        if (node.data / "meta.properties").exists():
            return
        arguments = ("format", "--cluster-id", self._cluster_id(), "--config", str(node.properties))
        options = aot.use_options() if self._java_options is None else ()
        command = kafka_settings.java(node, kafka_settings.FORMAT, *arguments, options=options)
        with node.log.open("ab") as log:
            child = await asyncio.create_subprocess_exec(
                *command, stdout=log, stderr=log, env=kafka_settings.java_environment()
            )
            try:
                code = await asyncio.wait_for(child.wait(), START_SECONDS)
            finally:
                if child.returncode is None:
                    child.kill()
        if code != 0:
            raise StartFailed(
                f"Kafka could not prepare {node.data}; its log {node.log} ends with:\n"
                f"{processes.tail(node.log)}"
            )

    def _cluster_id(self) -> str:
        memory = self.folder / "cluster-id"
        if not memory.exists():
            # 16 random bytes as Kafka writes them; a leading dash would look like an option.
            paths.write_private(memory, "L" + secrets.token_urlsafe(16)[1:])
        return memory.read_text(encoding="utf-8")

    def _spawn(self, node: Node) -> None:
        options = aot.use_options() if self._java_options is None else self._java_options
        recipe = processes.Recipe(
            argv=kafka_settings.java(
                node, kafka_settings.MAIN, str(node.properties), options=options
            ),
            log=node.log,
            folder=node.folder,
            environment=kafka_settings.java_environment(),
        )
        child = processes.spawn(recipe)
        self._running[node.number] = child
        node.pid_file.write_text(f"{child.pid}\n", encoding="utf-8")

    async def _stop(self, number: int, seconds: float) -> bool:
        child = self._running.pop(number, None)
        if child is None:
            return True
        child.terminate()
        try:
            await asyncio.to_thread(child.wait, seconds)
        except subprocess.TimeoutExpired:
            await asyncio.to_thread(processes.kill_group, child)
            return False
        finally:
            self._node(number).pid_file.unlink(missing_ok=True)
        return True

    async def _ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            for number, child in list(self._running.items()):
                if child.poll() is not None:
                    del self._running[number]
                    raise self._failed(number, f"ended with {child.returncode} while starting")
            if await self._answers():
                return
            if time.monotonic() > deadline:
                raise self._failed(1, f"was not ready after {START_SECONDS:.0f} s")
            await asyncio.sleep(0.05)

    async def _answers(self) -> bool:
        """Whether a client gets metadata that know every running broker."""
        if not all(await asyncio.gather(*(_listens(self._node(n).port) for n in self._running))):
            return False
        admin = AIOKafkaAdminClient(**client(self.admin), request_timeout_ms=3000)
        try:
            await admin.start()
            cluster = await admin.describe_cluster()
        except (KafkaError, OSError, TimeoutError):
            return False
        finally:
            with contextlib.suppress(KafkaError, OSError):
                await admin.close()
        return len(cluster["brokers"]) >= len(self._running)

    def _failed(self, number: int, what: str) -> StartFailed:
        node = self._node(number)
        return StartFailed(
            f"Kafka broker {number} {what}. Its log {node.folder / 'broker.log'} ends with:\n"
            f"{processes.tail(node.folder / 'broker.log')}\n{processes.tail(node.log)}"
        )


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 1)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
