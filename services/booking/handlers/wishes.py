"""What a command wishes for, checked as far as the wish alone can be judged."""

from contracts.booking import RebookingFlagged
from services.booking.commands.appointments import BookAppointment, HoldPlace
from services.booking.domain.claims import Proofs
from services.booking.domain.keeping import must_be_in_window
from services.booking.domain.misses import must_not_be_blocked
from services.booking.domain.offer import must_be_own
from services.booking.domain.people_refusals import IdentityNeeded
from services.booking.domain.policy import rules_of
from services.booking.domain.rebooking import flagged
from services.booking.domain.states import States, get_day, get_mall, get_session
from services.booking.domain.taking import Wish, must_be_released, places_for


def wish_of(command: BookAppointment | HoldPlace, states: States) -> Wish:
    """Raises SessionUnknown, NotYours, SessionOver, IdentityNeeded, and as is said below."""
    session = get_session(states, command.session_id)
    must_be_own(session.mall, command.staff_mall)
    session.must_not_be_over(command.at)
    rules = rules_of(states, get_day(states, session.day_id))
    if rules.identity == "required" and command.identity is None:
        raise IdentityNeeded
    mall = get_mall(states, session.mall)
    if command.channel != "counter":
        must_be_in_window(session, mall, rules, command.at)
    if command.channel == "online":
        must_not_be_blocked(states, command.person_id, rules, mall.date_of(command.at))
    places = places_for(states, session, command.also, rules)
    wish = Wish(
        command.appointment_id,
        session,
        command.person_id,
        command.channel,
        command.also,
        places,
        turn=command.turn,
    )
    must_be_released(states, wish, command.at)
    return wish


def flag_of(
    command: BookAppointment | HoldPlace, states: States, wish: Wish
) -> list[RebookingFlagged]:
    """The mark on a wish that came within seconds of a place being given up."""
    rules = rules_of(states, get_day(states, wish.session.day_id))
    today = get_mall(states, wish.session.mall).date_of(command.at)
    proofs = Proofs(command.identity, command.device, command.network)
    found = flagged(states, wish, proofs, rules, (command.at, today))
    return [found] if found is not None else []
