"""Agencies come, or are missed: the first counter that opens says so, or the clock does."""

from collections.abc import Iterable
from datetime import date, datetime

from contracts.base import Decision
from contracts.ids import AgencyId, ServiceCode
from contracts.queue_day import AgencyPresent
from services.queue.commands.presence import AbsenceRecorded, RecordAbsence
from services.queue.domain.finding import States, get_mall
from services.queue.domain.mall import Mall
from services.queue.domain.presence import (
    Attendance,
    MallDay,
    Presence,
    absent,
    expected_at,
    presence_id_of,
    present,
)


def record_absence(command: RecordAbsence, states: States) -> Decision:
    """The agency was expected a while ago, and none of its counters has opened."""
    mall = get_mall(states, command.mall)
    id_ = presence_id_of(command.mall, command.agency, command.service_date)
    known = states.get(id_)
    told = known if isinstance(known, Presence) else None
    fact = absent(mall, command.agency, command.service_date, told)
    return Decision([fact], AbsenceRecorded(presence_id=fact.presence_id))


def arrivals(
    states: States, mall: Mall, services: Iterable[ServiceCode], at: datetime
) -> list[AgencyPresent]:
    """The agencies that are here for the first time today, now that a counter opens for these."""
    day, attendance = mall.date_of(at), states.get(MallDay(mall.id, at))
    if expected_at(mall, day) is None or not isinstance(attendance, Attendance):
        return []
    offices = attendance.offices
    return [
        present(mall, agency, at)
        for agency in sorted(offices.of(services))
        if offices.works(agency, day) and not _has_come(states, mall, agency, day)
    ]


def _has_come(states: States, mall: Mall, agency: AgencyId, day: date) -> bool:
    known = states.get(presence_id_of(mall.id, agency, day))
    return isinstance(known, Presence) and known.present_at is not None
