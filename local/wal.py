"""An archive of PostgreSQL's log of changes (WAL): what a folder holds, and whether it is whole.

Replay ends silently at the first record that cannot be read, be it the end or damage. So every
record is read here before, and the end is held against what was known to be on disk.
"""

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local import postgres_binaries
from local.errors import StackError

SEGMENT_BYTES = 16 * 1024 * 1024
_PER_GROUP = 2**32 // SEGMENT_BYTES
_HEADER_BYTES = 40
_FAR = 2**63
_NAME = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.partial)?")
_POSITION = re.compile(r"\b([0-9A-F]{1,8})/([0-9A-F]{1,8})\b")


@dataclass(frozen=True)
class Segment:
    """A file of 16 MiB; `number` counts from the beginning of the log, on whatever timeline."""

    file: Path
    timeline: int
    number: int

    @property
    def is_partial(self) -> bool:
        """Whether it was still being written when following stopped."""
        return self.file.suffix == ".partial"

    @property
    def name(self) -> str:
        """What PostgreSQL calls it when it is complete."""
        return self.file.name.removesuffix(".partial")


@dataclass(frozen=True)
class Span:
    """What a base backup needs to be consistent: a timeline, and positions in bytes."""

    timeline: int
    start: int
    end: int


@dataclass(frozen=True)
class Log:
    """What can be replayed after a base backup, up to the position `end`.

    `problem` says why that is not all which was archived; it is empty when it is.
    """

    segments: tuple[Segment, ...]
    end: int
    problem: str = ""


def position(text: str) -> int:
    """The position that PostgreSQL writes as two numbers; ValueError when it is none."""
    match = _POSITION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no position in a log.")
    return (int(match[1], 16) << 32) + int(match[2], 16)


def span_of(data: Path) -> Span:
    """What the base backup in this data directory needs, by its own manifest."""
    manifest = json.loads((data / "backup_manifest").read_text(encoding="utf-8"))
    last = manifest["WAL-Ranges"][-1]
    return Span(last["Timeline"], position(last["Start-LSN"]), position(last["End-LSN"]))


def segments(folder: Path) -> list[Segment]:
    """The segments in a folder, in order; of a complete and a partial one the complete."""
    found: dict[tuple[int, int], Segment] = {}
    for file in sorted(folder.iterdir(), reverse=True) if folder.exists() else []:
        match = _NAME.fullmatch(file.name)
        if match is not None:
            timeline, group, rest = (int(part, 16) for part in match.groups()[:3])
            number = group * _PER_GROUP + rest
            found[number, timeline] = Segment(file, timeline, number)  # ".partial" comes first
    return [found[key] for key in sorted(found)]


def discard_unfilled(folder: Path) -> list[Path]:
    """Delete segments that were being made when the follower died, and the deleted names.

    pg_receivewal fills a new one with zeros before it writes into it, and refuses to go on with
    one of another size. Nothing was in it: the server still has what belongs there.
    """
    doomed = [
        one.file
        for one in segments(folder)
        if one.is_partial and one.file.stat().st_size not in (0, SEGMENT_BYTES)
    ]
    for file in doomed:
        file.unlink()
    return doomed


def on_disk(folder: Path, since: int) -> int:
    """Where the readable records end, looked for in the segments from the position `since` on."""
    found = [one for one in segments(folder) if one.number >= _last(since)]
    usable, _ = _chain(found, Span(found[0].timeline, 0, _FAR)) if found else ([], "")
    return max(since, _records(usable)[0]) if usable else since


def read(folder: Path, needed: Span, flushed: int) -> Log:
    """Look at every segment and every record in it; `flushed` is what surely was on disk."""
    usable, problem = _chain(segments(folder), needed)
    if not usable:
        return Log((), 0, problem or ("all segments are missing" if flushed else ""))
    end, reason = _records(usable)
    last = usable[-1]
    if not problem and (end < flushed or end // SEGMENT_BYTES < last.number):
        missing = end == (last.number + 1) * SEGMENT_BYTES
        problem = f"segments after {last.name} are missing" if missing else f"damaged: {reason}"
    return Log(tuple(usable), end, problem)


def _chain(found: Sequence[Segment], needed: Span) -> tuple[list[Segment], str]:
    """Those that follow each other without a gap from the base backup on, and what ends them."""
    whole = [one for one in found if one.file.stat().st_size == SEGMENT_BYTES]
    chain: list[Segment] = []
    for one in found:
        if one.timeline != needed.timeline:
            return chain, (
                f"{one.file.name} is of timeline {one.timeline}, the backup of {needed.timeline}"
            )
        expected = chain[-1].number + 1 if chain else min(one.number, _last(needed.end))
        if one.number != expected:
            return chain, f"segments are missing before {one.name}"
        if one not in whole:
            if one.is_partial and one is found[-1]:
                return chain, ""  # made, and nothing written into it yet
            return chain, f"{one.file.name} has {one.file.stat().st_size} bytes"
        if chain and chain[-1].is_partial:
            return chain, f"{chain[-1].file.name} ends before {one.name} begins"
        chain.append(one)
    return chain, ""


def _records(usable: Sequence[Segment]) -> tuple[int, str]:
    """Where the readable records end, and what PostgreSQL says of the next one."""
    first = usable[0]
    with first.file.open("rb") as file:
        if not any(file.read(_HEADER_BYTES)):
            return first.number * SEGMENT_BYTES, f"nothing was written into {first.file.name}"
    with tempfile.TemporaryDirectory(prefix="loket-wal-") as folder:
        for one in usable:
            (Path(folder) / one.name).symlink_to(one.file.resolve())
        program = str(postgres_binaries.directory() / "pg_waldump")
        done = subprocess.run(  # noqa: S603 - the command is ours
            [program, "--quiet", f"--path={folder}", usable[0].name, usable[-1].name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=postgres_binaries.SECONDS,
            check=False,
        )
    if done.returncode == 0:
        return (usable[-1].number + 1) * SEGMENT_BYTES, ""
    reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
    where = _POSITION.findall(reason)
    if not where:
        raise StackError(f"pg_waldump failed: {done.stderr.strip()[-500:]}")
    return position("/".join(where[-1])), reason.removeprefix("pg_waldump: error: ")


def _last(end: int) -> int:
    """The segment of the last byte before a position."""
    return max(0, end - 1) // SEGMENT_BYTES
