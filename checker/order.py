"""I4b: every call is recomputed from the facts before it, by a second implementation of the rule.

Each change of who waits in a queue has the next step of that queue. A call names the policy, its
revision and whose turn it was; here the queues are built up again, step by step, and asked.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from checker.evidence import Check, Evidence, Fact
from checker.rules import Rules, Stamp, rules_of

Place = tuple[datetime, str]
_TICKETS = "queue.ticket_"
_ENTERS = frozenset({"issued", "skipped", "returned", "transferred"})


@dataclass
class _Queue:
    """Who waits, in the order in which they stand."""

    step: int = 0
    turn: int = 0
    turn_of: tuple[str, int] | None = None
    lanes: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    meant: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))

    def next(self, ring: list[list[str]], turn: int) -> tuple[str, Place, int | None] | None:
        """Lane, place and slot of whom the ring of turns calls."""
        firsts = {lane: places[0] for lane, places in self.lanes.items() if places}
        if not firsts:
            return None
        for offset in range(len(ring)):
            slot = (turn + offset) % len(ring)
            there = [(firsts[lane], lane) for lane in ring[slot] if lane in firsts]
            if there:
                place, lane = min(there)
                return lane, place, slot
        place, lane = min((place, lane) for lane, place in firsts.items())
        return lane, place, None


@dataclass
class _Ticket:
    mall: str
    queue: str
    lane: str
    place: Place
    counter: str | None = None
    """The counter for which alone it waits."""
    waits: bool = True


@dataclass
class _Office:
    """All queues, as far as the facts have come."""

    rules: Rules
    check: Check
    queues: dict[str, _Queue] = field(default_factory=lambda: defaultdict(_Queue))
    tickets: dict[str, _Ticket] = field(default_factory=dict)
    lines: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Mall and service of each queue."""

    def take(self, fact: Fact) -> None:
        """One fact of a ticket later."""
        data, name = fact.data, fact.type.removeprefix(_TICKETS).partition(".")[0]
        if name == "issued" and data.get("place_at"):
            self._begin(fact)
        if data.get("step") is None or fact.aggregate_id not in self.tickets:
            return
        self.check.examined += 1
        ticket = self.tickets[fact.aggregate_id]
        queue_id = str(data.get("queue_id") or ticket.queue)
        self._count(queue_id, int(data["step"]), fact)
        if name == "called":
            self._called(fact, ticket, queue_id)
        if name != "issued" and ticket.waits:
            self._leave(ticket, fact.aggregate_id)
        if name in _ENTERS or name == "reclassified":
            self._enter(fact, ticket, queue_id)

    def _begin(self, fact: Fact) -> None:
        data = fact.data
        queue = str(data.get("queue_id") or data["line_id"])
        place = datetime.fromisoformat(data["place_at"]), fact.aggregate_id
        ticket = _Ticket(str(data["mall"]), queue, str(data["lane"]), place, waits=False)
        self.tickets[fact.aggregate_id] = ticket
        self.lines[queue] = ticket.mall, str(data["service"])

    def _count(self, queue_id: str, step: int, fact: Fact) -> None:
        queue = self.queues[queue_id]
        if step <= queue.step:
            self.check.blame("doubled", f"queue {queue_id}: step {step} again, {fact.type}")
        elif step > queue.step + 1:
            self.check.blame("lost", f"queue {queue_id}: step {step} after {queue.step}")
        queue.step = max(queue.step, step)

    def _standing(self, ticket: _Ticket) -> list[Place]:
        queue = self.queues[ticket.queue]
        return queue.meant[ticket.counter] if ticket.counter else queue.lanes[ticket.lane]

    def _leave(self, ticket: _Ticket, ticket_id: str) -> None:
        places = self._standing(ticket)
        at = bisect_left(places, ticket.place)
        if at == len(places) or places[at] != ticket.place:
            self.check.blame("illegal", f"ticket {ticket_id} left where it did not stand")
            return
        del places[at]
        ticket.waits, ticket.counter = False, None

    def _enter(self, fact: Fact, ticket: _Ticket, queue_id: str) -> None:
        data = fact.data
        ticket.queue, ticket.lane = queue_id, str(data.get("lane") or ticket.lane)
        ticket.place = datetime.fromisoformat(data["place_at"]), fact.aggregate_id
        ticket.counter = data.get("to_counter")
        ticket.waits = True
        self.lines.setdefault(queue_id, (ticket.mall, str(data.get("service"))))
        insort(self._standing(ticket), ticket.place)

    def _called(self, fact: Fact, ticket: _Ticket, queue_id: str) -> None:
        """Whether the rule would have called this ticket, from where the facts had come."""
        data, queue = fact.data, self.queues[queue_id]
        if not ticket.waits or ticket.queue != queue_id:
            self.check.blame("doubled", f"ticket {fact.aggregate_id} called while it did not wait")
            return
        if data.get("reason") is not None:
            return  # out of order, and published as such
        if ticket.counter is not None:
            self._meant(fact, ticket, queue_id)
            return
        stamp = (str(data["policy"]), int(data["policy_version"]))
        ring = self.rules.ring(stamp)
        if ring is None:
            self.check.blame("illegal", f"a call names {stamp}, which was never published")
            return
        turn = queue.turn if queue.turn_of == stamp else 0
        if data.get("turn") != turn:
            said = f"turn {data.get('turn')} instead of {turn}"
            self.check.blame("illegal", f"call of {fact.aggregate_id}: {said}")
        chosen = queue.next(ring, turn)
        if chosen is None or chosen[1] != ticket.place:
            self.check.blame("illegal", f"{fact.aggregate_id} called before {_named(chosen)}")
        self._across(fact, ticket, queue_id, stamp)
        if chosen is not None and chosen[2] is not None:
            queue.turn, queue.turn_of = _after(ring, turn, ticket.lane), stamp

    def _meant(self, fact: Fact, ticket: _Ticket, queue_id: str) -> None:
        counter = str(fact.data["counter"])
        if ticket.counter != counter:
            self.check.blame("illegal", f"{fact.aggregate_id} waits for {ticket.counter}")
            return
        first = min(self._meant_for(counter, [queue_id, *self._others(fact)]))
        if first != ticket.place:
            self.check.blame("illegal", f"{fact.aggregate_id} called before {first[1]}")

    def _meant_for(self, counter: str, queues: Iterable[str]) -> list[Place]:
        return [place for one in queues for place in self.queues[one].meant[counter][:1]]

    def _others(self, fact: Fact) -> list[str]:
        return [str(one["queue_id"]) for one in fact.data.get("others") or ()]

    def _across(self, fact: Fact, ticket: _Ticket, queue_id: str, stamp: Stamp) -> None:
        """The counter's other queues had nobody whom the mall's rule prefers."""
        others = fact.data.get("others") or ()
        for one in others:
            known = self.queues[str(one["queue_id"])].step
            if known != one["step"]:
                said = f"step {one['step']} of {one['queue_id']}, which was at {known}"
                self.check.blame("misordered", f"call of {fact.aggregate_id} saw {said}")
        if self._meant_for(str(fact.data["counter"]), [queue_id, *self._others(fact)]):
            self.check.blame("illegal", f"{fact.aggregate_id} called before who waits there only")
        first = self.rules.across(ticket.mall, stamp) == "prioritas_first"
        own = (first and ticket.lane != "prioritas", ticket.place)
        for other in self._others(fact):
            chosen = self._next_of(other, stamp)
            if chosen and (first and chosen[0] != "prioritas", chosen[1]) < own:
                self.check.blame("illegal", f"{fact.aggregate_id} called before {_named(chosen)}")

    def _next_of(self, queue_id: str, beside: Stamp) -> tuple[str, Place, int | None] | None:
        queue = self.queues[queue_id]
        stamp = self.rules.stamp(*self.lines.get(queue_id, ("", "")), beside)
        ring = self.rules.ring(stamp)
        return queue.next(ring or [], queue.turn if queue.turn_of == stamp else 0)


def calls_follow_the_rule(evidence: Evidence) -> Check:
    """Steps of each queue are 1..m, and each call is the one that its policy gives."""
    check = Check("I4b", "every call is the one that the published rule gives")
    office = _Office(rules_of(evidence.records), check)
    for fact in evidence.facts:
        if fact.type.startswith(_TICKETS):
            office.take(fact)
    return check


def _after(ring: list[list[str]], turn: int, lane: str) -> int:
    """The slot behind the one that was used."""
    for offset in range(len(ring)):
        if lane in ring[(turn + offset) % len(ring)]:
            return (turn + offset + 1) % len(ring)
    return turn


def _named(chosen: tuple[str, Place, Any] | None) -> str:
    return "nobody" if chosen is None else f"{chosen[1][1]} of {chosen[0]}"
