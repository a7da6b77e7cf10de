"""What may be read about one ticket."""

from pydantic import BaseModel

from chassis.database import Database
from contracts.ids import MallId, TicketId
from services.queue.domain.refusals import NotYours, TicketUnknown

OF_SLIPS = (TicketUnknown, NotYours)


class PrintedTicket(BaseModel):
    """What stands on the paper of a ticket."""

    ticket_id: TicketId
    label: str
    number: int


_TICKET = """
SELECT tickets.label, tickets.number, lines.mall
FROM tickets JOIN lines ON lines.id = tickets.line_id WHERE tickets.id = $1
"""


async def slip_of(database: Database, ticket_id: TicketId, mall: MallId) -> PrintedTicket:
    """The ticket as it was issued. Raises TicketUnknown, or NotYours for one of another mall."""
    async with database.transaction() as tx:
        row = await tx.fetchrow(_TICKET, ticket_id)
    if row is None:
        raise TicketUnknown(ticket_id=str(ticket_id))
    if row["mall"] != mall:
        raise NotYours(mall=row["mall"])
    return PrintedTicket(ticket_id=ticket_id, label=row["label"], number=row["number"])
