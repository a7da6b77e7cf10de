"""Where a process spends its processor time: its Python stack, looked at every few milliseconds.

The timer counts processor time, so waiting costs nothing; time in C belongs to its Python caller.
"""

import atexit
import json
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

# Linux rounds it up to its tick, 4 ms as a rule.
INTERVAL_SECONDS = 0.001
_DEEPEST = 60
Stack = tuple[str, ...]


class Sampler:
    """Counts stacks of the main thread. SIGUSR1 writes the counts to the file and starts anew."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stacks: Counter[Stack] = Counter()
        self._cpu = time.process_time()

    def start(self) -> None:
        """Begin; only in the main thread."""
        signal.signal(signal.SIGPROF, self._look)
        signal.signal(signal.SIGUSR1, self._write)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
        # An interpreter that ends gives the signal back to the system, which would kill it.
        atexit.register(signal.setitimer, signal.ITIMER_PROF, 0)

    def _look(self, _number: int, frame: FrameType | None) -> None:
        names: list[str] = []
        while frame is not None and len(names) < _DEEPEST:
            names.append(_name(frame))
            frame = frame.f_back
        self._stacks[tuple(names)] += 1

    def _write(self, _number: int, _frame: FrameType | None) -> None:
        stacks, self._stacks = self._stacks, Counter()
        cpu, self._cpu = time.process_time() - self._cpu, time.process_time()
        found = {"cpu": cpu, "stacks": [[*names, count] for names, count in stacks.items()]}
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(found), encoding="utf-8")
        part.replace(self._file)


@dataclass(frozen=True, slots=True)
class Profile:
    """Counted stacks, innermost frame first, and the processor seconds that they stand for."""

    cpu: float
    stacks: Sequence[tuple[Stack, int]]

    @property
    def samples(self) -> int:
        """How often was looked."""
        return sum(count for _, count in self.stacks)

    def own(self) -> Counter[str]:
        """Samples by the innermost function."""
        found: Counter[str] = Counter()
        for names, count in self.stacks:
            found[names[0]] += count
        return found

    def total(self) -> Counter[str]:
        """Samples by every function on the stack, each once."""
        found: Counter[str] = Counter()
        for names, count in self.stacks:
            for name in set(names):
                found[name] += count
        return found


def read(file: Path) -> Profile:
    """What a sampler has written."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return Profile(found["cpu"], [(tuple(names), count) for *names, count in found["stacks"]])


def _name(frame: FrameType) -> str:
    module = frame.f_globals.get("__name__", "?")
    return f"{module}:{frame.f_code.co_qualname}"


def install(file: Path) -> None:
    """Sample this process from now on."""
    Sampler(file).start()
