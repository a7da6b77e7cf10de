"""What the clock says about agencies."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import ClassVar

from contracts.base import Answer, Command, Refused
from contracts.ids import AgencyId, MallId, PresenceId
from services.queue.domain import refusals as rules
from services.queue.domain.presence import MallDay


class RecordAbsence(Command):
    """An agency has not opened a counter, though it was expected a while ago."""

    refusals: ClassVar[Sequence[type[Refused]]] = (rules.MallUnknown, rules.PresenceKnown)

    mall: MallId
    agency: AgencyId
    service_date: date

    def needs(self) -> Sequence[Hashable]:
        """The mall, and what was told of its agencies on that day."""
        return (self.mall, MallDay(self.mall, self.at))


class AbsenceRecorded(Answer):
    """It is told."""

    presence_id: PresenceId
