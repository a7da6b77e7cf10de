"""Numbers that a kiosk gave without a link: a line of its own, told later in order.

A series is gapless and belongs to one session of one device, so its papers never carry a number
that another kiosk has given. Nothing is numbered anew when it is told: the paper stays right.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from string import ascii_uppercase
from typing import Any, Literal, NamedTuple

from contracts.base import Code
from contracts.ids import DeviceId, LineId, MallId, ServiceCode, TicketId
from contracts.queue_day import SeriesGranted
from services.queue.domain import device_refusals as rules
from services.queue.domain.line import Line, Numbering
from services.queue.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class SeriesOn:
    """Asks for the letters that the line of a service has given on a day."""

    mall: MallId
    service: ServiceCode
    service_date: date


@dataclass(frozen=True, slots=True)
class SeriesOfTheDay:
    """The same for the day that `at` is in the mall's zone."""

    mall: MallId
    service: ServiceCode
    at: datetime


@dataclass(frozen=True, slots=True)
class Letters:
    """The series of a line and day. Never saved: the lines of the series say it."""

    id: SeriesOn
    taken: frozenset[str] = frozenset()

    def next(self) -> str:
        """The first letter that is free. Raises NoSeriesLeft."""
        for letter in ascii_uppercase:
            if letter not in self.taken:
                return letter
        raise rules.NoSeriesLeft(service=self.id.service)


class Slip(NamedTuple):
    """A number that was printed without a link."""

    ticket_id: TicketId
    number: int
    lane: Code
    lane_reason: Code | None
    printed_at: datetime


class Sorted(NamedTuple):
    """What becomes of a slip: it is new, known already, or its number belongs to another."""

    slip: Slip
    outcome: Literal["new", "known", "taken"]


def series_line_id(mall: MallId, service: ServiceCode, day: date, letter: str) -> LineId:
    """The id that this series always has."""
    return LineId.of(mall, service, day.isoformat(), letter)


def must_be_granted(line: Line | None, device_id: DeviceId, epoch: int) -> Line:
    """The series, if it is this device's. Raises SeriesUnknown.

    The session of the grant counts, not the present one: what was printed is honoured.
    """
    if line is None or line.numbering.device_id != device_id:
        raise rules.SeriesUnknown
    if line.numbering.device_epoch != epoch:
        raise rules.SeriesUnknown(epoch=epoch)
    return line


def sort_slips(
    line: Line, slips: Sequence[Slip], known: Mapping[TicketId, Ticket | None]
) -> Iterator[Sorted]:
    """What becomes of each slip, in the order of numbers; one that stands there twice counts once.

    Raises SeriesGap when one is missing before it, SeriesTooLong beyond the grant, TicketIdTaken
    when its id is that of a ticket from elsewhere.
    """
    expected, seen = line.last_number + 1, dict[TicketId, int]()
    for slip in slips:
        if slip.ticket_id in seen:
            if seen[slip.ticket_id] != slip.number:
                raise rules.TicketIdTaken(ticket_id=str(slip.ticket_id))
            continue
        seen[slip.ticket_id] = slip.number
        ticket = known.get(slip.ticket_id)
        if ticket is not None:
            if ticket.device_id != line.numbering.device_id or ticket.service != line.service:
                raise rules.TicketIdTaken(ticket_id=str(slip.ticket_id))
            yield Sorted(slip, "known")
        elif slip.number < expected:
            yield Sorted(slip, "taken")
        elif slip.number > expected:
            raise rules.SeriesGap(expected=expected)
        elif line.numbering.most is not None and slip.number > line.numbering.most:
            raise rules.SeriesTooLong(most=line.numbering.most)
        else:
            expected += 1
            yield Sorted(slip, "new")


def honest_time(line: Line, slip: Slip, at: datetime) -> datetime:
    """When the slip was printed, as far as one can believe the clock of a kiosk."""
    granted = line.numbering.granted_at or at
    return min(max(slip.printed_at, granted), at)


def letters_of(states: Mapping[Hashable, Any], asked: SeriesOn) -> Letters:
    """The series of a line and day, as they were read."""
    found = states.get(asked)
    return found if isinstance(found, Letters) else Letters(asked)


def granted(
    states: Mapping[Hashable, Any], fact: SeriesGranted, at: datetime
) -> Iterator[Line | Letters]:
    """A series was granted: its line begins, and its letter is taken."""
    yield Line(
        fact.line_id,
        fact.mall,
        fact.service,
        fact.service_date,
        version=1,
        numbering=Numbering(
            series=fact.series,
            device_id=fact.device_id,
            device_epoch=fact.epoch,
            granted_at=at,
            most=fact.most,
        ),
    )
    letters = letters_of(states, SeriesOn(fact.mall, fact.service, fact.service_date))
    yield Letters(letters.id, letters.taken | {fact.series})
