"""What is decided about closures and special openings."""

from contracts.base import Decision, Fact
from contracts.booking import ClosureDeclared, ClosureSwept
from services.booking.commands import closures as commands
from services.booking.domain.closure import (
    Closure,
    Conflicts,
    ConflictsOf,
    changed_sessions,
    closures_in,
    declared,
    disturbed,
    get_closure,
)
from services.booking.domain.closure_refusals import AgencyNotInMall
from services.booking.domain.offer import must_be_own
from services.booking.domain.states import (
    States,
    get_appointment,
    get_mall,
    get_service,
    get_session,
)


def declare_closure(command: commands.DeclareClosure, states: States) -> Decision:
    """It holds from now on, and the sessions that it is about are closed or open with it."""
    must_be_own(command.mall, command.staff_mall)
    mall = get_mall(states, command.mall)
    if command.service is not None:
        mall.must_offer(get_service(states, command.service))
    if command.agency is not None and command.agency not in mall.agencies:
        raise AgencyNotInMall(mall=mall.id, agency=command.agency)
    said = command.model_dump(include=set(ClosureDeclared.model_fields))
    fact = declared(ClosureDeclared.model_validate(said), command.at)
    closure = Closure.declared(fact, command.at)
    rulings = [*closures_in(states, mall.id), closure]
    sessions = changed_sessions(states, rulings, closure, command.at)
    answer = commands.ClosureMade(closure_id=closure.id, sessions=len(sessions))
    return Decision([fact, *sessions], answer)


def lift_closure(command: commands.LiftClosure, states: States) -> Decision:
    """It holds no more: its sessions are as what else rules over them would have them."""
    closure = get_closure(states, command.closure_id)
    must_be_own(closure.mall, command.staff_mall)
    fact = closure.lift(command.reason)
    left = [one for one in closures_in(states, closure.mall) if one.id != closure.id]
    sessions = changed_sessions(states, left, closure, command.at)
    answer = commands.ClosureMade(closure_id=closure.id, sessions=len(sessions))
    return Decision([fact, *sessions], answer)


def sweep_closure(command: commands.SweepClosure, states: States) -> Decision:
    """A set of people is told; when nobody is left, that is said."""
    closure = get_closure(states, command.closure_id)
    if closure.due_at is None:
        return Decision([], commands.Swept(told=0, done=True))
    conflicts: Conflicts = states[ConflictsOf(closure.id)]
    facts: list[Fact] = []
    for id_ in conflicts.appointments:
        appointment = get_appointment(states, id_)
        session = get_session(states, appointment.session_id)
        fact = disturbed(appointment, session, closure)
        if fact is not None:
            facts.append(fact)
    told = len(facts)
    if not conflicts.more:
        facts.append(
            ClosureSwept(
                closure_id=closure.id,
                mall=closure.mall,
                sessions=conflicts.sessions,
                appointments=closure.told + told,
            )
        )
    return Decision(facts, commands.Swept(told=told, done=not conflicts.more))
