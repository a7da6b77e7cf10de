"""A small synthetic copy of the repository's shape, in which violations are planted."""

import shutil
from pathlib import Path

from tests.architecture.tree import REPOSITORY

_MODULES = {
    "contracts": ("base", "ids", "envelope", "catalog", "booking", "queue"),
    "catalogue": ("checker", "publish"),
    "chassis": ("dispatch", "relay", "database", "clock"),
    "services": (),
    "services/booking": (
        "__main__",
        "wiring",
        "api",
        "consumers",
        "delivery",
        "timers",
        "stream",
        "projection",
        "channels",
        "handlers",
        "store",
        "queries",
        "settings",
        "commands",
        "tables",
    ),
    "services/booking/domain": ("session",),
    "services/queue": ("wiring", "handlers", "domain"),
    "local": ("kafka",),
    "simulator": ("morning",),
    "loket": ("__main__",),
    "checker": ("reading",),
}


def lay_out(root: Path) -> None:
    """Write a tree that keeps every rule."""
    shutil.copy(REPOSITORY / "pyproject.toml", root)
    for package, modules in _MODULES.items():
        for module in ("__init__", *modules):
            plant(root, f"{package}/{module}.py", "")
    plant(root, "services/booking/migrations/0001_create_sessions.sql", "", opening="")


def plant(root: Path, path: str, text: str, opening: str = '"""Planted."""\n\n') -> None:
    """Write one file; Python files open with a docstring, so that only what is planted is wrong."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text((opening if path.endswith(".py") else "") + text + "\n", encoding="utf-8")
