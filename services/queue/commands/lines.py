"""Lines that give no new numbers for the rest of the day, or give them again."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import ClassVar

from contracts.base import Answer, Code, Command, Refused
from contracts.ids import LineId, MallId, ServiceCode
from services.queue.domain import refusals
from services.queue.domain.line import LineOfTheDay
from services.queue.domain.number_refusals import NumbersClosedNow, NumbersOpen


class CloseNumbers(Command):
    """A supervisor stops new numbers of today's line. Those that are out are served."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.MallUnknown,
        refusals.ServiceUnknown,
        NumbersClosedNow,
    )

    mall: MallId
    service: ServiceCode
    reason: Code

    def needs(self) -> Sequence[Hashable]:
        """The mall and its line of today."""
        return (self.mall, LineOfTheDay(self.mall, self.service, self.at))


class ReopenNumbers(Command):
    """A supervisor lets today's line give numbers again."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.MallUnknown,
        refusals.ServiceUnknown,
        NumbersOpen,
    )

    mall: MallId
    service: ServiceCode
    reason: Code

    def needs(self) -> Sequence[Hashable]:
        """The mall and its line of today."""
        return (self.mall, LineOfTheDay(self.mall, self.service, self.at))


class NumbersState(Answer):
    """Whether the line gives numbers: `numbers_closed` is the reason why not."""

    line_id: LineId
    service: ServiceCode
    service_date: date
    issued: int
    numbers_closed: Code | None
