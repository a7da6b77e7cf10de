"""What a run says: the table of faults, the closing line, and the table in the documents."""

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos.recovery import SLOWEST_ALLOWED, Row

CHECKER = "checker"
CHECKER_SECONDS = 900
WRONGS = ("lost", "doubled", "misordered", "illegal")
BEGIN, END = "<!-- chaos:begin -->", "<!-- chaos:end -->"
HEADERS = ("fault", "times", "min s", "median s", "max s")


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
        if not one["holds"]:
            first = "; ".join(map(str, one["violations"][:3]))
            outcome.complaints.append(f"{one['id']} {one['title']} does not hold: {first}")


def show(outcome: Outcome, console: Console) -> None:
    """Print the table, the complaints, and the closing line as the last one."""
    table = Table(*HEADERS, title=f"Recovery by kind of fault, {outcome.brokers} broker(s)")
    for row in outcome.rows:
        table.add_row(*_cells(row), style="red" if row.slowest > SLOWEST_ALLOWED else None)
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


def put_into(page: Path, outcomes: Sequence[Outcome], when: str) -> None:
    """Replace what stands between the marks of a page. ValueError when it has none."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{page} has no place for a run: {BEGIN} and {END}")
    told = "\n".join(_markdown(one, when) for one in outcomes)
    page.write_text(f"{before}{begin}\n{told}{end}{after}", encoding="utf-8")


def _markdown(outcome: Outcome, when: str) -> str:
    lines = [HEADERS, ("---",) * len(HEADERS), *map(_cells, outcome.rows)]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    away = f"{outcome.accepted_while_away} of {outcome.asked_while_away}"
    verdict = "All checks hold." if outcome.is_good else "Not all checks hold:"
    complaints = "".join(f"\n- {one}" for one in outcome.complaints)
    return (
        f"{when}, seed {outcome.seed}, {outcome.brokers} broker(s); accepted while Kafka was away: "
        f"{away}. {verdict}{complaints}\n\n`{outcome.last_line}`\n\n{rows}\n"
    )


def _cells(row: Row) -> tuple[str, ...]:
    times = (row.fastest, row.median, row.slowest)
    return (row.kind, str(row.times), *map(_seconds, times))


def _seconds(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:.1f}"
