"""Queue over HTTP: requests become commands and queries, nothing else."""

from pydantic import BaseModel, ConfigDict

from chassis import clock
from chassis.auth import PUBLIC, Caller, Principal, requires
from chassis.errors import NotAllowed
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import CounterCode, CounterId, MallId, ServiceCode, TicketId
from services.queue import queries
from services.queue.commands import (
    Called,
    CallNextTicket,
    CloseCounter,
    CounterState,
    FinishTicket,
    IssuedTicket,
    IssueTicket,
    OpenCounter,
    Outcome,
    ServeTicket,
    TicketChanged,
)

_CLOSED_BY_OFFICER = "closed_by_officer"


class WalkIn(BaseModel):
    """Somebody without an appointment wants this service."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"mall": "mpp-nusantara", "service": "DUK-KTP"}]},
    )

    mall: MallId
    service: ServiceCode


class AtCounter(BaseModel):
    """The counter at which the officer sits."""

    model_config = ConfigDict(extra="forbid")

    counter_id: CounterId


class Ending(AtCounter):
    """How it ended: `served`, or `no_show` when nobody came."""

    outcome: Outcome


def router(running: Running) -> Router:
    """The endpoints of queue."""
    found = Router(tags=["queue"])

    @found.command(
        "/v1/tickets",
        allow=requires("kiosk", "officer"),
        status=201,
        refusals=IssueTicket.refusals,
    )
    async def issue_ticket(form: Json[WalkIn], caller: Caller, key: IdempotencyKey) -> IssuedTicket:
        """A place in the line of today."""
        command = IssueTicket(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            ticket_id=TicketId.new(),
            mall=form.mall,
            service=form.service,
            staff_mall=_mall_of(caller),
        )
        return (await running.dispatch(command)).read(IssuedTicket)

    @found.query("/v1/lines", allow=PUBLIC)
    async def show_lines(mall: MallId) -> list[queries.LineView]:
        """The lines of today, for the board."""
        return await queries.lines_of(running.database, mall, clock.now())

    @found.command(
        "/v1/counters/{code}/open", allow=requires("officer"), refusals=OpenCounter.refusals
    )
    async def open_counter(code: CounterCode, caller: Caller, key: IdempotencyKey) -> CounterState:
        """Begin to serve at a counter of the officer's mall."""
        command = OpenCounter(
            actor=caller.actor, at=clock.now(), key=key, mall=_mall_of(caller), counter=code
        )
        return (await running.dispatch(command)).read(CounterState)

    @found.command(
        "/v1/counters/{code}/close", allow=requires("officer"), refusals=CloseCounter.refusals
    )
    async def close_counter(code: CounterCode, caller: Caller, key: IdempotencyKey) -> CounterState:
        """End service at a counter of the officer's mall."""
        command = CloseCounter(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            mall=_mall_of(caller),
            counter=code,
            reason=_CLOSED_BY_OFFICER,
        )
        return (await running.dispatch(command)).read(CounterState)

    @found.command(
        "/v1/counters/{counter_id}/call-next",
        allow=requires("officer"),
        refusals=CallNextTicket.refusals,
    )
    async def call_next(counter_id: CounterId, caller: Caller, key: IdempotencyKey) -> Called:
        """Call whoever waits longest for the services of this counter."""
        command = CallNextTicket(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            counter_id=counter_id,
            staff_mall=_mall_of(caller),
        )
        return (await running.dispatch(command)).read(Called)

    @found.command(
        "/v1/tickets/{ticket_id}/serve",
        allow=requires("officer"),
        refusals=ServeTicket.refusals,
    )
    async def serve_ticket(
        ticket_id: TicketId, form: Json[AtCounter], caller: Caller, key: IdempotencyKey
    ) -> TicketChanged:
        """The holder has come to the counter that called."""
        command = ServeTicket(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            ticket_id=ticket_id,
            counter_id=form.counter_id,
            staff_mall=_mall_of(caller),
        )
        return (await running.dispatch(command)).read(TicketChanged)

    @found.command(
        "/v1/tickets/{ticket_id}/finish",
        allow=requires("officer"),
        refusals=FinishTicket.refusals,
    )
    async def finish_ticket(
        ticket_id: TicketId, form: Json[Ending], caller: Caller, key: IdempotencyKey
    ) -> TicketChanged:
        """The counter is free again."""
        command = FinishTicket(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            ticket_id=ticket_id,
            counter_id=form.counter_id,
            outcome=form.outcome,
            staff_mall=_mall_of(caller),
        )
        return (await running.dispatch(command)).read(TicketChanged)

    return found


def _mall_of(caller: Principal) -> MallId:
    if caller.mall is None:
        raise NotAllowed("an officer's or kiosk's token names its mall")
    return caller.mall
