"""The half of the small model of queue that is about counters and their officers."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


class Refused(Exception):
    """The codes of all rules that say no."""

    def __init__(self, codes: set[str]) -> None:
        super().__init__(str(sorted(codes)))
        self.codes = codes


def refuse_if(**reasons: bool) -> None:
    """Raises Refused with the reasons that hold."""
    codes = {code for code, holds in reasons.items() if holds}
    if codes:
        raise Refused(codes)


@dataclass
class Ticket:
    """One slip."""

    id: Any
    service: str
    day: date
    number: int
    lane: str
    place: tuple[datetime, Any]
    state: str = "waiting"
    counter: str | None = None


@dataclass
class Line:
    """One service on one day, as a list of who waits."""

    service: str
    day: date
    last: int = 0
    last_place: datetime | None = None
    priority: int = 0
    closed: bool = False
    turn: int = 0
    turn_of: int | None = None
    waiting: list[Ticket] = field(default_factory=list)


@dataclass
class Counter:
    """Where an officer sits."""

    services: tuple[str, ...]
    officer: str | None = None
    paused: str | None = None
    until: datetime | None = None
    ticket: Ticket | None = None
    asked: tuple[str, str, str, datetime | None] | None = None
    """Wants, reason, by whom, until when."""
    was_open: bool = False


@dataclass
class Counters:
    """The counters of a mall. `policy` is the catalogue's entry about it, with its `revision`."""

    zone: str
    policy: dict[str, Any]
    counters: dict[str, Counter]
    lines: dict[tuple[str, date], Line] = field(default_factory=dict)

    def today(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()

    def _own(self, code: str, who: str) -> Counter:
        counter = self.counters[code]
        refuse_if(counter_unknown=not counter.was_open)
        refuse_if(counter_closed=counter.officer is None)
        refuse_if(not_your_counter=counter.officer != who)
        return counter

    def seat(self, who: str) -> str | None:
        return next((code for code, one in self.counters.items() if one.officer == who), None)

    def open(self, code: str, who: str) -> None:
        counter = self.counters[code]
        refuse_if(
            counter_already_open=counter.officer == who,
            counter_has_officer=counter.officer not in {None, who},
            officer_at_another_counter=self.seat(who) not in {None, code},
        )
        counter.officer, counter.was_open = who, True

    def take_over(self, code: str, who: str) -> None:
        counter, seat = self.counters[code], self.seat(who)
        if seat == code:
            return
        left = self.counters[seat] if seat else None
        refuse_if(
            counter_has_officer=counter.officer is not None,
            counter_busy=left is not None and left.ticket is not None,
        )
        if left is not None:
            self._closed(left)
        counter.officer, counter.was_open = who, True

    def close(self, code: str, who: str, at: datetime) -> None:
        counter = self._own(code, who)
        elsewhere = {
            service
            for one in self.counters.values()
            if one.officer is not None and one is not counter
            for service in one.services
        }
        alone = any(
            line.waiting and line.day == self.today(at)
            for (service, _), line in self.lines.items()
            if service in counter.services and service not in elsewhere
        )
        refuse_if(
            counter_busy=counter.ticket is not None,
            approval_needed=alone and self.policy["close_needs_approval"],
        )
        self._closed(counter)

    def _closed(self, counter: Counter) -> None:
        counter.officer = counter.paused = counter.until = counter.asked = None

    def pause(self, code: str, who: str, reason: str, at: datetime) -> datetime:
        counter, rule = self._own(code, who), self.policy["pause"]
        free = {one["reason"]: one["minutes"] for one in rule["free"]}
        refuse_if(
            pause_reason_unknown=reason not in {*free, *rule["approval"]},
            approval_needed=reason in rule["approval"] and reason not in free,
            counter_paused=counter.paused is not None,
            approval_pending=counter.asked is not None,
        )
        counter.paused, counter.until = reason, at + timedelta(minutes=free[reason])
        return counter.until

    def resume(self, code: str, who: str) -> None:
        counter = self._own(code, who)
        refuse_if(counter_not_paused=counter.paused is None)
        counter.paused = counter.until = None

    def time_passes(self, at: datetime) -> list[tuple[str, datetime]]:
        """The pauses that are over, which end."""
        over = [
            (code, one.until)
            for code, one in self.counters.items()
            if one.until is not None and one.until <= at
        ]
        for code, _ in over:
            self.counters[code].paused = self.counters[code].until = None
        return over

    def end_pause(self, code: str, until: datetime, at: datetime) -> None:
        counter = self.counters[code]
        refuse_if(counter_unknown=not counter.was_open)
        refuse_if(counter_closed=counter.officer is None)
        refuse_if(counter_not_paused=counter.until != until or until > at)
        counter.paused = counter.until = None

    def ask(self, code: str, who: str, wants: str, reason: str) -> None:
        counter, rule = self._own(code, who), self.policy["pause"]
        known = {*(one["reason"] for one in rule["free"]), *rule["approval"]}
        refuse_if(
            approval_pending=counter.asked is not None,
            counter_paused=wants == "pause" and counter.paused is not None,
            pause_reason_unknown=wants == "pause" and reason not in known,
        )
        counter.asked = wants, reason, who, None

    def withdraw(self, code: str, who: str) -> None:
        counter = self._own(code, who)
        refuse_if(nothing_asked=counter.asked is None)
        counter.asked = None

    def decide(self, code: str, who: str, *, approve: bool) -> None:
        counter = self.counters[code]
        refuse_if(counter_unknown=not counter.was_open)
        refuse_if(counter_closed=counter.officer is None)
        refuse_if(nothing_asked=counter.asked is None)
        assert counter.asked is not None
        wants, reason, by, until = counter.asked
        refuse_if(
            own_request=by == who,
            counter_busy=approve and wants == "close" and counter.ticket is not None,
        )
        counter.asked = None
        if approve and wants == "close":
            self._closed(counter)
        elif approve:
            counter.paused, counter.until = reason, until
