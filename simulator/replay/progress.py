"""Shows how far a replay is: a bar on a terminal, a plain line now and then elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LINE_EVERY_SECONDS = 5.0


class Shown:
    """The progress of one phase. Use as a context manager."""

    def __init__(self, console: Console, title: str, total: int) -> None:
        self._console = console
        self._title, self._total = title, total
        self._done = self._refused = 0
        self._begun = time.monotonic()
        self._told_at = float("-inf")
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.0f}/s, {task.fields[refused]} refused"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(title, total=total, rate=0.0, refused=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def advance(self, events: int, refused: int = 0) -> None:
        """So many events more are done."""
        self._done += events
        self._refused += refused
        now = time.monotonic()
        rate = self._done / max(now - self._begun, 0.001)
        self._bar.update(self._task, completed=self._done, rate=rate, refused=self._refused)
        if not self._console.is_terminal and now - self._told_at >= LINE_EVERY_SECONDS:
            self._told_at = now
            self._console.print(
                f"{self._title}: {self._done} of {self._total}, {rate:.0f}/s, "
                f"{self._refused} refused",
                highlight=False,
            )
