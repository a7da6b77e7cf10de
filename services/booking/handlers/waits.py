"""What is decided about waiting for a place, in the order of an entry's story."""

from typing import Literal

from contracts.base import Decision, Fact
from contracts.booking import LotteryDrawn, PlaceHeld, WaitJoined, WaitLeft, WaitOffered
from contracts.ids import PersonId
from services.booking.commands.waits import (
    DrawLottery,
    EndList,
    JoinWait,
    LeaveWait,
    ListChanged,
    OfferPlaces,
    WaitChanged,
    WaitMade,
)
from services.booking.domain import claims, draw
from services.booking.domain import waiting_refusals as no
from services.booking.domain.appointment import Appointment
from services.booking.domain.day import ServiceDay
from services.booking.domain.people_refusals import IdentityNeeded, TooManyBookings
from services.booking.domain.policy import rules_of
from services.booking.domain.refusals import AlreadyBooked
from services.booking.domain.release_refusals import DoneAlready, NotDueYet, SeedLost
from services.booking.domain.session import Session
from services.booking.domain.states import States, get_appointment, get_session
from services.booking.domain.taking import Wish, lapsed, must_be_possible
from services.booking.domain.wait import (
    LIST,
    LOTTERY,
    EntriesOf,
    Standing,
    Wait,
    Waiter,
    WaiterOf,
    in_order,
)
from services.booking.domain.waiting import (
    beyond_the_list,
    free_to_offer,
    get_wait,
    known_day,
    offerable,
    rule_of,
)

_OFFERS_MOST = 100


def join_wait(command: JoinWait, states: States) -> Decision:
    """An entry of the draw while that is open, of the list after it and where there is none."""
    day = known_day(states, command.day_id)
    rule = rule_of(states, day)
    if rules_of(states, day).identity == "required" and command.identity is None:
        raise IdentityNeeded
    kind = _kind_now(command, day)
    _must_be_new(command, states, day)
    if kind == LIST:
        if not offerable(states, day, command.at):
            raise no.ListOver
        if beyond_the_list(states, day, command.at) > 0:
            raise no.PlacesAreFree
    if day.waiting >= rule.most:
        raise no.ListFull(most=rule.most)
    fact = WaitJoined(
        wait_id=command.wait_id,
        day_id=day.id,
        mall=day.mall,
        service=day.service,
        service_date=day.service_date,
        person_id=command.person_id,
        kind=kind,
    )
    return Decision([fact], WaitMade(wait_id=fact.wait_id, kind=kind))


def leave_wait(command: LeaveWait, states: States) -> Decision:
    """Off the list; what was offered is free for the next."""
    wait = get_wait(states, command.wait_id)
    wait.must_be_live()
    facts: list[Fact] = []
    if wait.status is Standing.OFFERED and wait.appointment_id is not None:
        appointment = get_appointment(states, wait.appointment_id)
        session = get_session(states, appointment.session_id)
        facts.append(lapsed(appointment, session, "given_up"))
    facts.append(_left(wait, "by_citizen"))
    return Decision(facts, WaitChanged(wait_id=wait.id, status="left"))


def offer_places(command: OfferPlaces, states: States) -> Decision:
    """The earliest free places to the first ones who wait; who has one already is off the list."""
    day = known_day(states, command.day_id)
    if day.mode == LOTTERY and not day.step:
        return Decision([], ListChanged(entries=0))
    until = offerable(states, day, command.at)
    left = min(free_to_offer(states, day, command.at), _OFFERS_MOST)
    free = [session for session in until for _ in range(session.free("online"))]
    places = iter(free[:left])
    place = next(places, None)
    facts: list[Fact] = []
    waits = in_order(states, day.id)[:_OFFERS_MOST]
    for count, wait in enumerate(waits):
        if place is None:
            return Decision(facts, ListChanged(entries=count))
        held = _wish(wait, place).held(until[place])
        try:
            must_be_possible(states, None, Appointment.begun(held), command.at)
        except AlreadyBooked:
            facts.append(_left(wait, "booked_elsewhere"))
        except TooManyBookings:
            facts.append(_left(wait, "too_many_bookings"))
        else:
            facts += [held, _offered(wait, held)]
            place = next(places, None)
    return Decision(facts, ListChanged(entries=len(waits)))


def end_list(command: EndList, states: States) -> Decision:
    """Everybody who still waits when the day is over is off the list."""
    day = known_day(states, command.day_id)
    waits = in_order(states, day.id)[:_OFFERS_MOST]
    return Decision([_left(one, "day_over") for one in waits], ListChanged(entries=len(waits)))


def draw_lottery(command: DrawLottery, states: States) -> Decision:
    """The seed is revealed once nobody can enter any more; ranks follow from it."""
    day = known_day(states, command.day_id)
    if day.mode != LOTTERY or day.step or day.closes_at is None:
        raise DoneAlready
    if command.at < day.closes_at:
        raise NotDueYet(due_at=day.closes_at.isoformat())
    if not draw.is_seed_of(bytes.fromhex(command.seed), day.seed_digest or ""):
        raise SeedLost
    entries = states[EntriesOf(day.id)].ids
    fact = LotteryDrawn(
        day_id=day.id,
        mall=day.mall,
        service=day.service,
        service_date=day.service_date,
        seed=command.seed,
        entries=len(entries),
        entries_digest=draw.entries_digest(entries),
    )
    return Decision([fact], ListChanged(entries=len(entries)))


def _kind_now(command: JoinWait, day: ServiceDay) -> Literal["lottery", "list"]:
    if day.opens_at is not None and command.at < day.opens_at:
        raise no.EntriesNotOpen(opens_at=day.opens_at.isoformat())
    if day.mode != LOTTERY or day.step:
        return "list"
    if day.closes_at is not None and command.at >= day.closes_at:
        raise no.EntriesOver(closed_at=day.closes_at.isoformat())
    return "lottery"


def _must_be_new(command: JoinWait, states: States, day: ServiceDay) -> None:
    whos: list[PersonId | bytes] = [command.person_id, bytes.fromhex(command.identity or "")]
    for who in whos:
        waiter = states.get(WaiterOf(who, day.id))
        if isinstance(waiter, Waiter) and waiter.wait_id is not None:
            raise no.AlreadyWaiting
    if _seat_is_taken(states, command.person_id, day):
        raise AlreadyBooked(service=day.service, service_date=day.service_date.isoformat())


def _seat_is_taken(states: States, person_id: PersonId, day: ServiceDay) -> bool:
    key = claims.service_day(str(person_id), day.service, day.service_date)
    return claims.seats_of(states, key).lowest_free > 1


def _wish(wait: Wait, session: Session) -> Wish:
    return Wish(wait.next_offer, session, wait.person_id, wait_id=wait.id)


def _left(wait: Wait, reason: str) -> WaitLeft:
    return WaitLeft(wait_id=wait.id, day_id=wait.day_id, reason=reason)


def _offered(wait: Wait, held: PlaceHeld) -> WaitOffered:
    return WaitOffered(
        wait_id=wait.id,
        day_id=wait.day_id,
        appointment_id=held.appointment_id,
        until=held.until,
    )
