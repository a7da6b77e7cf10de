"""Counters are opened and closed."""

from contracts.base import Decision
from services.queue.commands.counters import CloseCounter, CounterState, OpenCounter
from services.queue.domain.counter import counter_id_of, opened_counter
from services.queue.domain.finding import States, find_counter, get_counter, get_mall


def open_counter(command: OpenCounter, states: States) -> Decision:
    """The counter calls from the lines that the catalogue gives it."""
    services = get_mall(states, command.mall).services_at(command.counter)
    known = find_counter(states, counter_id_of(command.mall, command.counter))
    fact = opened_counter(known, command.mall, command.counter, services)
    answer = CounterState(
        counter_id=fact.counter_id, counter=fact.counter, services=fact.services, is_open=True
    )
    return Decision([fact], answer)


def close_counter(command: CloseCounter, states: States) -> Decision:
    """The counter calls nobody any more."""
    counter = get_counter(states, counter_id_of(command.mall, command.counter))
    answer = CounterState(
        counter_id=counter.id, counter=counter.code, services=counter.services, is_open=False
    )
    return Decision([counter.close(command.reason)], answer)
