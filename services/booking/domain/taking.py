"""Taking places: what is wished for, and every rule that may say no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from contracts.base import Refused
from contracts.booking import (
    AppointmentBooked,
    AppointmentLapsed,
    AppointmentRequested,
    PlaceHeld,
)
from contracts.booking_entries import BookingPolicy
from contracts.ids import AppointmentId, PersonId, ServiceCode, VisitId, WaitId
from services.booking.domain import claims, keeping, release
from services.booking.domain.appointment import Appointment
from services.booking.domain.claims import ClaimsOf, Kind, SeatsOf
from services.booking.domain.people_refusals import (
    TooManyBookings,
    TooManyFromDevice,
    TooManyFromNetwork,
    TooManyHolds,
)
from services.booking.domain.refusals import AlreadyBooked, FurtherServiceImpossible
from services.booking.domain.release import Turn
from services.booking.domain.session import Session
from services.booking.domain.states import States, get_day, get_service, get_session

K = TypeVar("K", PlaceHeld, AppointmentRequested)
PLACES_MOST = 6
_TOO_MANY: Mapping[Kind, type[Refused]] = {
    Kind.PERSON_HOLD: TooManyHolds,
    Kind.PERSON_LIVE: TooManyBookings,
    Kind.IDENTITY_LIVE: TooManyBookings,
    Kind.DEVICE_LIVE: TooManyFromDevice,
    Kind.NETWORK_DAY: TooManyFromNetwork,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """One person's wish for places in a session."""

    appointment_id: AppointmentId
    session: Session
    person_id: PersonId
    channel: str = "online"
    also: tuple[ServiceCode, ...] = ()
    places: int = 1
    visit_id: VisitId | None = None
    wait_id: WaitId | None = None
    turn: Turn | None = None

    def booked(self, *, approved: bool = False) -> AppointmentBooked:
        """The fact that grants it."""
        session = self.session
        return AppointmentBooked(
            appointment_id=self.appointment_id,
            session_id=session.id,
            mall=session.mall,
            service=session.service,
            service_date=session.service_date,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            person_id=self.person_id,
            channel=self.channel,
            also=self.also,
            places=self.places,
            visit_id=self.visit_id,
            wait_id=self.wait_id,
            entered_at=self.turn.entered_at if self.turn is not None else None,
            turn_at=self.turn.turn_at if self.turn is not None else None,
            approved=approved,
        )

    def granted(
        self, rules: BookingPolicy, at: datetime
    ) -> AppointmentBooked | AppointmentRequested:
        """The fact that grants it, or asks the office whether it does."""
        if not keeping.needs_approval(self.session, rules, self.channel):
            return self.booked()
        return self._kept(AppointmentRequested, keeping.request_ends(self.session, rules, at))

    def held(self, until: datetime) -> PlaceHeld:
        """The fact that keeps the place until then."""
        return self._kept(PlaceHeld, until)

    def _kept(self, kind: type[K], until: datetime) -> K:
        session = self.session
        return kind(
            appointment_id=self.appointment_id,
            session_id=session.id,
            mall=session.mall,
            service=session.service,
            service_date=session.service_date,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            person_id=self.person_id,
            channel=self.channel,
            until=until,
            also=self.also,
            places=self.places,
            visit_id=self.visit_id,
            wait_id=self.wait_id,
        )


def status_of(fact: AppointmentBooked | AppointmentRequested) -> Literal["booked", "requested"]:
    """Where the appointment stands after this fact."""
    return "booked" if isinstance(fact, AppointmentBooked) else "requested"


def wish_again(appointment: Appointment, session: Session) -> Wish:
    """What an appointment that is held or requested was wished for."""
    return Wish(
        appointment.id,
        session,
        appointment.person_id,
        appointment.channel,
        appointment.further,
        appointment.places,
        appointment.visit_id,
        appointment.wait_id,
    )


def lapsed(appointment: Appointment, session: Session, reason: str) -> AppointmentLapsed:
    """The fact that a place that was kept is free again."""
    return AppointmentLapsed(
        appointment_id=appointment.id,
        session_id=session.id,
        mall=session.mall,
        service=session.service,
        service_date=session.service_date,
        person_id=appointment.person_id,
        reason=reason,
    )


def places_for(
    states: States, session: Session, also: Sequence[ServiceCode], rules: BookingPolicy
) -> int:
    """How many places a booking takes with its further services.

    Raises FurtherServiceImpossible or ServiceUnknown.
    """
    places = (1 + len(also)) * rules.weight
    if also:
        agency = get_service(states, session.service).agency
        services = [get_service(states, code) for code in also]
        named = {session.service, *also}
        if (
            len(named) <= len(also)
            or places > PLACES_MOST
            or any(one.agency != agency for one in services)
        ):
            raise FurtherServiceImpossible(most=PLACES_MOST)
    return places


def hold_ends(session: Session, rules: BookingPolicy, at: datetime) -> datetime:
    """Until when a place is held that is taken now: never longer than its session."""
    return min(at + timedelta(minutes=rules.hold.minutes), session.ends_at)


def must_be_released(states: States, wish: Wish, at: datetime) -> None:
    """Whether the place may be taken now.

    Raises NotReleasedYet, EnterFirst, NotYourTurn or EnteredByLottery.
    """
    day = get_day(states, wish.session.day_id)
    release.must_be_released(day, wish.session, wish.channel, at, wish.turn)


def must_be_possible(
    states: States, before: Appointment | None, after: Appointment, at: datetime
) -> None:
    """Whether an appointment, as it would be, finds its seats and its places.

    Raises AlreadyBooked, what is in `_TOO_MANY`, SessionClosedNow, SessionFull, ChannelFull or
    DayFull.
    """
    session = get_session(states, after.session_id)
    known = states.get(ClaimsOf(after.id))
    mine = {claim.seats for claim in known.live} if known is not None else set()
    for key, most in claims.wanted(states, after, at).items():
        taken = most != claims.NOTED and claims.seats_of(states, key).lowest_free > most
        if taken and key not in mine:
            raise _refusal(key, most, session)
    session.must_have(after.places, after.channel)
    if before is None or get_session(states, before.session_id).day_id != session.day_id:
        get_day(states, session.day_id).must_have(after.places)


def _refusal(key: SeatsOf, most: int, session: Session) -> Refused:
    if key.kind is Kind.SERVICE_DAY:
        return AlreadyBooked(service=session.service, service_date=session.service_date.isoformat())
    return _TOO_MANY[key.kind](most=most)
