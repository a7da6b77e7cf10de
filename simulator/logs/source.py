"""Opens a log, whatever its form: gzip and XML are told by how the file begins, not by its name."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from simulator.logs.csv_rows import read_csv
from simulator.logs.rows import BadRow, Columns, Row, UnreadableLog
from simulator.logs.xes_rows import read_xes

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_BLOCK = 1 << 16
_SUFFIXES = {".gz", ".csv", ".tsv", ".txt", ".xes", ".xml"}


def read(path: Path, columns: Columns, delimiter: str | None = None) -> Iterator[Row | BadRow]:
    """The rows of a log in their order, with constant memory.

    What is broken from some place to the end (a cut file) is one BadRow at the end. Raises
    UnreadableLog when nothing can be read at all.
    """
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(2) == _GZIP
            raw.seek(0)
            stream: io.BufferedReader = io.BufferedReader(_Gzipped(raw)) if is_gzip else raw
            if _is_xml(stream.peek(_BLOCK)):
                yield from read_xes(stream, columns)
            else:
                yield from read_csv(stream, columns, delimiter)
    except OSError as problem:
        raise _no_access(path, problem) from problem
    except EOFError as problem:
        raise UnreadableLog(f"{path} is a damaged gzip file: {problem}") from problem


def digest_of(path: Path) -> str:
    """What tells this file from any other. Raises UnreadableLog."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise _no_access(path, problem) from problem


def name_of(path: Path) -> str:
    """What people call the log: its file name without the suffixes that tell its form."""
    while path.suffix.lower() in _SUFFIXES:
        path = path.with_suffix("")
    return path.name


def _no_access(path: Path, problem: OSError) -> UnreadableLog:
    return UnreadableLog(
        f"{path} cannot be read ({problem.strerror or problem}): check the path and the rights"
    )


class _Gzipped(io.RawIOBase):
    """The content of a gzip file up to where it is cut or damaged; then the flaw is an EOFError."""

    def __init__(self, raw: io.BufferedReader) -> None:
        self._file = gzip.GzipFile(fileobj=raw)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # any buffer will do
        try:
            piece = self._file.read1(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise EOFError("the compressed file is cut off or damaged here") from None
        buffer[: len(piece)] = piece
        return len(piece)


def _is_xml(beginning: bytes) -> bool:
    return beginning.removeprefix(_BOM).lstrip().startswith(b"<")
