"""I4: numbers of tickets."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from checker.evidence import Check, Event, Evidence

_ISSUED = "queue.ticket_issued.v1"


def tickets_count_without_gap(evidence: Evidence) -> Check:
    """In each line 1, 2, 3 ...; who was answered before another asked has the smaller number."""
    check = Check("I4", "tickets count 1..n in the order of time")
    lines: dict[str, list[int]] = defaultdict(list)
    place_of: dict[str, tuple[str, int]] = {}
    for fact in evidence.facts:
        if fact.type == _ISSUED:
            line, number = str(fact.data["line_id"]), int(fact.data["number"])
            lines[line].append(number)
            place_of[fact.aggregate_id] = line, number
    for line, numbers in lines.items():
        check.examined += len(numbers)
        _count(check, line, numbers)
    _in_time(check, evidence.history, place_of)
    return check


def _count(check: Check, line: str, numbers: list[int]) -> None:
    seen: set[int] = set()
    for number in numbers:
        if number in seen:
            check.blame("doubled", f"line {line}: number {number} twice")
        seen.add(number)
    for number in range(1, max(numbers) + 1):
        if number not in seen:
            check.blame("lost", f"line {line}: number {number} is missing")
    for before, after in pairwise(numbers):
        if after < before:
            check.blame("misordered", f"line {line}: number {after} was given out after {before}")


@dataclass
class _Taken:
    asked_at: int
    told_at: int | None = None
    ticket: str = ""


def _in_time(
    check: Check, history: Iterable[Event], place_of: Mapping[str, tuple[str, int]]
) -> None:
    """A sweep: at each first request, the highest number that anybody had been told by then."""
    taken: dict[str, _Taken] = {}
    for event in history:
        if event.op not in {"walk_in", "ticket"} or event.key is None:
            continue
        if event.phase == "invoke":
            taken.setdefault(event.key, _Taken(event.at))
        elif event.phase == "ok" and event.key in taken and taken[event.key].told_at is None:
            taken[event.key].told_at = event.at
            taken[event.key].ticket = str((event.answer or {}).get("ticket_id"))
    moments: list[tuple[int, bool, str, int]] = []
    for one in taken.values():
        if one.told_at is not None and one.ticket in place_of:
            line, number = place_of[one.ticket]
            moments.append((one.asked_at, False, line, number))
            moments.append((one.told_at, True, line, number))
    highest: dict[str, int] = defaultdict(int)
    for _, is_told, line, number in sorted(moments):
        if is_told:
            highest[line] = max(highest[line], number)
        elif number <= highest[line]:
            check.blame(
                "misordered", f"line {line}: {number} was asked for after {highest[line]} was known"
            )
