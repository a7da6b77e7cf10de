"""Whom a counter calls next, among all queues that it may call from."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.ids import TicketId
from services.queue.domain.line import Line
from services.queue.domain.order import PRIORITY, Chosen, QueueHead, choose
from services.queue.domain.policy import Policy

PRIORITY_FIRST = "prioritas_first"


@dataclass(frozen=True, slots=True)
class Queue:
    """A line as a place where tickets wait: by which policy, and who stands first."""

    line: Line
    policy: Policy
    head: QueueHead

    def next(self) -> Chosen | None:
        """Whom the rule calls from here. Raises NotRead."""
        return choose(self.policy.ring, self.line.turn_under(self.policy), self.head.firsts())


def next_among(queues: Sequence[Queue], across: str) -> TicketId | None:
    """Whom the rule calls among several queues; None when nobody waits. Raises NotRead.

    Each queue names one, as its own ring says. `prioritas_first` prefers one of that lane, so each
    queue's own ring bounds their share; otherwise, and among them, the earliest place is next.
    """
    named = [chosen for queue in queues if (chosen := queue.next()) is not None]
    if not named:
        return None
    first = min(named, key=lambda one: (_behind_priority(one, across), one.place))
    return first.place.ticket_id


def _behind_priority(chosen: Chosen, across: str) -> bool:
    return across == PRIORITY_FIRST and chosen.lane != PRIORITY
