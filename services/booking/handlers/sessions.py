"""What is decided about sessions."""

from contracts.base import Decision
from services.booking.commands.sessions import OpenSession, SessionMade
from services.booking.domain.offer import must_be_own
from services.booking.domain.session import Span, opened_session
from services.booking.domain.states import States, get_mall, get_service


def open_session(command: OpenSession, states: States) -> Decision:
    """A session for a service of the mall."""
    must_be_own(command.mall, command.staff_mall)
    offer = get_mall(states, command.mall), get_service(states, command.service)
    span = Span(command.starts_at, command.ends_at)
    fact = opened_session(command.session_id, offer, span, command.capacity, command.at)
    answer = SessionMade(session_id=fact.session_id, service_date=fact.service_date)
    return Decision([fact], answer)
