"""Whether numbers and calls are right, by what clients were told and what is written down."""

import json
from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_FACTS = """
SELECT aggregate_id::text AS ticket, type, payload::text AS payload FROM event_log
WHERE type LIKE 'queue.ticket%' ORDER BY aggregate_id, version
"""
_NUMBERS = """
SELECT ticket.line_id::text AS line, array_agg(ticket.number ORDER BY ticket.number) AS numbers
FROM tickets AS ticket JOIN lines AS line ON line.id = ticket.line_id
WHERE line.mall = $1 GROUP BY ticket.line_id
"""

Life = list[tuple[str, Mapping[str, Any]]]
"""Kinds and payloads of the facts of a ticket."""


@dataclass
class Acknowledged:
    """What clients were told: every ticket with its number, every call with its counter."""

    issued: dict[str, int] = field(default_factory=dict)
    called: dict[str, list[str]] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    _waiting: Tally[str] = field(default_factory=Tally)

    def issued_to(self, service: str, ticket: str, number: int) -> None:
        """A kiosk got this ticket."""
        self.issued[ticket] = number
        self._waiting[service] += 1

    def called_at(self, service: str, ticket: str, counter: str) -> None:
        """A counter was told to serve this ticket."""
        self.called.setdefault(ticket, []).append(counter)
        self._waiting[service] -= 1

    def waiting(self, service: str) -> int:
        """How many tickets of a service were issued and not called, as far as was answered."""
        return self._waiting[service]


@dataclass
class Verdict:
    """What was found; `lost` counts what was acknowledged and is not written down."""

    tickets: int
    kills: int
    gaps: int = 0
    repeats: int = 0
    double_calls: int = 0
    lost: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Nothing is wrong."""
        return not self.faults

    @property
    def line(self) -> str:
        """The line for whoever compares runs."""
        return (
            f"drill-tickets: tickets={self.tickets} gaps={self.gaps} repeats={self.repeats} "
            f"double_calls={self.double_calls} lost={self.lost} kills={self.kills}"
        )


async def judge(connection: Any, mall: str, told: Acknowledged, kills: int) -> Verdict:
    """Compare. `connection` sees all of queue's database."""
    numbers = {row["line"]: row["numbers"] for row in await connection.fetch(_NUMBERS, mall)}
    lives: dict[str, Life] = {}
    for row in await connection.fetch(_FACTS):
        lives.setdefault(row["ticket"], []).append((row["type"], json.loads(row["payload"])))
    return verdict_of(numbers, lives, told, kills)


def verdict_of(
    numbers: Mapping[str, list[int]], lives: Mapping[str, Life], told: Acknowledged, kills: int
) -> Verdict:
    """The same of numbers by line and facts by ticket, in their order."""
    verdict = Verdict(sum(map(len, numbers.values())), kills)
    for line, found in numbers.items():
        _numbers(verdict, line, found)
    for ticket, life in lives.items():
        _calls(verdict, ticket, life, told)
    _acknowledged(verdict, lives, told)
    return verdict


def _numbers(verdict: Verdict, line: str, found: list[int]) -> None:
    repeats = len(found) - len(set(found))
    gaps = max(found) - len(set(found))
    verdict.repeats += repeats
    verdict.gaps += gaps
    if repeats or gaps:
        verdict.faults.append(f"line {line}: {gaps} numbers missing, {repeats} twice")


def _calls(verdict: Verdict, ticket: str, life: Life, told: Acknowledged) -> None:
    """At most one counter has a ticket at a time, and only it was told so."""
    counter: str | None = None
    doubled = len(set(told.called.get(ticket, ()))) > 1
    for kind, fact in life:
        if kind == "queue.ticket_called.v1":
            doubled = doubled or counter is not None
            counter = fact["counter"]
        elif kind == "queue.ticket_finished.v1":
            doubled = doubled or counter != fact["counter"]
            counter = None
    if doubled:
        verdict.double_calls += 1
        verdict.faults.append(f"ticket {ticket}: called while another counter had it")


def _acknowledged(verdict: Verdict, lives: Mapping[str, Life], told: Acknowledged) -> None:
    for ticket, number in told.issued.items():
        life = dict(lives.get(ticket, ()))
        issued = life.get("queue.ticket_issued.v1")
        missing = [
            what
            for what, is_there in (
                ("its number", issued is not None and issued["number"] == number),
                ("its call", ticket not in told.called or "queue.ticket_called.v1" in life),
                ("its end", ticket not in told.finished or "queue.ticket_finished.v1" in life),
            )
            if not is_there
        ]
        if missing:
            verdict.lost += 1
            verdict.faults.append(f"ticket {ticket}: {', '.join(missing)} is not written down")
    strangers = [ticket for ticket in lives if ticket not in told.issued]
    if strangers:
        verdict.faults.append(f"{len(strangers)} tickets that nobody was told of")
