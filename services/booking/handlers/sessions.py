"""What is decided about sessions."""

from contracts.base import Decision, Fact
from contracts.booking import DayAnnounced
from services.booking.commands.sessions import OpenSession, SessionMade
from services.booking.domain.closure import closing, closures_in
from services.booking.domain.closure_refusals import ServiceClosed
from services.booking.domain.day import DayKey
from services.booking.domain.offer import must_be_own
from services.booking.domain.policy import Policy, policy_of
from services.booking.domain.session import Session, Span, opened_session
from services.booking.domain.states import States, day_named, get_mall, get_service


def open_session(command: OpenSession, states: States) -> Decision:
    """A session for a service of the mall; the first one of a day announces the day."""
    must_be_own(command.mall, command.staff_mall)
    offer = get_mall(states, command.mall), get_service(states, command.service)
    span = Span(command.starts_at, command.ends_at)
    fact = opened_session(command.session_id, offer, span, command.capacity, command.at)
    session, closures = Session.opened(fact), closures_in(states, command.mall)
    if (closure := closing(session, offer[1], closures)) is not None:
        raise ServiceClosed(until=closure.until_at.isoformat(), reason=closure.reason)
    key = DayKey(fact.mall, fact.service, fact.service_date)
    day = day_named(states, key)
    facts: list[Fact] = []
    if day is None:
        facts.append(_announced(command, key, policy_of(states, offer[0], key.service)))
    fact = fact.model_copy(update={"day_id": day.id if day is not None else command.day_id})
    answer = SessionMade(session_id=fact.session_id, service_date=fact.service_date)
    return Decision([*facts, fact], answer)


def _announced(command: OpenSession, key: DayKey, policy: Policy) -> DayAnnounced:
    return DayAnnounced(
        day_id=command.day_id,
        mall=key.mall,
        service=key.service,
        service_date=key.service_date,
        policy=policy.rules.code,
        policy_version=policy.version,
        mode="open",
    )
