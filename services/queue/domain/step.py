"""A step: one change of who waits in a queue, and the fact that made it."""

from typing import NamedTuple

from contracts.ids import LineId, TicketId


class Step(NamedTuple):
    """The step of a queue that a fact took: version `version` of the ticket. Written once."""

    queue_id: LineId
    step: int
    ticket_id: TicketId
    version: int

    @property
    def id(self) -> tuple[LineId, int]:
        """No step is taken twice."""
        return self.queue_id, self.step
