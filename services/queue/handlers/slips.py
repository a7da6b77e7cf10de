"""Counters tell what they did without a link."""

from contracts.base import Decision, Fact
from contracts.queue import TicketCalled
from services.queue.commands.slips import MergedServices, MergeServices, ToldSlip
from services.queue.domain.finding import States
from services.queue.domain.slips import Service, Telling
from services.queue.handlers.at_counter import own_counter


def merge_services(command: MergeServices, states: States) -> Decision:
    """Each slip is told once: those whom the counter had called first, then those who came."""
    counter = own_counter(command, states)
    telling = Telling(states, counter, command.at)
    facts: list[Fact] = []
    slips: dict[str, ToldSlip] = {}
    ordered = sorted(command.services, key=lambda one: one.ticket_id != counter.ticket_id)
    for one in ordered:
        if str(one.ticket_id) in slips:
            continue
        service = Service(one.ticket_id, one.called_at, one.ended_at, one.outcome)
        told, made = telling.tell(service)
        facts.extend(made)
        slips[str(one.ticket_id)] = ToldSlip(
            ticket_id=told.ticket_id, label=told.label, outcome=told.outcome
        )
    # Whom it has now keeps it busy, unless this tells how that ended.
    if str(counter.ticket_id) not in slips and any(isinstance(one, TicketCalled) for one in facts):
        counter.must_be_free()
    return Decision(facts, MergedServices(slips=tuple(slips.values())))
