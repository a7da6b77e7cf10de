"""Tickets over HTTP: a place in a line for whoever comes without an appointment."""

from pydantic import BaseModel, ConfigDict

from chassis import clock
from chassis.auth import Caller, requires
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.base import Code
from contracts.ids import MallId, ServiceCode, TicketId
from services.queue.api.callers import DeviceEpoch, mall_of
from services.queue.commands.tickets import AskedLane, IssuedTicket, IssueTicket


class WalkIn(BaseModel):
    """Somebody without an appointment wants this service.

    The lane `prioritas` needs a `reason` that the line's policy has; `lanjutan`, for who goes on
    with what was begun elsewhere, is given by officers.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"mall": "mpp-nusantara", "service": "DUK-KTP"},
                {
                    "mall": "mpp-nusantara",
                    "service": "DUK-KTP",
                    "lane": "prioritas",
                    "reason": "lansia",
                },
            ]
        },
    )

    mall: MallId
    service: ServiceCode
    lane: AskedLane = "reguler"
    reason: Code | None = None


def add_tickets(found: Router, running: Running) -> None:
    """The endpoints about getting a ticket."""

    @found.command(
        "/v1/tickets",
        allow=requires("kiosk", "officer"),
        status=201,
        refusals=IssueTicket.refusals,
    )
    async def issue_ticket(
        form: Json[WalkIn], caller: Caller, key: IdempotencyKey, epoch: DeviceEpoch = None
    ) -> IssuedTicket:
        """A place in the line of today."""
        command = IssueTicket(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            ticket_id=TicketId.new(),
            mall=form.mall,
            service=form.service,
            staff_mall=mall_of(caller),
            lane=form.lane,
            reason=form.reason,
            epoch=epoch,
        )
        return (await running.dispatch(command)).read(IssuedTicket)
