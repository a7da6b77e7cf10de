"""A line: the numbers of one service in one mall on one day, and who waits in it.

A ticket waits in the line that numbered it until it is sent on; then in another. Where it says
`queue`, a line is meant as the place where tickets wait.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from contracts.ids import (
    AppointmentId,
    CounterCode,
    CounterId,
    DeviceId,
    LineId,
    MallId,
    PersonId,
    ServiceCode,
    TicketId,
)
from contracts.queue import TicketCalled, TicketIssued
from services.queue.domain.order import NOBODY, PRIORITY, WALK_IN, Waiting, count_before, turn_after
from services.queue.domain.policy import Policy
from services.queue.domain.waiting import Pace, WaitRange

_LINES_REMEMBERED = 10_000
_NEXT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class LineOfTheDay:
    """Asks for the line of a service on the day that `at` is in the mall's zone."""

    mall: MallId
    service: ServiceCode
    at: datetime


@dataclass(frozen=True, slots=True)
class LineOn:
    """Asks for the line of a service on a day."""

    mall: MallId
    service: ServiceCode
    service_date: date

    @property
    def line_id(self) -> LineId:
        """The line's id."""
        return line_id_of(self.mall, self.service, self.service_date)


@dataclass(frozen=True, slots=True)
class NextFor:
    """Asks for the next ticket of each line that a counter may call from.

    `call` keeps two calls of one counter apart, since each needs a ticket of its own.
    """

    counter_id: CounterId
    at: datetime
    call: str


@dataclass(frozen=True, slots=True)
class TicketInItsQueue:
    """Asks for a ticket together with the line in which it waits, or waited last."""

    ticket_id: TicketId


@dataclass(frozen=True, slots=True)
class Numbering:
    """What is seldom said about the numbers of a line.

    A kiosk without link has a line of its own, whose `series` is one letter. `most` bounds the
    numbers; `numbers_closed` is the reason why there are no new ones.
    """

    series: str = ""
    device_id: DeviceId | None = None
    device_epoch: int | None = None
    granted_at: datetime | None = None
    most: int | None = None
    priority_most: int | None = None
    numbers_closed: str | None = None
    day_closed: bool = False


_ORDINARY = Numbering()


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants a number: in which lane and why, for which appointment if any."""

    ticket_id: TicketId
    lane: str = WALK_IN
    lane_reason: str | None = None
    appointment_id: AppointmentId | None = None
    person_id: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line and its counts, so that nobody has to count the tickets.

    `version` counts the facts of the line itself, `step` the changes of who waits in it. `turn` is
    its place in the ring of the policy `turn_of`.
    """

    id: LineId
    mall: MallId
    service: ServiceCode
    service_date: date
    last_number: int = 0
    waiting: Waiting = NOBODY
    step: int = 0
    last_place_at: datetime | None = None
    turn: int = 0
    turn_of: str | None = None
    called_number: int | None = None
    called_label: str | None = None
    called_to: CounterCode | None = None
    priority_issued: int = 0
    version: int = 0
    numbering: Numbering = _ORDINARY
    pace: Pace | None = None

    @classmethod
    def begun(cls, mall: MallId, service: ServiceCode, service_date: date) -> "Line":
        """The line before its first ticket."""
        return cls(line_id_of(mall, service, service_date), mall, service, service_date)

    def turn_under(self, policy: Policy) -> int:
        """Whose turn it is: the first slot's when the policy is not the one of the last call."""
        return self.turn if self.turn_of == policy.stamp else 0

    def place_for(self, at: datetime) -> datetime:
        """A place behind everybody, whatever the clocks of two processes say."""
        if self.last_place_at is None or at > self.last_place_at:
            return at
        return self.last_place_at + _NEXT

    def label_of(self, prefix: str, number: int) -> str:
        """What paper, board and voice call a ticket of this line, for example `KTP-007`."""
        return f"{prefix}-{self.numbering.series}{number:03d}"

    def issue(self, wish: Wish, at: datetime, policy: Policy, prefix: str) -> TicketIssued:
        """The next number, and a place behind everybody in its lane.

        Raises PriorityReasonMissing, PriorityReasonUnknown or PriorityUsedUp.
        """
        reason = None
        if wish.lane == PRIORITY:
            reason = policy.must_let_in_first(wish.lane_reason, self.priority_issued)
        number = self.last_number + 1
        before = count_before(policy.ring, self.turn_under(policy), self.waiting, wish.lane)
        wait = self.wait_for(before, at)
        return TicketIssued(
            ticket_id=wish.ticket_id,
            line_id=self.id,
            mall=self.mall,
            service=self.service,
            service_date=self.service_date,
            number=number,
            lane=wish.lane,
            appointment_id=wish.appointment_id,
            person_id=wish.person_id,
            queue_id=self.id,
            label=self.label_of(prefix, number),
            lane_reason=reason,
            place_at=self.place_for(at),
            step=self.step + 1,
            before=before,
            wait_low_s=wait.low_minutes * 60 if wait else None,
            wait_high_s=wait.high_minutes * 60 if wait else None,
        )

    def wait_for(self, before: int, at: datetime) -> WaitRange | None:
        """How long somebody waits who has so many before them; None when nothing is known now."""
        if self.pace is None or not self.pace.is_moving(at):
            return None
        return self.pace.range_for(before)

    def paced(self, at: datetime, since: datetime, told: WaitRange | None, typical: int) -> "Line":
        """Wiser by a call of somebody who stood here `since` then and had been `told` a range.

        `typical` minutes per ticket are assumed before anything was measured.
        """
        pace = self.pace or Pace.at_first(typical, 1)
        return replace(self, pace=pace.after_call(at, since, told))

    def with_number(self, number: int) -> "Line":
        """After a number was given."""
        return replace(self, last_number=number)

    def with_priority(self, policy: Policy) -> "Line":
        """After one more was let in before others."""
        most = policy.terms.priority.most_per_day
        return replace(
            self,
            priority_issued=self.priority_issued + 1,
            numbering=replace(self.numbering, priority_most=most),
        )

    def entered(self, step: int, lane: str, place_at: datetime, *, meant: bool = False) -> "Line":
        """One more waits here since this step."""
        last = self.last_place_at
        return replace(
            self,
            step=step,
            waiting=self.waiting.changed(lane, 1, meant=meant),
            last_place_at=place_at if last is None or place_at > last else last,
        )

    def left(self, step: int, lane: str, *, meant: bool = False) -> "Line":
        """One waits here no more since this step."""
        return replace(self, step=step, waiting=self.waiting.changed(lane, -1, meant=meant))

    def called(self, fact: TicketCalled, policy: Policy, *, meant: bool) -> "Line":
        """After a call from here. Who was called for another reason than his turn takes no turn."""
        turn, turn_of = self.turn, self.turn_of
        if not meant and fact.reason is None and fact.turn is not None and fact.lane is not None:
            turn, turn_of = turn_after(policy.ring, fact.turn, fact.lane), policy.stamp
        return replace(
            self,
            step=fact.step or self.step + 1,
            waiting=self.waiting.changed(fact.lane or WALK_IN, -1, meant=meant),
            turn=turn,
            turn_of=turn_of,
            called_number=fact.number,
            called_label=fact.label,
            called_to=fact.counter,
        )


@lru_cache(maxsize=_LINES_REMEMBERED)
def line_id_of(mall: MallId, service: ServiceCode, service_date: date) -> LineId:
    """The id that the line of this service and day always has."""
    return LineId.of(mall, service, service_date.isoformat())
