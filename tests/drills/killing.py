"""Killing a part of a platform that is kept running, and seeing when it runs again."""

import contextlib
from pathlib import Path

import psutil

from local import control
from local.errors import StackError
from tests.chaos.faults import kill


def killed(home: Path, name: str) -> bool:
    """SIGKILL it with its children; False when it was down already."""
    with contextlib.suppress(StackError, psutil.NoSuchProcess):
        running = control.find(home, name)
        if running.pid is not None:
            kill(running)
            return True
    return False


def runs(home: Path, name: str) -> bool:
    """Whether it runs and works."""
    with contextlib.suppress(StackError):
        running = control.find(home, name)
        return running.pid is not None and running.state in {"ready", "running"}
    return False
