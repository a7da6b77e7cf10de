"""I4c: a counter has one ticket at a time and one officer, and that officer alone acts there."""

from collections import defaultdict
from dataclasses import dataclass, field

from checker.evidence import Check, Evidence, Fact

Counter = tuple[str, str]
_BY_OFFICER = frozenset({"called", "recalled", "served", "finished", "held", "resumed"})
_TICKETS, _COUNTERS = "queue.ticket_", "queue.counter_"


@dataclass
class _Hall:
    check: Check
    at: dict[Counter, str] = field(default_factory=dict)
    """The ticket at each counter."""
    counter_of: dict[str, Counter] = field(default_factory=dict)
    mall_of: dict[str, str] = field(default_factory=dict)
    named: dict[str, Counter] = field(default_factory=dict)
    officers: dict[Counter, str] = field(default_factory=dict)
    seats: dict[str, set[Counter]] = field(default_factory=lambda: defaultdict(set))

    def counter(self, fact: Fact, name: str) -> None:
        """An officer came or went."""
        if name == "opened" and "counter" in fact.data:
            where = str(fact.data["mall"]), str(fact.data["counter"])
            self.named[fact.aggregate_id] = where
            officer = fact.data.get("officer")
            if officer is not None:
                self.check.examined += 1
                self.officers[where] = officer
                self.seats[officer].add(where)
                if len(self.seats[officer]) > 1:
                    seats = ", ".join(sorted(code for _, code in self.seats[officer]))
                    self.check.blame("doubled", f"{officer} at {seats}")
        elif name == "closed" and fact.aggregate_id in self.named:
            where = self.named[fact.aggregate_id]
            officer = self.officers.pop(where, None)
            if officer is not None:
                self.seats[officer].discard(where)
            if where in self.at:
                self.check.blame("illegal", f"{where[1]} closed with ticket {self.at[where]}")

    def ticket(self, fact: Fact, name: str) -> None:
        """A ticket came to a counter, or left it."""
        data, ticket = fact.data, fact.aggregate_id
        if data.get("mall"):
            self.mall_of.setdefault(ticket, str(data["mall"]))
        if ticket not in self.mall_of:
            return
        self.check.examined += 1
        here = self.counter_of.get(ticket)
        if name in {"called", "resumed"}:
            here = self.mall_of[ticket], str(data["counter"])
            self._arrive(ticket, here)
        if name in _BY_OFFICER and here is not None:
            officer = self.officers.get(here)
            if officer is not None and fact.actor != officer:
                self.check.blame("illegal", f"{fact.actor} {name} {ticket} at {here[1]}")
            if str(data.get("counter", here[1])) != here[1]:
                self.check.blame("illegal", f"{ticket} {name} at {data['counter']}, is at {here}")
        if name in {"finished", "held", "skipped", "transferred"}:
            self._leave(ticket)
        if name == "transferred" and data.get("handed_over"):
            self._arrive(ticket, (self.mall_of[ticket], str(data["to_counter"])))

    def _arrive(self, ticket: str, where: Counter) -> None:
        if where in self.at and self.at[where] != ticket:
            self.check.blame("doubled", f"{ticket} came to {where[1]}, where {self.at[where]} is")
        if ticket in self.counter_of:
            self.check.blame("doubled", f"{ticket} at {self.counter_of[ticket][1]} and {where[1]}")
        self.at[where], self.counter_of[ticket] = ticket, where

    def _leave(self, ticket: str) -> None:
        where = self.counter_of.pop(ticket, None)
        if where is not None and self.at.get(where) == ticket:
            del self.at[where]


def counters_have_one(evidence: Evidence) -> Check:
    """One ticket and one officer at a counter; an officer at one counter; nobody else acts."""
    check = Check("I4c", "a counter has one ticket and one officer")
    hall = _Hall(check)
    for fact in evidence.facts:
        if fact.type.startswith(_COUNTERS):
            hall.counter(fact, fact.type.removeprefix(_COUNTERS).partition(".")[0])
        elif fact.type.startswith(_TICKETS):
            hall.ticket(fact, fact.type.removeprefix(_TICKETS).partition(".")[0])
    return check
