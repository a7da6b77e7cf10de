"""What a run says: the checker's verdict, the table of faults, and the closing line."""

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos.recovery import SLOWEST_ALLOWED, Row

CHECKER = "checker"
CHECKER_SECONDS = 900
WRONGS = ("lost", "doubled", "misordered", "illegal")
HEADERS = ("fault", "times", "min s", "median s", "max s")


@dataclass(frozen=True)
class Judged:
    """One check of the checker, and how many things it examined."""

    id: str
    title: str
    examined: int
    holds: bool


@dataclass
class Outcome:
    """What came of a run."""

    seed: int
    brokers: int
    commands: int
    faults: int
    slowest: float
    rows: list[Row]
    complaints: list[str] = field(default_factory=list)
    """Whatever else was not as it must be, one sentence each."""
    counts: dict[str, int] = field(default_factory=dict)
    asked_while_away: int = 0
    accepted_while_away: int = 0
    checks: list[Judged] = field(default_factory=list)
    """What the independent checker looked at."""
    postgres: str = ""
    """The version of the server."""
    when: str = ""
    options: str = ""
    """The command line that repeats the whole run."""

    @property
    def is_good(self) -> bool:
        """Nothing lost, doubled, out of order or illegal, and everything back in time."""
        return (
            not any(self.counts.get(name, 0) for name in WRONGS)
            and not self.complaints
            and self.slowest <= SLOWEST_ALLOWED
        )

    @property
    def last_line(self) -> str:
        """The line that machines read."""
        wrongs = " ".join(f"{name}={self.counts.get(name, 0)}" for name in WRONGS)
        return (
            f"chaos: commands={self.commands} faults={self.faults} {wrongs} "
            f"slowest_recovery={_seconds(self.slowest)} s"
        )


def has_checker() -> bool:
    """Whether the independent checker is there."""
    return find_spec(CHECKER) is not None


def check(folder: Path, outcome: Outcome) -> None:
    """Let the independent checker judge the run, and take over what it says."""
    if not has_checker():
        outcome.complaints.append("there is no independent checker here: the run was not judged")
        return
    command = [sys.executable, "-m", CHECKER, str(folder)]
    ended = subprocess.run(command, timeout=CHECKER_SECONDS, check=False)
    verdict = folder / "verdict.json"
    if not verdict.exists():
        outcome.complaints.append(f"the checker gave no verdict, exit code {ended.returncode}")
        return
    said: dict[str, Any] = json.loads(verdict.read_text(encoding="utf-8"))
    for name in WRONGS:
        outcome.counts[name] = outcome.counts.get(name, 0) + int(said[name])
    for one in said["checks"]:
        outcome.checks.append(Judged(one["id"], one["title"], one["examined"], one["holds"]))
        if not one["examined"]:
            outcome.complaints.append(f"{one['id']} {one['title']}: there was nothing to examine")
        elif not one["holds"]:
            first = "; ".join(map(str, one["violations"][:3]))
            outcome.complaints.append(f"{one['id']} {one['title']} does not hold: {first}")


def show(outcome: Outcome, console: Console) -> None:
    """Print the table, the complaints, and the closing line as the last one."""
    table = Table(*HEADERS, title=f"Recovery by kind of fault, {outcome.brokers} broker(s)")
    for row in outcome.rows:
        table.add_row(*cells(row), style="red" if row.slowest > SLOWEST_ALLOWED else None)
    console.print(table)
    if outcome.asked_while_away:
        console.print(
            f"While Kafka was away {outcome.accepted_while_away} of {outcome.asked_while_away} "
            "commands were accepted."
        )
    for complaint in outcome.complaints:
        console.print(f"[red]{complaint}[/red]", highlight=False)
    console.file.write(outcome.last_line + "\n")
    console.file.flush()


def keep(outcome: Outcome, folder: Path) -> None:
    """Write the outcome beside the history."""
    content = {**asdict(outcome), "good": outcome.is_good, "line": outcome.last_line}
    text = json.dumps(content, indent=1, default=str) + "\n"
    (folder / "outcome.json").write_text(text, encoding="utf-8")


def kept(folder: Path) -> Outcome:
    """What `keep` wrote. Raises OSError and ValueError when there is nothing of the kind."""
    content = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    try:
        found = Outcome(**{one.name: content[one.name] for one in fields(Outcome)})
        found.rows = [Row(**row) for row in content["rows"]]
        found.checks = [Judged(**one) for one in content["checks"]]
    except (KeyError, TypeError) as problem:
        raise ValueError(f"{folder} holds no outcome of today's form") from problem
    return found


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """Several phases as one; its line has the sums and the slowest recovery."""
    first = outcomes[0]
    return Outcome(
        first.seed,
        0,
        sum(one.commands for one in outcomes),
        sum(one.faults for one in outcomes),
        max(one.slowest for one in outcomes),
        [],
        [each for one in outcomes for each in one.complaints],
        {name: sum(one.counts.get(name, 0) for one in outcomes) for name in WRONGS},
    )


def cells(row: Row) -> tuple[str, ...]:
    """A row of the table of faults."""
    times = (row.fastest, row.median, row.slowest)
    return (row.kind, str(row.times), *map(_seconds, times))


def _seconds(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:.1f}"
