"""Tickets over HTTP: a place in a line for whoever comes without an appointment."""

from pydantic import BaseModel, ConfigDict

from chassis import clock
from chassis.auth import Caller, requires
from chassis.errors import NotAllowed
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.base import Code
from contracts.ids import MallId, ServiceCode, TicketId
from services.queue.api.callers import DeviceEpoch, mall_of
from services.queue.commands.tickets import AskedLane, IssuedTicket, IssueTicket
from services.queue.queries.tickets import OF_SLIPS, PrintedTicket, slip_of
from services.queue.settings import TicketCodes


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


class Slip(IssuedTicket):
    """What is printed. Whoever holds `code` may speak for the ticket; officers do not have it."""

    code: str


class PaperSlip(PrintedTicket):
    """The same for a ticket that was issued before."""

    code: str


def add_tickets(found: Router, running: Running) -> None:
    """The endpoints about getting a ticket."""
    codes = TicketCodes(running.settings.code_key_file)

    @found.command(
        "/v1/tickets",
        allow=requires("kiosk", "officer"),
        status=201,
        refusals=IssueTicket.refusals,
    )
    async def issue_ticket(
        form: Json[WalkIn], caller: Caller, key: IdempotencyKey, epoch: DeviceEpoch = None
    ) -> Slip:
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
        issued = (await running.dispatch(command)).read(IssuedTicket)
        return Slip(**dict(issued), code=codes.code_of(issued.ticket_id))

    @found.query(
        "/v1/tickets/{ticket_id}/slip", allow=requires("kiosk"), refusals=(*OF_SLIPS, NotAllowed)
    )
    async def show_slip(ticket_id: TicketId, caller: Caller) -> PaperSlip:
        """What a kiosk of the mall prints for a ticket, for example of a checked-in appointment."""
        printed = await slip_of(running.database, ticket_id, mall_of(caller))
        return PaperSlip(**dict(printed), code=codes.code_of(ticket_id))
