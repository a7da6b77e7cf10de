"""The last long run, as it stands in the documents."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from local.jars import KAFKA_VERSION
from tests.chaos import report
from tests.chaos.report import Outcome

BEGIN, END = "<!-- chaos:begin -->", "<!-- chaos:end -->"
HEADERS = ("fault", "times", "fastest", "median", "slowest")
_NUMBERS = {1: "one broker", 2: "two brokers", 3: "three brokers"}
_CLIENTS = ("aiokafka", "asyncpg", "confluent-kafka", "faststream", "sqlalchemy")


def put_into(page: Path, outcomes: Sequence[Outcome]) -> None:
    """Replace what stands between the marks of a page.

    Raises ValueError when the page has none, or when the run was not clean.
    """
    if not all(one.is_good for one in outcomes):
        raise ValueError("only a clean run is published")
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no place for a run: {BEGIN} and {END}")
    told = "\n\n".join(_parts(outcomes))
    page.write_text(f"{before}{begin}\n{told}\n{end}{after}", encoding="utf-8")


def _parts(outcomes: Sequence[Outcome]) -> list[str]:
    asked = sum(one.asked_while_away for one in outcomes)
    accepted = sum(one.accepted_while_away for one in outcomes)
    away = f"While Kafka was away, {accepted} of {asked} commands were accepted."
    parts = [
        _circumstances(outcomes[0]),
        f"    {report.together(outcomes).last_line}",
        f"{away} Every check of the checker holds; so many things it examined:",
        _checks(outcomes),
    ]
    for one in outcomes:
        parts += [
            f"Recovery with {_NUMBERS[one.brokers]}, {one.faults} faults, in seconds:",
            _rows([HEADERS, *map(report.cells, one.rows)]),
        ]
    return parts


def _circumstances(outcome: Outcome) -> str:
    """When and with what it was; versions are those of now."""
    clients = ", ".join(f"{name} {version(name)}" for name in _CLIENTS)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return (
        f"Run of {outcome.when} with `{outcome.options}`. {machine}; "
        f"Python {platform.python_version()}, Kafka {KAFKA_VERSION}, "
        f"PostgreSQL {outcome.postgres}, {clients}."
    )


def _checks(outcomes: Sequence[Outcome]) -> str:
    headers = ("check", "what must hold", *(_NUMBERS[one.brokers] for one in outcomes))
    examined = [{one.id: one.examined for one in outcome.checks} for outcome in outcomes]
    return _rows(
        [
            headers,
            *(
                (one.id, one.title, *(f"{counts.get(one.id, 0):,}" for counts in examined))
                for one in outcomes[0].checks
            ),
        ]
    )


def _rows(lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; the first line has its headers."""
    headers, *rest = lines
    return "\n".join(f"| {' | '.join(one)} |" for one in (headers, ["---"] * len(headers), *rest))
