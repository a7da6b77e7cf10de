"""A small model of queue: lists and loops, from what is published about it. Imports nothing of it.

Each method says what must come of a request: `Refused`, with every reason that there is (the
service may name any of them), or what is true afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.services.queue.model_counters import Counter, Counters, Line, Refused, Ticket, refuse_if

__all__ = ["LANES", "Counter", "Hall", "Line", "Refused"]
LANES = ("reguler", "prioritas", "janji", "lanjutan")
_MICROSECOND = timedelta(microseconds=1)


@dataclass
class Hall(Counters):
    """The whole mall."""

    tickets: dict[Any, Ticket] = field(default_factory=dict)

    def line(self, service: str, day: date) -> Line:
        return self.lines.setdefault((service, day), Line(service, day))

    # --- numbers

    def issue(
        self, id_: Any, service: str, lane: str, reason: str | None, who: str, at: datetime
    ) -> Any:
        offered = {one for counter in self.counters.values() for one in counter.services}
        refuse_if(service_unknown=service not in offered)
        line, priority = self.line(service, self.today(at)), lane == "prioritas"
        rule, most = self.policy["priority"], self.policy["cut_off"].get("most")
        quota = rule.get("most_per_day")
        refuse_if(
            lane_for_officers=lane == "lanjutan" and not who.startswith("officer"),
            priority_reason_missing=priority and reason is None,
            priority_reason_unknown=priority
            and reason is not None
            and reason not in rule["reasons"],
            priority_used_up=priority and quota is not None and line.priority >= quota,
            numbers_closed=line.closed,
            numbers_used_up=most is not None and line.last >= most,
        )
        return self._number(id_, line, lane, at)

    def admit(self, id_: Any, service: str, day: date, at: datetime) -> Any:
        refuse_if(already_in_line=id_ in self.tickets)
        return self._number(id_, self.line(service, day), "janji", at)

    def _number(self, id_: Any, line: Line, lane: str, at: datetime) -> tuple[int, str, int]:
        line.last += 1
        line.priority += lane == "prioritas"
        last = line.last_place
        line.last_place = at if last is None or at > last else last + _MICROSECOND
        ticket = Ticket(id_, line.service, line.day, line.last, lane, (line.last_place, id_))
        self.tickets[id_] = ticket
        line.waiting.append(ticket)
        return ticket.number, lane, [one.id for one in self._in_order(line)].index(id_)

    def close_numbers(self, service: str, at: datetime) -> None:
        line = self.line(service, self.today(at))
        refuse_if(numbers_closed=line.closed)
        line.closed = True

    def reopen_numbers(self, service: str, at: datetime) -> None:
        line = self.line(service, self.today(at))
        refuse_if(numbers_open=not line.closed)
        line.closed = False

    # --- turns

    def _next(self, waiting: list[Ticket], turn: int) -> tuple[Ticket, int] | None:
        """Who is called, and whose turn it is then."""
        ring = self.policy["slots"]
        for offset in range(len(ring)):
            slot = (turn + offset) % len(ring)
            there = [one for one in waiting if one.lane in ring[slot]]
            if there:
                return min(there, key=lambda one: one.place), (slot + 1) % len(ring)
        return None

    def _in_order(self, line: Line) -> Iterator[Ticket]:
        """All who wait, in the order in which they would be called if nobody else came."""
        left, turn = list(line.waiting), self._turn(line)
        while found := self._next(left, turn):
            ticket, turn = found
            left.remove(ticket)
            yield ticket

    def _turn(self, line: Line) -> int:
        return line.turn if line.turn_of == self.policy["revision"] else 0

    def call(self, code: str, who: str, at: datetime) -> Any:
        counter = self._own(code, who)
        refuse_if(
            counter_busy=counter.ticket is not None, counter_paused=counter.paused is not None
        )
        found = []
        for service in counter.services:
            line = self.lines.get((service, self.today(at)))
            chosen = self._next(line.waiting, self._turn(line)) if line else None
            if line and chosen:
                others = (
                    self.policy["across"] == "prioritas_first" and chosen[0].lane != "prioritas"
                )
                found.append((others, chosen[0].place, line, *chosen))
        if not found:
            return None
        _, _, line, ticket, turn = min(found, key=lambda one: one[:2])
        line.waiting.remove(ticket)
        line.turn, line.turn_of = turn, self.policy["revision"]
        ticket.state, ticket.counter, counter.ticket = "called", code, ticket
        return ticket.id

    # --- at a counter

    def serve(self, id_: Any, code: str, who: str) -> None:
        refuse_if(ticket_unknown=id_ not in self.tickets)
        ticket = self.tickets[id_]
        self._own(code, who)
        self._must_be_at(ticket, code)
        refuse_if(already_served=ticket.state == "served")
        ticket.state = "served"

    def finish(self, id_: Any, code: str, who: str, outcome: str) -> None:
        refuse_if(ticket_unknown=id_ not in self.tickets)
        ticket = self.tickets[id_]
        counter = self._own(code, who)
        self._must_be_at(ticket, code)
        gone = outcome == "no_show"
        refuse_if(
            already_served=gone and ticket.state == "served",
            not_served_yet=not gone and ticket.state == "called",
        )
        ticket.state, counter.ticket = "finished", None

    def _must_be_at(self, ticket: Ticket, code: str) -> None:
        refuse_if(not_called_here=ticket.counter != code)
        refuse_if(ticket_finished_already=ticket.state == "finished")
