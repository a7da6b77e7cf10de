"""What came of the day: read from the public doors, counted, and said in one line."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from simulator.day import picture
from simulator.day.judge import Findings, judge_calls, judge_numbers
from simulator.day.stage import Stage
from simulator.platform import Calls

_PAGE = 500
_DIGEST_DIGITS = 12


@dataclass
class Report:
    """Counts, findings, and a digest: equal digests mean equal days."""

    visits: int
    stage: Stage
    findings: Findings = field(default_factory=Findings)
    digest: str = ""
    absent: int = 0
    late: int = 0
    lapsed: int = 0

    @property
    def is_good(self) -> bool:
        """Nothing is wrong with the platform; what went wrong in the mall was planned."""
        return self.findings.is_good

    @property
    def line(self) -> str:
        """The last line, for people and programs."""
        found, outcome = self.findings, self.stage.outcome
        return (
            f"day: visits={self.visits} tickets={outcome.tickets} gaps={found.gaps} "
            f"repeats={found.repeats} double_calls={found.double_calls} "
            f"oversold={found.oversold} off_rule={found.off_rule} booked={outcome.booked} "
            f"stayed_away={outcome.stayed_away} turned_away={len(outcome.turned_away)} "
            f"no_shows={outcome.no_shows} transferred={outcome.transferred} "
            f"offline={outcome.offline} lapsed={self.lapsed} absent={self.absent} "
            f"late={self.late} answered={outcome.answered} digest={self.digest}"
        )


async def reported(stage: Stage, visits: int) -> Report:
    """Read the lines, the sessions and who was present, and judge them."""
    report = Report(visits, stage)
    calls, mall = stage.calls, stage.script.mall
    digest = hashlib.sha256()
    for series, numbers in sorted(_by_series(stage.labels).items()):
        judge_numbers(report.findings, series, numbers)
    lines = await calls.get("queue", "/v1/lines", mall=mall)
    for line in sorted(lines, key=lambda one: str(one["service"])):
        steps = await _steps(calls, line["line_id"])
        judge_calls(report.findings, line["service"], steps, await _rings(calls, steps))
        report.lapsed += sum(step["what"] == "lapsed" for step in steps)
        for step in steps:
            digest.update(_words_of(step, stage).encode())
    report.digest = digest.hexdigest()[:_DIGEST_DIGITS]
    if stage.outcome.oversold:
        what = "places given in full sessions"
        report.findings.add("oversold", what, stage.outcome.oversold)
    await _presence(report)
    return report


def _by_series(labels: Sequence[str]) -> dict[str, list[int]]:
    """Numbers by what stands before them on the paper: `KTP-`, or `KTP-B` of a kiosk's own."""
    found: dict[str, list[int]] = {}
    for label in labels:
        series = label.rstrip("0123456789")
        found.setdefault(series, []).append(int(label[len(series) :]))
    return found


async def _steps(calls: Calls, line_id: str) -> list[dict[str, Any]]:
    """All steps of a line, page by page."""
    steps: list[dict[str, Any]] = []
    while True:
        path = f"/v1/lines/{line_id}/steps"
        page = await calls.get("queue", path, after=len(steps), limit=_PAGE)
        steps += page["steps"]
        if len(page["steps"]) < _PAGE:
            return steps


async def _rings(calls: Calls, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The slots of every policy that a call names."""
    stamps = {
        (step["policy"], step["policy_version"]) for step in steps if step["what"] == "called"
    }
    found = {}
    for code, version in sorted(stamps):
        policy = await calls.get("queue", f"/v1/policies/{code}/{version}")
        found[f"{code}@{version}"] = policy["terms"]["slots"]
    return found


def _words_of(step: Mapping[str, Any], stage: Stage) -> str:
    """What must be the same in each play of a seed: everything but ids that are drawn anew."""
    present = stage.present.get(step["ticket_id"])
    kept = [step[name] for name in ("what", "step", "lane", "counter", "turn", "at")]
    return "|".join(map(str, [*kept, present and present.visit.number])) + "\n"


async def _presence(report: Report) -> None:
    script = report.stage.script
    found = await report.stage.calls.get(
        "queue", "/v1/presence", mall=script.mall, date=f"{script.opening.opens_at:%Y-%m-%d}"
    )
    for one in found:
        if one["absent_at"] is not None:
            late = one["present_at"] is not None
            report.late += late
            report.absent += not late


def show(report: Report, console: Console) -> None:
    """For people: waiting by agency, what went wrong, and what must not have been."""
    stage = report.stage
    waits = Table("agency", "served", "median wait", "longest wait", box=None)
    for agency, (count, middle, longest) in picture.table(stage.outcome.served).items():
        waits.add_row(agency, str(count), f"{middle:.0f} min", f"{longest:.0f} min")
    console.print(waits)
    for trouble in stage.script.troubles:
        who = "the whole mall" if trouble.agency is None else trouble.agency
        span = f"{trouble.from_at:%H.%M} to {trouble.until_at:%H.%M}"
        console.print(f"{span}  {who}: {trouble.what}")
    for example in report.findings.examples:
        console.print(f"[red]{example}[/red]")
