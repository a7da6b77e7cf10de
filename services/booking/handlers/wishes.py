"""What a command wishes for, checked as far as the wish alone can be judged."""

from services.booking.commands.appointments import BookAppointment, HoldPlace
from services.booking.domain.offer import must_be_own
from services.booking.domain.people_refusals import IdentityNeeded
from services.booking.domain.policy import rules_of
from services.booking.domain.states import States, get_day, get_session
from services.booking.domain.taking import Wish, must_be_released, places_for


def wish_of(command: BookAppointment | HoldPlace, states: States) -> Wish:
    """Raises SessionUnknown, NotYours, SessionOver, IdentityNeeded, and as is said below."""
    session = get_session(states, command.session_id)
    must_be_own(session.mall, command.staff_mall)
    session.must_not_be_over(command.at)
    rules = rules_of(states, get_day(states, session.day_id))
    if rules.identity == "required" and command.identity is None:
        raise IdentityNeeded
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
