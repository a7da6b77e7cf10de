"""Counters pause and resume, and somebody else decides what an officer may not decide alone."""

from contracts.base import Decision
from contracts.queue import CounterClosed
from services.queue.commands.pauses import (
    AskForChange,
    DecideChange,
    EndPause,
    PauseCounter,
    ResumeCounter,
    WithdrawChange,
)
from services.queue.domain.counter import Asked, Counter, counter_id_of
from services.queue.domain.counter_refusals import CounterNotPaused
from services.queue.domain.duty import PAUSE, PAUSE_OVER, end_of_free_pause, must_be_askable
from services.queue.domain.finding import States, get_counter
from services.queue.handlers.counters import closed_state, state_of, terms_of


def pause_counter(command: PauseCounter, states: States) -> Decision:
    """Nobody is called here until the officer is back."""
    counter = _own(command, states)
    rule = terms_of(states, counter).pause
    until = end_of_free_pause(rule, command.reason, command.at, command.until)
    fact = counter.pause(command.reason, until)
    answer = state_of(counter, paused_reason=fact.reason, paused_until=fact.until)
    return Decision([fact], answer)


def resume_counter(command: ResumeCounter, states: States) -> Decision:
    """The counter calls again."""
    counter = _own(command, states)
    fact = counter.resume()
    return Decision([fact], state_of(counter, paused_reason=None, paused_until=None))


def end_pause(command: EndPause, states: States) -> Decision:
    """The counter calls again, unless its officer was back before or pauses anew."""
    counter = get_counter(states, counter_id_of(command.mall, command.counter))
    counter.must_be_open()
    if counter.paused_until != command.until or command.at < command.until:
        raise CounterNotPaused(counter=counter.code)
    fact = counter.resume(PAUSE_OVER)
    return Decision([fact], state_of(counter, paused_reason=None, paused_until=None))


def ask_for_change(command: AskForChange, states: States) -> Decision:
    """The request waits for somebody else; meanwhile the counter works."""
    counter = _own(command, states)
    if command.wants == PAUSE:
        rule = terms_of(states, counter).pause
        must_be_askable(rule, command.reason, command.at, command.until)
    fact = counter.ask(Asked(command.wants, command.reason, command.actor, command.until))
    return Decision([fact], state_of(counter, asked=fact.wants))


def withdraw_change(command: WithdrawChange, states: States) -> Decision:
    """Nothing is asked for any more."""
    counter = _own(command, states)
    return Decision([counter.withdraw()], state_of(counter, asked=None))


def decide_change(command: DecideChange, states: States) -> Decision:
    """Four eyes: whoever asked cannot decide."""
    counter = get_counter(states, counter_id_of(command.mall, command.counter))
    counter.must_be_open()
    if not command.approve:
        refused = counter.refuse(command.actor, command.reason)
        return Decision([refused], state_of(counter, asked=None))
    decided, follows = counter.approve(command.actor, command.reason)
    if isinstance(follows, CounterClosed):
        return Decision([decided, follows], closed_state(counter))
    changes = {"asked": None, "paused_reason": follows.reason, "paused_until": follows.until}
    return Decision([decided, follows], state_of(counter, **changes))


def _own(
    command: PauseCounter | ResumeCounter | AskForChange | WithdrawChange, states: States
) -> Counter:
    counter = get_counter(states, counter_id_of(command.mall, command.counter))
    counter.must_be_served_by(command.actor, command.session_id)
    return counter
