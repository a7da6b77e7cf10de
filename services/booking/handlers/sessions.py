"""What is decided about sessions."""

from contracts.base import Decision, Fact
from services.booking.commands.sessions import OpenPlanned, OpenSession, PlanFollowed, SessionMade
from services.booking.domain.announcing import NewDay, announced
from services.booking.domain.closure import closing, closures_in
from services.booking.domain.closure_refusals import ServiceClosed
from services.booking.domain.day import DayKey
from services.booking.domain.offer import must_be_own
from services.booking.domain.policy import policy_of, quota_of
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
        most = quota_of(states, key.mall, key.service, key.service_date)
        new = NewDay(command.day_id, command.seed_digest, most)
        facts.append(announced(new, key, offer[0], policy_of(states, offer[0], key.service)))
    known = day.id if day is not None else command.day_id
    fact = fact.model_copy(update={"day_id": known, "approve": command.approve})
    answer = SessionMade(session_id=fact.session_id, service_date=fact.service_date)
    return Decision([*facts, fact], answer)


def open_planned(command: OpenPlanned, states: States) -> Decision:
    """The sessions of a day that are not there yet, as far as they can still be held."""
    mall, service = get_mall(states, command.mall), get_service(states, command.service)
    key = DayKey(command.mall, command.service, command.service_date)
    day, closures = day_named(states, key), closures_in(states, command.mall)
    day_id = day.id if day is not None else command.day_id
    opened: list[Fact] = []
    for one in command.spans:
        if one.session_id in states or one.ends_at <= command.at:
            continue
        span = Span(one.starts_at, one.ends_at)
        fact = opened_session(one.session_id, (mall, service), span, one.places, command.at)
        if closing(Session.opened(fact), service, closures) is None:
            named = {"day_id": day_id, "plan_revision": command.plan_revision}
            opened.append(fact.model_copy(update=named))
    answer = PlanFollowed(opened=len(opened))
    if day is None and opened:
        new = NewDay(command.day_id, command.seed_digest, command.most)
        opened.insert(0, announced(new, key, mall, policy_of(states, mall, key.service)))
    return Decision(opened, answer)
