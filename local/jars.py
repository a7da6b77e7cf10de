"""The jars of Apache Kafka: fetched in parallel, resumable, and each checked against the lock.

`kafka-jars.lock` names coordinates and SHA-256 only; the address of the repository is a constant of
the jgo library. `python -m local.jars lock` resolves the closure again, `fetch` fills the cache.
"""

import asyncio
import hashlib
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext, PythonResolver

from local import paths
from local.errors import NoNetwork, WrongChecksum
from local.parallel import together

KAFKA_VERSION = "4.3.1"
LOCK = Path(__file__).with_name("kafka-jars.lock")
PARALLEL = 8
TRIES = 3
RETRY_SECONDS = 1
Advance = Callable[[int], None]


@dataclass(frozen=True)
class Jar:
    """One locked file: its Maven coordinates and the SHA-256 of its bytes (empty while locking)."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def filename(self) -> str:
        """The name of the file in its repository and in our cache."""
        tail = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{tail}.jar"

    @property
    def coordinates(self) -> str:
        """How people and the lock name it."""
        tail = f":{self.classifier}" if self.classifier else ""
        return f"{self.group}:{self.artifact}:{self.version}{tail}"

    @property
    def address(self) -> str:
        """Where it is downloaded from."""
        folder = f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}"
        return f"{MAVEN_CENTRAL_URL}/{folder}/{self.filename}"


def locked(lock: Path = LOCK) -> tuple[Jar, ...]:
    """The jars of the lock file, in its order."""
    lines = [line.split() for line in lock.read_text(encoding="utf-8").splitlines()]
    return tuple(_parse(fields[0], fields[1]) for fields in lines if fields and fields[0] != "#")


def lock_digest(lock: Path = LOCK) -> str:
    """A short name for exactly this set of jars."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:12]


def directory() -> Path:
    """Where the jars of this lock are cached."""
    return paths.cache() / f"kafka-{KAFKA_VERSION}-{lock_digest()}"


def class_path() -> str:
    """The Java class path of the cached jars, in the order of the lock."""
    return ":".join(str(directory() / jar.filename) for jar in locked())


def missing(place: Path, wanted: tuple[Jar, ...]) -> tuple[Jar, ...]:
    """The jars which are not in `place`; a file there with other bytes raises WrongChecksum."""
    absent = []
    for jar in wanted:
        file = place / jar.filename
        if file.exists():
            check(file, jar)
        else:
            absent.append(jar)
    return tuple(absent)


def check(file: Path, jar: Jar) -> None:
    """Delete the file and raise WrongChecksum when its bytes are not the locked ones."""
    found = _sha256(file)
    if found != jar.sha256:
        file.unlink()
        raise WrongChecksum(
            f"{file} was not the file that is locked as {jar.coordinates} (SHA-256 {found} instead "
            f"of {jar.sha256}) and has been deleted: run the command again to fetch it, and if it "
            "happens again, find out what changes downloads on your network."
        )


async def fetch(place: Path, wanted: tuple[Jar, ...], advance: Advance = lambda _: None) -> int:
    """Download what is missing in `place`, check it, and return how many files were new.

    `advance` is told the number of bytes of each piece. An interrupted file is continued next time.
    """
    absent = await asyncio.to_thread(_prepare, place, wanted)
    gate = asyncio.Semaphore(PARALLEL)
    async with httpx.AsyncClient(timeout=30, follow_redirects=True) as client:

        async def one(jar: Jar) -> None:
            async with gate:
                await _download(client, jar, place / jar.filename, advance)

        await together(*(one(jar) for jar in absent))
    return len(absent)


def _prepare(place: Path, wanted: tuple[Jar, ...]) -> tuple[Jar, ...]:
    place.mkdir(parents=True, exist_ok=True)
    absent = missing(place, wanted)
    if absent:  # what Java learnt from other files than these must not be used
        for stale in place.glob("*.aot"):
            stale.unlink()
    return absent


async def _download(client: httpx.AsyncClient, jar: Jar, file: Path, advance: Advance) -> None:
    part = file.with_name(file.name + ".part")
    for attempt in range(1, TRIES + 1):
        try:
            await _receive(client, jar, part, advance)
            break
        except httpx.HTTPError as error:
            if attempt == TRIES:
                raise NoNetwork(
                    f"{jar.coordinates} could not be downloaded ({type(error).__name__}): check "
                    "the network and run the command again; what is there already is kept."
                ) from error
            await asyncio.sleep(RETRY_SECONDS * attempt)
    await asyncio.to_thread(check, part, jar)
    part.replace(file)


async def _receive(client: httpx.AsyncClient, jar: Jar, part: Path, advance: Advance) -> None:
    have = _size(part)
    headers = {"Range": f"bytes={have}-"} if have else {}
    async with client.stream("GET", jar.address, headers=headers) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all bytes were there; the checksum decides
        response.raise_for_status()
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        with open(part, "ab" if resumed else "wb") as file:  # noqa: ASYNC230, PTH123 - tiny writes
            async for piece in response.aiter_bytes():
                file.write(piece)
                advance(len(piece))


def resolve() -> tuple[Jar, ...]:
    """The closure that Kafka needs at run time, as jgo resolves it; no SHA-256 yet.

    Kafka logs through SLF4J and brings log4j without the binding between both, so that is added in
    the version of its log4j.
    """
    with tempfile.TemporaryDirectory() as scratch:
        maven = MavenContext(repo_cache=Path(scratch), resolver=PythonResolver())
        wanted = maven.create_dependency(f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}")
        roots, others = maven.resolver.resolve([wanted])
    found = {
        Jar(item.groupId, item.artifactId, item.version, item.classifier or "", "")
        for item in [*roots, *others]
    }
    log4j = next(jar for jar in found if jar.artifact == "log4j-core")
    found.add(Jar(log4j.group, "log4j-slf4j-impl", log4j.version, "", ""))
    return tuple(sorted(found, key=lambda jar: jar.coordinates))


async def lock_lines() -> list[str]:
    """Resolve and download everything anew and give the lines of a new lock."""
    lines = [f"# closure of kafka_2.13 {KAFKA_VERSION}; made by `python -m local.jars lock`"]
    with tempfile.TemporaryDirectory() as scratch:
        async with httpx.AsyncClient(timeout=30, follow_redirects=True) as client:
            for jar in await asyncio.to_thread(resolve):
                file = Path(scratch) / jar.filename
                await _receive(client, jar, file, lambda _: None)
                lines.append(f"{jar.coordinates} {_sha256(file)}")
    return lines


def _parse(coordinates: str, sha256: str) -> Jar:
    group, artifact, version, *classifier = coordinates.split(":")
    return Jar(group, artifact, version, classifier[0] if classifier else "", sha256)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main(arguments: list[str]) -> int:
    """Run `lock` or `fetch`; the exit code is 2 when neither is asked for."""
    match arguments:
        case ["lock"]:
            LOCK.write_text("\n".join(asyncio.run(lock_lines())) + "\n", encoding="utf-8")
        case ["fetch"]:
            count = asyncio.run(fetch(directory(), locked()))
            print(f"{count} jars fetched into {directory()}")  # noqa: T201 - its output
        case _:
            print("usage: python -m local.jars lock|fetch", file=sys.stderr)  # noqa: T201 - its output
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
