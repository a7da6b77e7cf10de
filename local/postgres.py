"""PostgreSQL as a local process: start, stop, kill and restart with the same data.

Databases and roles of the services are made in databases; tables belong to the migrations.
"""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import psutil

from local import databases, paths, postgres_binaries, processes
from local.errors import PortTaken, StartFailed
from local.postgres_settings import LAPTOP

START_SECONDS = 60.0
STOP_SECONDS = 20.0
SUPERUSER = "postgres"
# The second line is for backups.
_WHO_MAY_CONNECT = f"""\
host all all 127.0.0.1/32 scram-sha-256
host replication {SUPERUSER} 127.0.0.1/32 scram-sha-256
"""


class Postgres:
    """A PostgreSQL server on 127.0.0.1 whose data live in one directory and survive restarts.

    When root starts it, it runs as `nobody`; if that user cannot reach the directory, the data are
    in a directory below /var/tmp instead, and `data_moved` says so.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        settings: Mapping[str, str] = LAPTOP,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self.folder = folder
        self._fixed_port = port
        self._settings = settings
        self._start_seconds = start_seconds
        self._identity = postgres_binaries.identity()
        self._child: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def data_moved(self) -> bool:
        """Whether the data are below /var/tmp, because `nobody` cannot enter the directory."""
        return self.data.parent != self.folder

    @property
    def data(self) -> Path:
        """The data directory. Once made it stays where it is, whatever becomes of permissions."""
        here = self.folder / "data"
        if self._moved_to.exists():
            return Path(self._moved_to.read_text(encoding="utf-8"))
        unreachable = not paths.reachable_by_others(self.folder.parent)
        if self._identity.uid is None or here.exists() or not unreachable:
            return here
        return paths.fallback(self.folder) / "data"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.folder / "postgres.log"

    @property
    def pid(self) -> int | None:
        """The process id of the running server."""
        alive = self._child is not None and self._child.poll() is None
        return self._child.pid if alive and self._child is not None else None

    @property
    def server(self) -> databases.Server:
        """Where and as whom to connect to make databases."""
        password = (self.folder / "superuser-password").read_text(encoding="utf-8")
        return databases.Server("127.0.0.1", self.port, SUPERUSER, password)

    async def start(self) -> None:
        """Start and return when a client gets an answer. Raises PortTaken and StartFailed.

        Ends a server that a killed earlier run has left, and removes its stale lock.
        """
        await asyncio.to_thread(self._clear_leftover)
        self.port = self._choose_port()
        await asyncio.to_thread(self._initialise)
        await self._launch()
        await databases.close_common_ones(self.server)

    async def restart(self) -> None:
        """Start again at the old address, stopping before if it still runs."""
        await self.stop()
        await asyncio.to_thread(self._clear_leftover)
        if not await asyncio.to_thread(processes.wait_free, self.port, 5):
            raise PortTaken(
                f"Port {self.port} of PostgreSQL is used by another program now: stop that "
                "program, or stop the whole stack and start it again to get another port."
            )
        await self._launch()

    async def stop(self) -> None:
        """End all connections and stop cleanly; data stay."""
        child, self._child = self._child, None
        if child is None or child.poll() is not None:
            return
        child.send_signal(signal.SIGINT)
        try:
            await asyncio.to_thread(child.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            await asyncio.to_thread(_kill, child)

    def kill(self) -> None:
        """SIGKILL the server and its children, as a power cut would."""
        child, self._child = self._child, None
        if child is not None and child.poll() is None:
            _kill(child)

    async def wipe(self) -> None:
        """Stop and delete all data."""
        await self.stop()
        await asyncio.to_thread(self._clear_leftover)
        if self.data_moved:
            await asyncio.to_thread(paths.remove, self.data.parent)
        await asyncio.to_thread(paths.remove, self.folder)

    async def create_service(self, name: str) -> None:
        """Make the database and the three roles of a service; what is there already stays."""
        await databases.create_service(self.server, name, self._passwords)

    async def drop_service(self, name: str) -> None:
        """Delete the database and the roles of a service, ending its connections."""
        await databases.drop_service(self.server, name, self._passwords)

    def url(self, name: str, role: str) -> str:
        """The SQLAlchemy address of a service's database for one of its three roles."""
        return databases.url(self.server, name, role, self._passwords)

    @property
    def _moved_to(self) -> Path:
        return self.folder / "data-moved-to"

    @property
    def _passwords(self) -> Path:
        return self.folder / "passwords.json"

    def _clear_leftover(self) -> None:
        lock = self.data / "postmaster.pid"
        processes.end_leftover(lock, str(self.data), signal.SIGINT)
        lock.unlink(missing_ok=True)

    def _initialise(self) -> None:
        """Make a new data directory; one that is complete already is left alone."""
        if self.data_moved:
            paths.claim(self.data.parent)
        if (self.data / "loket.conf").exists():
            return
        paths.remove(self.data)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700, parents=True)
        if self.data_moved:
            paths.write_private(self._moved_to, str(self.data))
        password = secrets.token_urlsafe(32)
        paths.write_private(self.folder / "superuser-password", password)
        handed_over = self.data.with_name("initial-password")  # in a place its uid can reach
        paths.write_private(handed_over, password)
        try:
            self._init_db(handed_over)
        finally:
            handed_over.unlink()
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write("\ninclude_if_exists 'loket.conf'\n")

    def _init_db(self, password: Path) -> None:
        if self._identity.uid is not None and self._identity.gid is not None:
            os.chown(self.data, self._identity.uid, self._identity.gid)
            os.chown(password, self._identity.uid, self._identity.gid)
        with self.log.open("ab") as log:
            result = subprocess.run(  # noqa: S603 - the command is ours
                [
                    str(postgres_binaries.directory() / "initdb"),
                    f"--pgdata={self.data}",
                    f"--username={SUPERUSER}",
                    "--auth=scram-sha-256",
                    f"--pwfile={password}",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--no-instructions",
                    *(["--no-sync"] if self._settings.get("fsync") == "off" else []),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                user=self._identity.uid,
                group=self._identity.gid,
                extra_groups=None if self._identity.uid is None else [],
                timeout=START_SECONDS,
                check=False,
            )
        if result.returncode != 0:
            raise self._failed("could not prepare its data directory")

    def _choose_port(self) -> int:
        memory = self.folder / "port.json"
        if self._fixed_port is not None:
            if not processes.is_free(self._fixed_port):
                raise PortTaken(
                    f"Port {self._fixed_port} for PostgreSQL is used by another program: stop that "
                    "program or choose another port."
                )
            port = self._fixed_port
        else:
            old = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else None
            port = old if old is not None and processes.is_free(old) else processes.free_port()
        paths.write_private(memory, json.dumps(port))
        return int(port)

    async def _launch(self) -> None:
        self._write_settings()
        recipe = processes.Recipe(
            argv=[str(postgres_binaries.directory() / "postgres"), "-D", str(self.data)],
            log=self.log,
            folder=self.data,
            on_parent_death=signal.SIGINT,
            uid=self._identity.uid,
            gid=self._identity.gid,
        )
        deadline = time.monotonic() + self._start_seconds
        self._child = processes.spawn(recipe)
        try:
            while not await self._answers():
                if self._child.poll() is not None:
                    raise self._failed(f"ended with {self._child.returncode} while starting")
                if time.monotonic() > deadline:
                    raise self._failed(f"was not ready after {self._start_seconds:.0f} s")
                await asyncio.sleep(0.03)
        except BaseException:
            self.kill()
            raise

    def _write_settings(self) -> None:
        values = {
            **self._settings,
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
        }
        text = "".join(f"{name} = '{value}'\n" for name, value in values.items())
        file = self.data / "loket.conf"
        file.write_text(text, encoding="utf-8")
        file.chmod(0o644)
        (self.data / "pg_hba.conf").write_text(_WHO_MAY_CONNECT, encoding="utf-8")

    async def _answers(self) -> bool:
        try:
            connection = await self.server.connect()
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    def _failed(self, what: str) -> StartFailed:
        return StartFailed(
            f"PostgreSQL {what}. Its log {self.log} ends with:\n{processes.tail(self.log)}"
        )


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Its workers are in groups of their own, so the tree is killed and not only the group."""
    processes.kill_tree(psutil.Process(child.pid))
    processes.kill_group(child)
