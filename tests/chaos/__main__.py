"""`python -m tests.chaos`: break the platform on purpose, under load, and check that nothing broke.

It starts a platform of its own, and stops it. Exit status 1 when anything was lost, doubled, out of
order or illegal, when a check does not hold, or when a recovery took longer than 30 s.
"""

import argparse
import asyncio
import logging
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from local import paths
from local.errors import StackError
from tests.chaos import publish, report
from tests.chaos.report import Outcome
from tests.chaos.run import Plan, run
from tests.chaos.target import Target

PAGE = paths.REPOSITORY / "docs" / "reliability.md"
_PATIENCE = 1.5
"""A run on a busy machine may take so many times as long as was asked, then it ends."""
PHASES = (1, 3)
"""Brokers of the phases of a long run, which take turns."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the phases that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="repeats the schedule of an earlier run")
    parser.add_argument("--minutes", type=float, default=30.0, help="of all phases together")
    parser.add_argument("--faults", type=int, default=300, help="at least so many in all")
    parser.add_argument("--brokers", type=int, choices=(1, 2, 3), help="instead of 1 and 3 in turn")
    parser.add_argument("--rate", type=float, default=20.0, help="visits per second")
    parser.add_argument("--home", type=Path, default=paths.REPOSITORY / ".loket" / "chaos")
    parser.add_argument("--smoke", action="store_true", help="short, with one broker")
    parser.add_argument("--publish", action="store_true", help="put a clean run into the documents")
    parser.add_argument(
        "--publish-runs", type=Path, nargs="+", metavar="FOLDER", help="the same with earlier runs"
    )
    chosen = parser.parse_args(arguments)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers that are gone are no news
    # Whoever gives up on us gets the platform stopped all the same.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    console = Console(highlight=False, soft_wrap=True)
    if chosen.publish_runs:
        return 0 if _publish([report.kept(one) for one in chosen.publish_runs], console) else 1
    outcomes = []
    for plan in plans(chosen):
        try:
            outcomes.append(_phase(plan, chosen, console))
        except StackError as problem:
            console.print(str(problem))
            return 2
    if chosen.publish:
        _publish(outcomes, console)
    if len(outcomes) > 1:
        console.file.write(report.together(outcomes).last_line + "\n")
    return 0 if all(one.is_good for one in outcomes) else 1


def _publish(outcomes: Sequence[Outcome], console: Console) -> bool:
    try:
        publish.put_into(PAGE, outcomes)
    except ValueError as problem:
        console.print(f"not published: {problem}")
        return False
    console.print(f"published in {PAGE}")
    return True


def _options(chosen: argparse.Namespace, seed: int) -> str:
    """The command line that repeats the run."""
    if chosen.smoke:
        return f"--smoke --seed {seed} --rate {chosen.rate:g}"
    brokers = f" --brokers {chosen.brokers}" if chosen.brokers else ""
    return (
        f"--seed {seed} --minutes {chosen.minutes:g} --faults {chosen.faults}"
        f" --rate {chosen.rate:g}{brokers}"
    )


def plans(chosen: argparse.Namespace) -> list[Plan]:
    """One plan per phase."""
    seed = chosen.seed if chosen.seed is not None else time.time_ns() % 1_000_000
    if chosen.smoke:
        return [Plan(seed, chosen.brokers or 1, 60.0, 20, chosen.rate, 600.0, dense=True)]
    brokers = (chosen.brokers,) if chosen.brokers else PHASES
    share = len(brokers)
    seconds = chosen.minutes * 60 / share
    return [
        Plan(
            seed,
            number,
            seconds,
            -(-chosen.faults // share),
            chosen.rate,
            _PATIENCE * seconds,
            seconds_after=seconds * (share - place),
        )
        for place, number in enumerate(brokers, start=1)
    ]


def _phase(plan: Plan, chosen: argparse.Namespace, console: Console) -> Outcome:
    """A platform, a run, a verdict."""
    home = chosen.home.resolve()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = home / "runs" / f"{stamp}-seed{plan.seed}-b{plan.brokers}"
    folder.mkdir(parents=True)
    console.print(f"seed {plan.seed}, {plan.brokers} broker(s), run directory {folder}")
    target = Target.start(home / f"stack-{plan.brokers}", plan.brokers, console)
    try:
        target.describe(folder)
        outcome = asyncio.run(run(target, plan, folder, console))
        report.check(folder, outcome)
    finally:
        target.stop()
    outcome.when = datetime.now(UTC).date().isoformat()
    outcome.options = _options(chosen, plan.seed)
    report.keep(outcome, folder)
    report.show(outcome, console)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
