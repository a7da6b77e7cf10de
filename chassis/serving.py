"""The web server of a service: it takes all connections that wait, and tells when to stop."""

import asyncio
import errno
import resource
import socket
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn
from typing_extensions import override
from uvicorn.config import STARTUP_FAILURE

from chassis import metrics

SPARE_FILES = 128
"""Open files that connections of callers leave to databases, Kafka and logs."""
_AT_ONCE = 256
_PAUSE_SECONDS = 0.1
_NO_FILE_LEFT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_log = structlog.get_logger("chassis.serving")


class Server(uvicorn.Server):
    """Serves over a `Listener`. Sets `stopping` at the signal: open streams would hold it up."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping, self._loop = stopping, asyncio.get_running_loop()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen once the application has started. Exits when the address is taken."""
        await super().startup(sockets=[])
        host, port = self.config.host, self.config.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            sock = socket.create_server((host, port), family=family, backlog=self.config.backlog)
        except OSError as problem:
            _log.error("http.cannot_listen", host=host, port=port, reason=problem.strerror)
            await self.lifespan.shutdown()
            raise SystemExit(STARTUP_FAILURE) from None
        self.servers = [Listener(sock, self._protocol, self._open)]  # type: ignore[list-item] # what is asked of one here

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Tell before the server begins to stop."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        super().handle_exit(sig, frame)

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg] # as the server itself
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    def _open(self) -> int:
        return len(self.server_state.connections)


class Listener:
    """Takes all connections that wait, whenever some do.

    The event loop's own server takes one in each turn of the loop. Under a rush the turns get long:
    the kernel's queue would fill up, and callers be dropped without an answer. Connections beyond
    the open files of the process, less a few to spare, are closed at once.
    """

    def __init__(
        self,
        sock: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        count: Callable[[], int],
    ) -> None:
        """`protocol` makes what serves one connection; `count` tells how many are open."""
        self._loop = asyncio.get_running_loop()
        self._sock, self._protocol, self._count = sock, protocol, count
        self._beginning: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None
        sock.settimeout(0)
        self._listen()

    @property
    def sockets(self) -> list[socket.socket]:
        """The socket that is listened to."""
        return [self._sock]

    def close(self) -> None:
        """Take no more; those taken go on."""
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()
        if self._pause is not None:
            self._pause.cancel()

    async def wait_closed(self) -> None:
        """Wait until those just taken have been handed over."""
        if self._beginning:
            await asyncio.wait(self._beginning)

    def _listen(self) -> None:
        self._loop.add_reader(self._sock.fileno(), self._take)

    def _take(self) -> None:
        left = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES - self._count()
        for number in range(_AT_ONCE):
            try:
                connection, _ = self._sock.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as problem:
                if problem.errno not in _NO_FILE_LEFT:
                    raise
                self._rest()
                return
            if number < left:
                self._begin(connection)
            else:
                metrics.HTTP_REJECTED().inc()
                connection.close()

    def _begin(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begun = self._loop.create_task(
            self._loop.connect_accepted_socket(self._protocol, connection)
        )
        self._beginning.add(begun)
        begun.add_done_callback(self._begun)

    def _begun(self, task: asyncio.Task[object]) -> None:
        self._beginning.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            _log.warning("http.connection_failed", kind=type(problem).__name__)

    def _rest(self) -> None:
        """Somebody else has used up the files: look again in a moment."""
        self._loop.remove_reader(self._sock.fileno())
        self._pause = self._loop.call_later(_PAUSE_SECONDS, self._listen)
