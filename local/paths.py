"""Where run-time data, caches and logs live, and which of these places another uid can reach."""

import hashlib
import os
import shutil
import stat
from pathlib import Path

from local.errors import NotEnoughDisk, Unsupported

REPOSITORY = Path(__file__).resolve().parent.parent


def home() -> Path:
    """The directory of all run-time data: LOKET_HOME, or `.loket` in the repository."""
    chosen = os.environ.get("LOKET_HOME")
    return Path(chosen).expanduser().resolve() if chosen else REPOSITORY / ".loket"


def cache() -> Path:
    """The directory of fetched jars and unpacked binaries; it can be deleted at any time."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "loket"


def fallback(key: Path) -> Path:
    """The directory below /var/tmp that stands in for one an unprivileged uid cannot reach.

    Claim it before use: it is only a name until then.
    """
    digest = hashlib.sha256(str(key).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"loket-{digest}"  # noqa: S108 - `claim` looks at its owner


def claim(place: Path) -> Path:
    """Make a directory that only we can write.

    Raises Unsupported when somebody else already owns it, because its content could not be trusted.
    """
    place.mkdir(mode=0o755, exist_ok=True)
    found = place.lstat()
    writable_by_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or writable_by_others:
        raise Unsupported(
            f"{place} is not a directory that only this user can write: remove it, or set "
            "LOKET_HOME and XDG_CACHE_HOME to directories that all users can enter."
        )
    return place


def reachable_by_others(path: Path) -> bool:
    """Whether every existing part of the path lets other users pass."""
    parts = [path, *path.parents]
    return all(part.stat().st_mode & stat.S_IXOTH for part in parts if part.exists())


def need_free_space(place: Path, megabytes: int) -> None:
    """Raise NotEnoughDisk when the disk of `place` has less than that many MB free."""
    existing = next(part for part in (place, *place.parents) if part.exists())
    free = shutil.disk_usage(existing).free // 1_000_000
    if free < megabytes:
        raise NotEnoughDisk(
            f"Only {free} MB are free on the disk of {existing}, {megabytes} MB are needed: make "
            "room, or set LOKET_HOME to a directory on another disk."
        )


def write_private(path: Path, content: str | bytes) -> None:
    """Replace a file atomically; only its owner may read it from the first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    part.replace(path)


def remove(folder: Path) -> None:
    """Delete a directory of ours with all it holds; one that is not there is fine."""
    if folder.exists():
        shutil.rmtree(folder)
