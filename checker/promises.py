"""I5c: visits are whole, and whoever a closure disturbs is told of it once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from checker.evidence import Check, Evidence, Fact

_BEGINS = frozenset({"place_held", "appointment_requested", "appointment_booked"})
_EXPECTED = frozenset({"appointment_requested", "appointment_booked"})
_ENDS = frozenset(
    {
        "appointment_cancelled",
        "appointment_lapsed",
        "appointment_declined",
        "appointment_missed",
        "appointment_checked_in",
    }
)


@dataclass
class _Closure:
    """`to_tell`: somebody may be left; `told`: those who were."""

    to_tell: bool = True
    lifted: bool = False
    told: set[str] = field(default_factory=set)


@dataclass
class _Mall:
    check: Check
    stops: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    whole: set[str] = field(default_factory=set)
    closures: dict[str, _Closure] = field(default_factory=dict)
    closed_by: dict[str, str] = field(default_factory=dict)
    expected_in: dict[str, str] = field(default_factory=dict)
    """Appointment -> session, as long as its holder is expected."""

    def take(self, fact: Fact) -> None:
        """One fact of booking later."""
        name = fact.type.removeprefix("booking.").partition(".")[0]
        if name.startswith(("visit_", "closure_", "session_")):
            self._office(name, fact)
        elif name in _BEGINS and fact.version == 1 and fact.data.get("visit_id"):
            self.stops[str(fact.data["visit_id"])].append(fact.aggregate_id)
        if name in _EXPECTED or name == "appointment_moved":
            self.expected_in[fact.aggregate_id] = str(fact.data["session_id"])
        elif name in _ENDS:
            self.expected_in.pop(fact.aggregate_id, None)
        elif name == "appointment_disturbed":
            self._told(fact)

    def _office(self, name: str, fact: Fact) -> None:
        if name == "visit_booked":
            self._visit(fact)
        elif name == "closure_declared":
            self.closures[fact.aggregate_id] = _Closure()
        elif name == "closure_lifted":
            self.closures[fact.aggregate_id].lifted = True
        elif name == "closure_swept":
            self.closures[fact.aggregate_id].to_tell = False
        elif name == "session_closed":
            closure_id = str(fact.data["closure_id"])
            self.closed_by[fact.aggregate_id] = closure_id
            self.closures[closure_id].to_tell = True
        elif name == "session_reopened":
            self.closed_by.pop(fact.aggregate_id, None)

    def _visit(self, fact: Fact) -> None:
        self.check.examined += 1
        self.whole.add(fact.aggregate_id)
        stops: Sequence[Mapping[str, Any]] = fact.data["stops"]
        booked = self.stops[fact.aggregate_id]
        if [str(stop["appointment_id"]) for stop in stops] != booked:
            self.check.blame("lost", f"visit {fact.aggregate_id}: not the stops that were booked")
        for before, after in pairwise(stops):
            if _time(after["starts_at"]) < _time(before["ends_at"]):
                self.check.blame("misordered", f"visit {fact.aggregate_id}: two stops at once")

    def _told(self, fact: Fact) -> None:
        self.check.examined += 1
        closure_id, id_ = str(fact.data["closure_id"]), fact.aggregate_id
        closure = self.closures[closure_id]
        if id_ in closure.told:
            self.check.blame("doubled", f"{id_} was told twice of closure {closure_id}")
        closure.told.add(id_)
        if closure.lifted or self.closed_by.get(self.expected_in.get(id_, "")) != closure_id:
            self.check.blame("illegal", f"{id_} was told of closure {closure_id} for nothing")

    def end(self) -> None:
        """What is missing when there is no fact more."""
        for visit_id in self.stops.keys() - self.whole:
            self.check.blame("lost", f"visit {visit_id} has stops and was never booked")
        for id_, session in self.expected_in.items():
            closure_id = self.closed_by.get(session)
            if closure_id is None:
                continue
            closure = self.closures[closure_id]
            if not closure.to_tell and id_ not in closure.told:
                self.check.blame("lost", f"{id_} was never told of closure {closure_id}")


def visits_are_whole_and_people_are_told(evidence: Evidence) -> Check:
    """All stops or none; one notice for each closure and appointment."""
    mall = _Mall(Check("I5c", "visits are whole, closures are told once"))
    for fact in evidence.facts:
        if fact.type.startswith("booking."):
            mall.take(fact)
    mall.end()
    return mall.check


def _time(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))
