"""What officers do with tickets at their counters, over HTTP."""

from pydantic import BaseModel, ConfigDict

from chassis import clock
from chassis.auth import Caller, requires
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import CounterId, TicketId
from services.queue.api.callers import CounterSession, mall_of
from services.queue.commands.calls import (
    Called,
    CallNextTicket,
    FinishTicket,
    Outcome,
    ServeTicket,
    TicketChanged,
)


class AtCounter(BaseModel):
    """The counter at which the officer sits."""

    model_config = ConfigDict(extra="forbid")

    counter_id: CounterId


class Ending(AtCounter):
    """How it ended: `served`, or `no_show` when nobody came."""

    outcome: Outcome


def add_calls(found: Router, running: Running) -> None:
    """The endpoints about tickets at counters."""

    @found.command(
        "/v1/counters/{counter_id}/call-next",
        allow=requires("officer"),
        refusals=CallNextTicket.refusals,
    )
    async def call_next(
        counter_id: CounterId, caller: Caller, key: IdempotencyKey, session: CounterSession = None
    ) -> Called:
        """Call whoever waits longest for the services of this counter."""
        command = CallNextTicket(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            counter_id=counter_id,
            staff_mall=mall_of(caller),
            session_id=session,
        )
        return (await running.dispatch(command)).read(Called)

    @found.command(
        "/v1/tickets/{ticket_id}/serve",
        allow=requires("officer"),
        refusals=ServeTicket.refusals,
    )
    async def serve_ticket(
        ticket_id: TicketId,
        form: Json[AtCounter],
        caller: Caller,
        key: IdempotencyKey,
        session: CounterSession = None,
    ) -> TicketChanged:
        """The holder has come to the counter that called."""
        command = ServeTicket(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            ticket_id=ticket_id,
            counter_id=form.counter_id,
            staff_mall=mall_of(caller),
            session_id=session,
        )
        return (await running.dispatch(command)).read(TicketChanged)

    @found.command(
        "/v1/tickets/{ticket_id}/finish",
        allow=requires("officer"),
        refusals=FinishTicket.refusals,
    )
    async def finish_ticket(
        ticket_id: TicketId,
        form: Json[Ending],
        caller: Caller,
        key: IdempotencyKey,
        session: CounterSession = None,
    ) -> TicketChanged:
        """The counter is free again."""
        command = FinishTicket(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            ticket_id=ticket_id,
            counter_id=form.counter_id,
            outcome=form.outcome,
            staff_mall=mall_of(caller),
            session_id=session,
        )
        return (await running.dispatch(command)).read(TicketChanged)
