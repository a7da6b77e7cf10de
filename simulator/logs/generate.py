"""Makes large logs for measuring: `python -m simulator.logs.generate 50000 > big.csv`.

Activities and offices are invented; the same numbers give the same log.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TextIO

HEADER = "case:concept:name,concept:name,time:timestamp,org:group,lifecycle:transition"
OFFICES = ("Front desk", "Land office", "Fire safety", "Environment", "Archive")
STEPS = ("receive file", "check file", "site visit", "advise", "decide", "send decision")
_BEGINNING = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


def events(cases: int, seed: int = 1) -> Iterator[tuple[str, str, datetime, str]]:
    """Case, activity, time and office of each event, about six per case, 40 cases interleaved."""
    lots = random.Random(seed)  # noqa: S311 - repeatable on purpose
    for first in range(0, cases, 40):
        begun = _BEGINNING + timedelta(minutes=first)
        block = range(first, min(first + 40, cases))
        lengths = {number: lots.randint(4, 8) for number in block}
        for step in range(8):
            for number in block:
                if step < lengths[number]:
                    time = begun + timedelta(hours=step, seconds=lots.randint(0, 3000))
                    yield f"case-{number:06d}", STEPS[step % 6], time, lots.choice(OFFICES)


def write_csv(out: TextIO, cases: int, seed: int = 1) -> int:
    """Write them as CSV, and tell how many events there were."""
    out.write(f"{HEADER}\n")
    written = 0
    for case, activity, time, office in events(cases, seed):
        out.write(f"{case},{activity},{time.isoformat()},{office},complete\n")
        written += 1
    return written


def write_xes(out: TextIO, cases: int, seed: int = 1) -> int:
    """Write them as XES, one trace per stay in a case, and tell how many events there were."""
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0">\n')
    written = 0
    for case, activity, time, office in events(cases, seed):
        out.write(
            f'<trace><string key="concept:name" value="{case}"/>\n<event>'
            f'<string key="concept:name" value="{activity}"/>'
            f'<date key="time:timestamp" value="{time.isoformat()}"/>'
            f'<string key="org:group" value="{office}"/>'
            '<string key="lifecycle:transition" value="complete"/></event></trace>\n'
        )
        written += 1
    out.write("</log>\n")
    return written


def main(arguments: list[str]) -> int:
    """Write a log to the standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=int)
    parser.add_argument("--form", choices=["csv", "xes"], default="csv")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    write = write_csv if chosen.form == "csv" else write_xes
    write(sys.stdout, chosen.cases, chosen.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
