"""`python -m checker DIRECTORY`: judge one run. 0 when everything holds, 1 when not, 2 unreadable.

`--allow-empty` lets a check hold that had nothing to examine.
"""

import argparse
import asyncio
import sys
from pathlib import Path

import asyncpg
from confluent_kafka import KafkaException

from checker import reading, verdict


def main(arguments: list[str]) -> int:
    """Read, judge, print, and write `verdict.json`; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m checker", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--allow-empty", action="store_true")
    chosen = parser.parse_args(arguments)
    try:
        evidence = asyncio.run(reading.gather(chosen.directory))
    except (OSError, ValueError, KeyError, asyncpg.PostgresError, KafkaException) as problem:
        print(f"the run cannot be read: {type(problem).__name__}: {problem}", file=sys.stderr)
        return 2
    checks = verdict.judge(evidence)
    verdict.write(verdict.as_json(checks, allow_empty=chosen.allow_empty), chosen.directory)
    print(verdict.table(checks, allow_empty=chosen.allow_empty))
    return 0 if all(verdict.is_good(one, allow_empty=chosen.allow_empty) for one in checks) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
