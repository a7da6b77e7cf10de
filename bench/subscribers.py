"""Many readers of event streams in one thread, and the question whether each read the right thing.

Reading is far cheaper here than in a client library: on a small machine it shares the cores with
the server that is measured.
"""

import re
import resource
import selectors
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

PATIENCE_SECONDS = 60.0
_WAVE = 200
_PIECE_BYTES = 65_536
_SPARE_FILES = 200
# A reader that waits for each delivery is woken by each, and the waking is paid by the server that
# sends. Readers elsewhere cost it nothing of the kind: so ours look now and then.
_NAP_SECONDS = 0.001
_BEGUN = b"retry: "
# A change as it stands in a stream. What a server puts in between, such as the lengths of chunks
# and pings, lies outside of it: a change that is torn or altered is not found, and is missing.
_CHANGE = re.compile(rb"id: (\d+)\nevent: change\ndata: ([^\n]+)\n\n")


@dataclass(eq=False, slots=True)
class Reader:
    """One stream: the positions of the changes that came, in the order of coming."""

    connection: socket.socket
    positions: list[int] = field(default_factory=list)
    has_begun: bool = False
    has_ended: bool = False
    _rest: bytes = b""

    def take(self, said: dict[int, bytes]) -> int:
        """Read what is there; how many changes that completed. `said` is what others were told."""
        try:
            piece = self.connection.recv(_PIECE_BYTES)
        except ConnectionError:
            piece = b""
        self.has_ended = not piece
        text = self._rest + piece
        self.has_begun = self.has_begun or _BEGUN in text
        ends, before = 0, len(self.positions)
        for found in _CHANGE.finditer(text):
            position, data = int(found[1]), found[2]
            if said.setdefault(position, data) == data:
                self.positions.append(position)
            ends = found.end()
        self._rest = text[ends:]
        return len(self.positions) - before


class Subscribers:
    """Readers of one path of one server; use as a context manager."""

    def __init__(self, port: int, path: str, headers: Sequence[str] = ()) -> None:
        head = [f"GET {path} HTTP/1.1", f"host: 127.0.0.1:{port}", *headers, "\r\n"]
        self._port = port
        self._request = "\r\n".join(head).encode("latin-1")
        self._selector = selectors.DefaultSelector()
        self._said: dict[int, bytes] = {}
        self._got = 0
        self.readers: list[Reader] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for reader in self.readers:
            reader.connection.close()
        self._selector.close()

    def open(self, count: int) -> None:
        """Begin so many streams more, and wait until each has. Raises TimeoutError."""
        for first in range(0, count, _WAVE):
            for _ in range(min(_WAVE, count - first)):
                connection = socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)
                connection.sendall(self._request)
                connection.settimeout(0)
                reader = Reader(connection)
                self.readers.append(reader)
                self._selector.register(connection, selectors.EVENT_READ, reader)
            self._wait(lambda: all(reader.has_begun for reader in self.readers))

    def wait_for(self, changes: int, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Until so many changes more have come to each, taken together. Raises TimeoutError."""
        wanted = self._got + changes * len(self.readers)
        self._wait(lambda: self._got >= wanted, patience_seconds)

    def faults(self, wanted: Iterable[int]) -> list[str]:
        """What is wrong, in words, after these changes; then the readers forget them."""
        found = wrong([reader.positions for reader in self.readers], list(wanted))
        for reader in self.readers:
            reader.positions.clear()
        if ended := sum(reader.has_ended for reader in self.readers):
            found.append(f"{ended} streams ended")
        return found

    def positions(self) -> list[int]:
        """Every change that any reader has seen, in order."""
        return sorted({one for reader in self.readers for one in reader.positions})

    def _wait(self, is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        ends_at = time.monotonic() + seconds
        while not is_so():
            time.sleep(_NAP_SECONDS)
            for key, _ in self._selector.select(0):
                reader: Reader = key.data
                self._got += reader.take(self._said)
                if reader.has_ended:
                    self._selector.unregister(key.fileobj)
            if time.monotonic() > ends_at:
                raise TimeoutError("event streams did not say what was expected of them")


def wrong(got: Sequence[Sequence[int]], wanted: Sequence[int]) -> list[str]:
    """Every reader must have every change exactly once, in order."""
    lost = sum(len(set(wanted) - set(one)) for one in got)
    doubled = sum(len(one) - len(set(one)) for one in got)
    misordered = sum(list(one) != sorted(one) for one in got)
    foreign = sum(len(set(one) - set(wanted)) for one in got)
    return [
        f"{count} {what}"
        for count, what in (
            (lost, "changes lost or altered"),
            (doubled, "changes doubled"),
            (misordered, "streams out of order"),
            (foreign, "changes that nobody made"),
        )
        if count
    ]


def make_room(count: int, *processes: int) -> None:
    """Let us and these processes open so many connections. Raises RuntimeError where it cannot."""
    wanted = count + _SPARE_FILES
    for pid in (0, *processes):
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise RuntimeError(f"{wanted} open files are needed, {hard} are allowed: `ulimit -n`")
        if soft < wanted:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (wanted, hard))
