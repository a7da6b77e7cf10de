"""The counter at which an officer does something: it must be the officer's own."""

from typing import Protocol

from contracts.ids import Actor, CounterId, CounterSessionId, MallId
from services.queue.domain.counter import Counter
from services.queue.domain.finding import States, get_counter
from services.queue.domain.mall import must_be_own


class AtCounter(Protocol):
    """A command of an officer at a counter."""

    @property
    def actor(self) -> Actor:
        """Who wants it."""

    @property
    def counter_id(self) -> CounterId:
        """Where."""

    @property
    def staff_mall(self) -> MallId:
        """For which mall the officer works."""

    @property
    def session_id(self) -> CounterSessionId | None:
        """At which screen, if that was said."""


def own_counter(command: AtCounter, states: States) -> Counter:
    """The officer's counter: the rules for every move at a counter, in their order.

    Raises CounterUnknown, NotYours, CounterClosedNow, NotYourCounter or SessionReplaced.
    """
    counter = get_counter(states, command.counter_id)
    must_be_own(counter.mall, command.staff_mall)
    counter.must_be_served_by(command.actor, command.session_id)
    return counter
