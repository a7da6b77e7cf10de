"""Fetching jars from a repository of our own on the loopback, and the lock that checks them."""

import asyncio
import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local import jars, processes
from local.errors import NoNetwork, WrongChecksum
from local.jars import Jar

CONTENT = b"the bytes of a jar " * 1000
GOOD = Jar("org.example", "thing", "1.0", "", hashlib.sha256(CONTENT).hexdigest())
OTHER = Jar("org.example", "other", "2.0", "linux", GOOD.sha256)


class Repository(BaseHTTPRequestHandler):
    """A repository in which every file has the same content; it can continue a download."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        span = self.headers.get("Range", "")
        self.asked.append((self.path, span))
        first = int(re.sub(r"\D", "", span) or 0)
        self.send_response(206 if span else 200)
        self.send_header("Content-Length", str(len(CONTENT) - first))
        self.end_headers()
        self.wfile.write(CONTENT[first:])

    def log_message(self, format: str, *args: object) -> None:
        """Keep the output of the tests clean."""


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    Repository.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Repository) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/repository"
        monkeypatch.setattr(jars, "MAVEN_CENTRAL_URL", address)
        yield Repository.asked
        server.shutdown()
        thread.join(5)


async def test_missing_jars_are_fetched_from_the_place_their_coordinates_name(
    tmp_path: Path, asked: list[tuple[str, str]]
) -> None:
    pieces: list[int] = []
    assert await jars.fetch(tmp_path, (GOOD, OTHER), pieces.append) == 2
    assert {path for path, _ in asked} == {
        "/repository/org/example/thing/1.0/thing-1.0.jar",
        "/repository/org/example/other/2.0/other-2.0-linux.jar",
    }
    assert sum(pieces) == 2 * len(CONTENT)
    assert names(tmp_path) == {"thing-1.0.jar", "other-2.0-linux.jar"}


async def test_what_is_there_already_is_not_fetched_again(
    tmp_path: Path, asked: list[tuple[str, str]]
) -> None:
    (tmp_path / GOOD.filename).write_bytes(CONTENT)
    assert await jars.fetch(tmp_path, (GOOD,)) == 0
    assert asked == []


async def test_an_interrupted_download_goes_on_where_it_stopped(
    tmp_path: Path, asked: list[tuple[str, str]]
) -> None:
    (tmp_path / f"{GOOD.filename}.part").write_bytes(CONTENT[:700])
    assert await jars.fetch(tmp_path, (GOOD,)) == 1
    assert [span for _, span in asked] == ["bytes=700-"]
    assert (tmp_path / GOOD.filename).read_bytes() == CONTENT


async def test_a_download_with_a_wrong_checksum_is_deleted_and_named(
    tmp_path: Path, asked: list[tuple[str, str]]
) -> None:
    forged = Jar("org.example", "thing", "1.0", "", "0" * 64)
    with pytest.raises(WrongChecksum, match=r"thing-1\.0\.jar\.part .* has been deleted: run the"):
        await jars.fetch(tmp_path, (forged,))
    assert names(tmp_path) == set()


async def test_a_cached_file_that_was_changed_is_deleted_and_named(
    tmp_path: Path, asked: list[tuple[str, str]]
) -> None:
    (tmp_path / GOOD.filename).write_bytes(b"something else")
    with pytest.raises(WrongChecksum, match=r"locked as org\.example:thing:1\.0 "):
        await jars.fetch(tmp_path, (GOOD,))
    assert names(tmp_path) == set()
    assert asked == []


async def test_what_java_learnt_from_other_jars_is_forgotten(
    tmp_path: Path, asked: list[tuple[str, str]]
) -> None:
    (tmp_path / "broker.aot").write_bytes(b"learnt from another jar")
    await jars.fetch(tmp_path, (GOOD,))
    assert not (tmp_path / "broker.aot").exists()


async def test_without_network_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "MAVEN_CENTRAL_URL", f"http://127.0.0.1:{processes.free_port()}")
    monkeypatch.setattr(jars, "RETRY_SECONDS", 0)
    with pytest.raises(NoNetwork, match="check the network and run the command again"):
        await jars.fetch(tmp_path, (GOOD,))


def test_the_lock_holds_coordinates_and_digests_and_no_address() -> None:
    text = jars.LOCK.read_text(encoding="utf-8")
    assert "http" not in text
    assert "://" not in text
    locked = jars.locked()
    assert len({jar.filename for jar in locked}) == len(locked) == 46
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in locked)


def test_the_lock_lets_kafka_log_with_the_log4j_it_brings() -> None:
    versions = {jar.artifact: jar.version for jar in jars.locked()}
    assert versions["kafka_2.13"] == jars.KAFKA_VERSION
    assert versions["log4j-slf4j-impl"] == versions["log4j-core"]


def test_the_cached_jars_are_the_locked_ones() -> None:
    asyncio.run(jars.fetch(jars.directory(), jars.locked()))
    assert jars.missing(jars.directory(), jars.locked()) == ()
