"""Tickets that do not go straight, over HTTP: again, aside, back, behind, on, first, away."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from chassis import clock
from chassis.auth import PUBLIC, Caller, Principal, requires
from chassis.errors import NotAllowed
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.base import Code
from contracts.ids import Actor, CounterCode, ServiceCode, TicketId
from services.queue.api.callers import CounterSession, TicketCode, check_holder, mall_of
from services.queue.api.calls import AtCounter
from services.queue.commands.asides import (
    CallTicket,
    HoldTicket,
    LeaveQueue,
    LetInFirst,
    Minutes,
    RecallTicket,
    ResumeTicket,
    ReturnTicket,
    SkipTicket,
    TicketMoved,
    TransferTicket,
)
from services.queue.settings import TicketCodes


class Holding(AtCounter):
    """Why the holder steps aside, and for how many minutes."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "counter_id": "019cb132-6fc0-7a3c-9a0a-7f5d2f0a4c11",
                    "reason": "fotokopi",
                    "minutes": 10,
                }
            ]
        },
    )

    reason: Code
    minutes: Minutes


class Transfer(AtCounter):
    """Where the holder goes on: a service, a counter, or both; with `hand_over` at once."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "counter_id": "019cb132-6fc0-7a3c-9a0a-7f5d2f0a4c11",
                    "to_service": "DUK-KK",
                    "reason": "perlu_layanan_lain",
                }
            ]
        },
    )

    to_service: ServiceCode | None = None
    to_counter: CounterCode | None = None
    hand_over: bool = False
    reason: Code


class OutOfOrder(AtCounter):
    """For which published reason this ticket is called before its turn."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "counter_id": "019cb132-6fc0-7a3c-9a0a-7f5d2f0a4c11",
                    "reason": "darurat_medis",
                }
            ]
        },
    )

    reason: Code


class OtherLane(BaseModel):
    """The lane to which a waiting ticket goes over, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"lane": "prioritas", "reason": "lansia"}]},
    )

    lane: Literal["prioritas"]
    reason: Code | None = None


def add_asides(found: Router, running: Running) -> None:
    """The endpoints about tickets that do not go straight."""
    _add_at_counter(found, running)
    _add_sending_on(found, running)
    _add_waiting(found, running)


def _of(
    ticket_id: TicketId, caller: Principal, key: str, form: AtCounter, session: Any
) -> dict[str, Any]:
    """What every command of an officer about a ticket says."""
    return {
        "actor": caller.actor,
        "at": clock.now(),
        "key": key,
        "ticket_id": ticket_id,
        "counter_id": form.counter_id,
        "staff_mall": mall_of(caller),
        "session_id": session,
    }


def _add_at_counter(found: Router, running: Running) -> None:
    officer = requires("officer")

    @found.command("/v1/tickets/{ticket_id}/recall", allow=officer, refusals=RecallTicket.refusals)
    async def recall_ticket(
        ticket_id: TicketId,
        form: Json[AtCounter],
        caller: Caller,
        key: IdempotencyKey,
        session: CounterSession = None,
    ) -> TicketMoved:
        """Call somebody again who did not come."""
        command = RecallTicket(**_of(ticket_id, caller, key, form, session))
        return (await running.dispatch(command)).read(TicketMoved)

    @found.command("/v1/tickets/{ticket_id}/hold", allow=officer, refusals=HoldTicket.refusals)
    async def hold_ticket(
        ticket_id: TicketId,
        form: Json[Holding],
        caller: Caller,
        key: IdempotencyKey,
        session: CounterSession = None,
    ) -> TicketMoved:
        """The holder steps aside, to copy or to pay; the counter goes on."""
        said = {"reason": form.reason, "minutes": form.minutes}
        command = HoldTicket(**_of(ticket_id, caller, key, form, session), **said)
        return (await running.dispatch(command)).read(TicketMoved)

    @found.command("/v1/tickets/{ticket_id}/resume", allow=officer, refusals=ResumeTicket.refusals)
    async def resume_ticket(
        ticket_id: TicketId,
        form: Json[AtCounter],
        caller: Caller,
        key: IdempotencyKey,
        session: CounterSession = None,
    ) -> TicketMoved:
        """The holder is back: to this counter, without another wait."""
        command = ResumeTicket(**_of(ticket_id, caller, key, form, session))
        return (await running.dispatch(command)).read(TicketMoved)

    @found.command("/v1/tickets/{ticket_id}/skip", allow=officer, refusals=SkipTicket.refusals)
    async def skip_ticket(
        ticket_id: TicketId,
        form: Json[AtCounter],
        caller: Caller,
        key: IdempotencyKey,
        session: CounterSession = None,
    ) -> TicketMoved:
        """The holder did not come: others first, as many as the policy says."""
        command = SkipTicket(**_of(ticket_id, caller, key, form, session))
        return (await running.dispatch(command)).read(TicketMoved)


def _add_sending_on(found: Router, running: Running) -> None:
    officer = requires("officer")

    @found.command(
        "/v1/tickets/{ticket_id}/transfer", allow=officer, refusals=TransferTicket.refusals
    )
    async def transfer_ticket(
        ticket_id: TicketId,
        form: Json[Transfer],
        caller: Caller,
        key: IdempotencyKey,
        session: CounterSession = None,
    ) -> TicketMoved:
        """The holder goes on elsewhere, at the place that the policy keeps for him."""
        command = TransferTicket(
            **_of(ticket_id, caller, key, form, session),
            to_service=form.to_service,
            to_counter=form.to_counter,
            hand_over=form.hand_over,
            reason=form.reason,
        )
        return (await running.dispatch(command)).read(TicketMoved)

    @found.command("/v1/tickets/{ticket_id}/call", allow=officer, refusals=CallTicket.refusals)
    async def call_ticket(
        ticket_id: TicketId,
        form: Json[OutOfOrder],
        caller: Caller,
        key: IdempotencyKey,
        session: CounterSession = None,
    ) -> TicketMoved:
        """Call this ticket out of order, which is published with its reason."""
        command = CallTicket(**_of(ticket_id, caller, key, form, session), reason=form.reason)
        return (await running.dispatch(command)).read(TicketMoved)


def _add_waiting(found: Router, running: Running) -> None:
    codes = TicketCodes(running.settings.code_key_file)

    @found.command(
        "/v1/tickets/{ticket_id}/return",
        allow=requires("officer"),
        refusals=ReturnTicket.refusals,
    )
    async def return_ticket(
        ticket_id: TicketId, caller: Caller, key: IdempotencyKey
    ) -> TicketMoved:
        """Who stepped aside waits in the line again."""
        command = ReturnTicket(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            ticket_id=ticket_id,
            staff_mall=mall_of(caller),
        )
        return (await running.dispatch(command)).read(TicketMoved)

    @found.command(
        "/v1/tickets/{ticket_id}/lane",
        allow=requires("kiosk", "officer"),
        refusals=LetInFirst.refusals,
    )
    async def let_in_first(
        ticket_id: TicketId, form: Json[OtherLane], caller: Caller, key: IdempotencyKey
    ) -> TicketMoved:
        """Who waits goes over to the priority lane."""
        command = LetInFirst(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            ticket_id=ticket_id,
            staff_mall=mall_of(caller),
            reason=form.reason,
        )
        return (await running.dispatch(command)).read(TicketMoved)

    @found.command(
        "/v1/tickets/{ticket_id}/leave",
        allow=PUBLIC,
        refusals=(*LeaveQueue.refusals, NotAllowed),
    )
    async def leave_queue(
        ticket_id: TicketId, key: IdempotencyKey, code: TicketCode = None
    ) -> TicketMoved:
        """The holder gives the place up, with the code on the slip."""
        check_holder(codes, ticket_id, code)
        # Each holder has keys of its own, so nobody can stumble into another's answer.
        holder = Actor(f"citizen:{ticket_id}")
        command = LeaveQueue(actor=holder, at=clock.now(), key=key, ticket_id=ticket_id)
        return (await running.dispatch(command)).read(TicketMoved)
