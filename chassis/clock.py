"""The one place where the time is read. Domains get it with the command.

A rehearsal sets the time with a file (`LOKET_CLOCK_FILE`); in service there is none.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BYTES = 8
_file: int | None = None


def now() -> datetime:
    """The present instant, in UTC; that of the clock file where one is followed."""
    if _file is None:
        return datetime.now(UTC)
    return _EPOCH + timedelta(microseconds=int.from_bytes(os.pread(_file, _BYTES, 0), "little"))


def follow(file: Path | None) -> None:
    """Take the time from this file from now on; from the system again with None.

    It holds eight bytes, microseconds since 1970, the lowest first, and is written in place (see
    `set_file`). Raises OSError when it cannot be read, ValueError when it is shorter.
    """
    global _file  # noqa: PLW0603 - there is one clock
    opened = None if file is None else os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    if opened is not None and len(os.pread(opened, _BYTES, 0)) < _BYTES:
        os.close(opened)
        raise ValueError("a clock file has eight bytes")
    if _file is not None:
        os.close(_file)
    _file = opened


def is_set() -> bool:
    """Whether a file, and not the system, says what time it is."""
    return _file is not None


def set_file(file: Path, instant: datetime) -> None:
    """Write an instant into a clock file in one piece, so that a reader never sees half of it."""
    microseconds = (instant - _EPOCH) // timedelta(microseconds=1)
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(opened, microseconds.to_bytes(_BYTES, "little"), 0)
    finally:
        os.close(opened)
