"""Commands about visits over several agencies, and their answers."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.base import Answer, Command, Refused
from contracts.ids import (
    AppointmentId,
    MallId,
    PersonId,
    ServiceCode,
    SessionId,
    VisitId,
)
from services.booking.commands.appointments import Also, BookAppointment, Channel
from services.booking.domain import visit_refusals as rules
from services.booking.domain.refusals import NotYours
from services.booking.domain.visit import ServicesIn, StopsOf


class Stop(BaseModel):
    """One stop that is wished for. `also` names further services of the same agency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_id: SessionId
    also: Also = ()


Stops = Annotated[tuple[Stop, ...], Field(min_length=2, max_length=5)]


class BookVisit(Command):
    """Take a place at each of these stops, in this order, or none at all.

    `appointment_ids` has one for each stop; the rest is as in `BookAppointment`.
    """

    minted: ClassVar[frozenset[str]] = frozenset(
        {"visit_id", "appointment_ids", "device", "network"}
    )
    refusals: ClassVar[Sequence[type[Refused]]] = (
        *BookAppointment.refusals,
        rules.TooManyStops,
        rules.TwoMalls,
        rules.TwoDays,
        rules.WrongOrder,
        rules.StopsOverlap,
    )

    visit_id: VisitId
    appointment_ids: tuple[AppointmentId, ...]
    stops: Stops
    person_id: PersonId
    channel: Channel = "online"
    identity: str | None = None
    device: str | None = None
    network: str | None = None
    staff_mall: MallId | None = None

    def single_bookings(self) -> Iterator[BookAppointment]:
        """The same as a booking for each stop."""
        for appointment_id, stop in zip(self.appointment_ids, self.stops, strict=True):
            yield BookAppointment(
                actor=self.actor,
                at=self.at,
                key=self.key,
                appointment_id=appointment_id,
                session_id=stop.session_id,
                person_id=self.person_id,
                also=stop.also,
                channel=self.channel,
                identity=self.identity,
                device=self.device,
                network=self.network,
                staff_mall=self.staff_mall,
            )

    def needs(self) -> Sequence[Hashable]:
        """What each booking needs, and all services."""
        sessions = tuple(stop.session_id for stop in self.stops)
        each = (key for one in self.single_bookings() for key in one.needs())
        return (*each, ServicesIn(sessions))


class PlannedStop(Answer):
    """One stop with its planned time, which lies within its session."""

    appointment_id: AppointmentId
    session_id: SessionId
    service: ServiceCode
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class VisitMade(Answer):
    """All places are taken."""

    visit_id: VisitId
    stops: tuple[PlannedStop, ...]
    walking_minutes: int


class CancelVisit(Command):
    """Give up every stop that is still ahead; `reason` says who does."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.VisitUnknown,
        NotYours,
        rules.VisitCancelledAlready,
        rules.VisitOver,
    )

    visit_id: VisitId
    staff_mall: MallId | None
    reason: Literal["by_citizen", "by_office"]

    def needs(self) -> Sequence[Hashable]:
        """The visit, and its appointments with their sessions."""
        return (self.visit_id, StopsOf(self.visit_id))


class VisitGivenUp(Answer):
    """The appointments whose places are free again."""

    visit_id: VisitId
    cancelled: tuple[AppointmentId, ...]
