"""What a counter did without a link, told when the link is back."""

from collections.abc import Hashable, Sequence
from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from contracts.base import Answer, Command, Refused
from contracts.ids import CounterId, CounterSessionId, MallId, TicketId
from services.queue.commands.counters import NOT_YOURS
from services.queue.domain import refusals as rules
from services.queue.domain.line import TicketInItsQueue
from services.queue.domain.slip_refusals import SlipNotGenuine

NotGenuine = SlipNotGenuine
"""What the edge answers to a wrong code: a command is only made of slips that were there."""


class DoneOffline(BaseModel):
    """One slip that the counter took: when it was, and how it ended."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ticket_id: TicketId
    called_at: AwareDatetime
    ended_at: AwareDatetime
    outcome: Literal["served", "no_show"] = "served"


class MergeServices(Command):
    """An officer tells whom the own counter served while its link was down."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.CounterUnknown,
        rules.NotYours,
        rules.MallUnknown,
        rules.CounterClosedNow,
        *NOT_YOURS,
        rules.CounterBusy,
        SlipNotGenuine,
    )

    counter_id: CounterId
    staff_mall: MallId
    session_id: CounterSessionId | None = None
    services: tuple[DoneOffline, ...]

    def needs(self) -> Sequence[Hashable]:
        """The counter, and each ticket with the line in which it waits."""
        return (self.counter_id, *(TicketInItsQueue(one.ticket_id) for one in self.services))


class ToldSlip(BaseModel):
    """What became of one slip.

    `merged` now; `known` from before; `disputed`: by what was written down it cannot have been so,
    and a person has to look; `unknown`: its kiosk has not told it yet, so send it again later.
    """

    ticket_id: TicketId
    label: str | None
    outcome: Literal["merged", "known", "disputed", "unknown"]


class MergedServices(Answer):
    """What became of each slip, in their order."""

    slips: tuple[ToldSlip, ...]
