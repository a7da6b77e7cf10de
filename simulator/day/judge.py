"""Whether the day was right, from what everybody may read: the steps of each line, the sessions.

The rule of turns is worked out here for a second time, from the published policy and the facts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Facts = Sequence[Mapping[str, Any]]
"""The steps of one queue, as `/v1/lines/{line_id}/steps` tells them."""
_ENTERS = frozenset({"issued", "skipped", "returned", "reclassified", "transferred"})


@dataclass
class Findings:
    """Counts of what must not be, with an example of each."""

    gaps: int = 0
    repeats: int = 0
    double_calls: int = 0
    off_rule: int = 0
    oversold: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Nothing was found."""
        return not self.examples

    def add(self, what: str, example: str, count: int = 1) -> None:
        """So many more of a kind."""
        setattr(self, what, getattr(self, what) + count)
        self.examples.append(f"{what}: {example}")


def judge_numbers(findings: Findings, line: str, numbers: Iterable[int]) -> None:
    """Numbers of a line are 1, 2, 3 and so on: no gap, nothing twice."""
    found = sorted(numbers)
    different = set(found)
    if repeats := len(found) - len(different):
        findings.add("repeats", f"line {line}", repeats)
    if different and (gaps := max(different) - len(different)):
        findings.add("gaps", f"line {line}", gaps)


def judge_calls(
    findings: Findings, queue_id: str, facts: Facts, rings: Mapping[str, Sequence[Sequence[str]]]
) -> None:
    """Every call of a queue is the one that the rule gives, and nobody is called who did not wait.

    `rings` has the slots of each policy by name and version (`umum@1`).
    """
    queue = _Queue()
    for place, fact in enumerate(facts, start=1):
        if fact["step"] != place:
            findings.add("gaps", f"queue {queue_id}: step {fact['step']} where {place} should be")
            return
        if fact["what"] == "called":
            _judge_call(findings, queue, fact, rings)
        else:
            queue.take(fact)


@dataclass
class _Queue:
    """Who waits where, the lane that each had at last, and where the ring of turns stands."""

    waiting: dict[str, datetime] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)
    turn: int = 0
    turn_of: str = ""

    def take(self, fact: Mapping[str, Any]) -> None:
        """One fact that is no call."""
        ticket = fact["ticket_id"]
        self.waiting.pop(ticket, None)
        self.lanes[ticket] = fact.get("lane") or self.lanes.get(ticket, "")
        if fact["what"] in _ENTERS:
            self.waiting[ticket] = datetime.fromisoformat(fact["place_at"])

    def next(self, ring: Sequence[Sequence[str]]) -> tuple[str | None, int]:
        """Whom the rule calls, and the turn after it."""
        for distance in range(len(ring)):
            slot = (self.turn + distance) % len(ring)
            standing = [
                (place, ticket)
                for ticket, place in self.waiting.items()
                if self.lanes[ticket] in ring[slot]
            ]
            if standing:
                return min(standing)[1], (slot + 1) % len(ring)
        return None, self.turn


def _judge_call(
    findings: Findings,
    queue: _Queue,
    fact: Mapping[str, Any],
    rings: Mapping[str, Sequence[Sequence[str]]],
) -> None:
    ticket = fact["ticket_id"]
    if ticket not in queue.waiting:
        findings.add("double_calls", f"{ticket} at {fact['counter']}")
        return
    stamp = f"{fact['policy']}@{fact['policy_version']}"
    if queue.turn_of != stamp:
        queue.turn, queue.turn_of = 0, stamp
    if fact.get("reason") is None:
        expected, turn = queue.next(rings[stamp])
        if expected != ticket or fact["turn"] != queue.turn:
            findings.add("off_rule", f"{ticket} at {fact['counter']}, step {fact['step']}")
        queue.turn = turn
    del queue.waiting[ticket]
