"""A real server is followed by a real pg_receivewal; then its archive is spoilt in many ways."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from local import following, postgres_binaries, wal
from local.errors import StackError
from local.postgres import Postgres
from local.wal import SEGMENT_BYTES, Log, Span

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@dataclass
class Archive:
    """A folder that follows a server in a thread of its own."""

    postgres: Postgres
    folder: Path
    slot: str
    told: list[str] = field(default_factory=list)
    problem: Exception | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def start(self) -> None:
        self.stop.clear()
        self.thread = threading.Thread(target=self._follow)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.join()

    def join(self) -> None:
        assert self.thread is not None
        self.thread.join(30)
        assert not self.thread.is_alive()

    def _follow(self) -> None:
        server = lambda: self.postgres.server  # noqa: E731 - its port may change
        try:
            following.follow(self.folder, self.slot, server, self.stop, self.told.append)
        except StackError as problem:
            self.problem = problem

    def read(self) -> Log:
        segments = self.folder / following.FOLDER
        return wal.read(segments, Span(1, 0, 2**63), following.flushed(self.folder))


@pytest.fixture(scope="module")
def postgres(open_folder: Path) -> Iterator[Postgres]:
    server = Postgres(open_folder / "postgres")
    asyncio.run(server.start())
    yield server
    server.kill()


@pytest.fixture
def archive(postgres: Postgres, tmp_path: Path) -> Iterator[Archive]:
    made = Archive(postgres, tmp_path, asyncio.run(following.make_slot(postgres.server)))
    yield made
    made.stop.set()
    if made.thread is not None:
        made.thread.join(30)


@pytest.fixture(scope="module")
def template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three segments and a partial one, to be copied and spoilt."""
    folder = tmp_path_factory.mktemp("archive")
    archive = Archive(postgres, folder, asyncio.run(following.make_slot(postgres.server)))
    archive.start()
    for _ in range(3):
        asyncio.run(work(postgres))
        asyncio.run(execute(postgres, "SELECT pg_switch_wal()"))
    asyncio.run(work(postgres))
    level(archive)
    archive.end()
    asyncio.run(following.drop_slot(postgres.server, archive.slot))
    return folder


@pytest.fixture
def copy(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template, tmp_path / "copy") / following.FOLDER


async def execute(postgres: Postgres, *statements: str) -> None:
    connection = await postgres.server.connect()
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def work(postgres: Postgres) -> None:
    await execute(
        postgres,
        "CREATE TABLE IF NOT EXISTS facts (id bigint, body text)",
        "INSERT INTO facts SELECT id, repeat(md5(id::text), 40) FROM generate_series(1, 500) id",
    )


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition. The bound is far beyond what it takes."""
    for _ in range(300):
        if true():
            return
        threading.Event().wait(0.1)
    pytest.fail("It did not come true within 30 s.")


def level(archive: Archive) -> None:
    """Wait until the archive has all that is committed, and has noted that."""
    wanted = asyncio.run(flushed_by(archive.postgres))
    until(lambda: following.flushed(archive.folder) >= wanted)


def is_level(archive: Archive) -> bool:
    """Whether the server was told that all which is committed is on the archive's disk."""
    found = asyncio.run(following.followers(archive.postgres.server))
    return any(one.slot == archive.slot and one.active and one.behind_bytes == 0 for one in found)


async def flushed_by(postgres: Postgres) -> int:
    connection = await postgres.server.connect()
    try:
        return wal.position(await connection.fetchval("SELECT pg_current_wal_flush_lsn()::text"))
    finally:
        await connection.close()


def receiver(archive: Archive) -> psutil.Process | None:
    for child in psutil.Process().children():
        if child.name() == "pg_receivewal" and f"--slot={archive.slot}" in child.cmdline():
            return child
    return None


def names(folder: Path) -> list[str]:
    return [one.file.name for one in wal.segments(folder)]


def judge(folder: Path, span: Span | None = None) -> Log:
    return wal.read(folder, span or Span(1, 0, 2**63), following.flushed(folder.parent))


def test_an_archive_that_was_followed_is_whole(copy: Path) -> None:
    log = judge(copy)
    assert log.problem == ""
    assert len(log.segments) >= 4
    assert log.end >= following.flushed(copy.parent) > 3 * SEGMENT_BYTES
    assert [one.is_partial for one in log.segments][-2:] == [False, True]


def test_a_follower_that_is_killed_inside_a_segment_goes_on(archive: Archive) -> None:
    archive.start()
    asyncio.run(work(archive.postgres))
    level(archive)
    doomed = receiver(archive)
    assert doomed is not None
    doomed.kill()
    asyncio.run(work(archive.postgres))
    level(archive)
    archive.end()
    log = archive.read()
    assert (archive.problem, log.problem) == (None, "")
    assert len(archive.told) == 2


def test_the_follower_outlives_a_restart_of_the_server(archive: Archive) -> None:
    archive.start()
    asyncio.run(work(archive.postgres))
    level(archive)
    asyncio.run(archive.postgres.restart())
    asyncio.run(work(archive.postgres))
    level(archive)
    archive.end()
    assert (archive.problem, archive.read().problem) == (None, "")


def test_a_segment_that_was_being_made_is_made_again(archive: Archive) -> None:
    archive.start()
    asyncio.run(work(archive.postgres))
    level(archive)
    archive.end()
    last = archive.read().segments[-1]
    torn = last.file.with_name(f"0000000100000000{last.number + 1:08X}.partial")
    torn.write_bytes(bytes(8192))
    assert archive.read().problem == ""
    archive.start()
    asyncio.run(work(archive.postgres))
    level(archive)
    archive.end()
    assert (archive.problem, archive.read().problem) == (None, "")


def test_one_folder_has_one_follower(archive: Archive) -> None:
    archive.start()
    level(archive)
    second = Archive(archive.postgres, archive.folder, archive.slot)
    second.start()
    second.join()
    assert "is followed already" in str(second.problem)


def test_an_archive_whose_place_is_gone_is_not_continued(archive: Archive) -> None:
    archive.start()
    level(archive)
    archive.end()
    asyncio.run(following.drop_slot(archive.postgres.server, archive.slot))
    archive.start()
    archive.join()
    assert "Make a new backup" in str(archive.problem)


def test_an_archive_that_lost_its_newest_segment_is_not_continued(archive: Archive) -> None:
    archive.start()
    level(archive)
    archive.end()
    archive.read().segments[-1].file.unlink()
    archive.start()
    archive.join()
    assert "newest segments are missing" in str(archive.problem)


@pytest.mark.parametrize("first", ["server", "follower"])
def test_what_came_after_the_last_look_at_the_server_is_known_to_be_there(
    archive: Archive, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_SECONDS", 3600.0)
    archive.start()
    until(lambda: is_level(archive))
    asyncio.run(execute(archive.postgres, "SELECT pg_switch_wal()"))
    asyncio.run(work(archive.postgres))
    until(lambda: is_level(archive))
    wanted = asyncio.run(flushed_by(archive.postgres))
    if first == "server":
        asyncio.run(archive.postgres.stop())
        archive.end()
        asyncio.run(archive.postgres.start())
    else:
        archive.end()
    assert following.flushed(archive.folder) >= wanted
    assert (archive.problem, archive.read().problem) == (None, "")
    archive.read().segments[-1].file.unlink()
    assert "are missing" in archive.read().problem


def test_what_a_killed_follower_could_not_note_is_noted_by_the_next(copy: Path) -> None:
    end = judge(copy).end
    (copy.parent / following.STATE).unlink()
    told: list[str] = []
    following._note_end(copy.parent, told.append)
    assert (following.flushed(copy.parent), told) == (end, [])


def test_where_the_records_end_is_found_from_any_position_on(copy: Path) -> None:
    end, last = judge(copy).end, wal.segments(copy)[-1]
    for since in (0, end - SEGMENT_BYTES, last.number * SEGMENT_BYTES, end, end + 1):
        assert wal.on_disk(copy, since) == max(end, since)
    for one in wal.segments(copy):
        one.file.write_bytes(bytes(SEGMENT_BYTES))
    assert wal.on_disk(copy, 0) == wal.segments(copy)[0].number * SEGMENT_BYTES
    assert wal.on_disk(copy.parent / "none", 7) == 7


def test_a_gap_is_found(copy: Path) -> None:
    gone = names(copy)[1]
    (copy / gone).unlink()
    log = judge(copy)
    assert log.problem == f"segments are missing before {names(copy)[1]}"
    assert len(log.segments) == 1


def test_a_gap_after_the_backup_is_found(copy: Path) -> None:
    first = wal.segments(copy)[0].number
    log = judge(copy, Span(1, 0, first * SEGMENT_BYTES))
    assert log.problem == f"segments are missing before {names(copy)[0]}"
    assert log.segments == ()


def test_a_missing_end_is_found(copy: Path) -> None:
    (copy / names(copy)[-1]).unlink()
    assert judge(copy).problem == f"segments after {names(copy)[-1]} are missing"


def test_another_timeline_is_found(copy: Path) -> None:
    assert "is of timeline 1, the backup of 2" in judge(copy, Span(2, 0, 2**63)).problem


def test_a_short_segment_is_found(copy: Path) -> None:
    name = names(copy)[1]
    with (copy / name).open("r+b") as file:
        file.truncate(8192)
    assert judge(copy).problem == f"{name} has 8192 bytes"


@pytest.mark.parametrize("which", [0, 1, -1])
def test_flipped_bytes_are_found(copy: Path, which: int) -> None:
    segment = wal.segments(copy)[which]
    content = bytearray(segment.file.read_bytes())
    place = max(20_000, len(content.rstrip(b"\0")) // 2)
    for each in range(place, place + 16):  # a single one may lie in the padding between records
        content[each] ^= 1
    segment.file.write_bytes(content)
    log = judge(copy)
    assert log.problem.startswith("damaged: ")
    assert log.end <= segment.number * SEGMENT_BYTES + place + 16


def test_an_end_at_any_page_is_an_end_and_no_damage(copy: Path) -> None:
    last = wal.segments(copy)[-1]
    content = last.file.read_bytes()
    used = len(content.rstrip(b"\0"))
    assert used > 10 * 8192
    for cut in range(0, used, 8192):
        last.file.write_bytes(content[:cut] + bytes(len(content) - cut))
        known = last.number * SEGMENT_BYTES + cut
        log = wal.read(copy, Span(1, 0, 2**63), known)
        assert (log.problem, log.end >= known) == ("", True), cut


def test_nothing_archived_yet_is_no_damage(tmp_path: Path) -> None:
    assert wal.read(tmp_path / "none", Span(1, 0, 1), 0) == Log((), 0)
    assert wal.read(tmp_path / "none", Span(1, 0, 1), 1).problem == "all segments are missing"


def test_the_programs_are_there() -> None:
    programs = {file.name for file in postgres_binaries.directory().iterdir()}
    assert {"pg_receivewal", "pg_waldump"} <= programs
