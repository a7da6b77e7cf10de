"""How long it takes: for the holder of a ticket, and how right such answers were, for everybody."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query

from chassis import clock
from chassis.auth import PUBLIC
from chassis.errors import NotAllowed
from chassis.http import Router
from chassis.service import Running
from contracts.ids import MallId, ServiceCode, TicketId
from services.queue.api.callers import TicketCode, check_holder
from services.queue.queries import waiting as queries
from services.queue.settings import TicketCodes

Day = Annotated[
    date, Query(alias="date", examples=["2026-03-02"], description="A day of the mall.")
]


def add_waiting(found: Router, running: Running) -> None:
    """Both of them."""
    codes = TicketCodes(running.settings.code_key_file)

    @found.query(
        "/v1/tickets/{ticket_id}", allow=PUBLIC, refusals=(*queries.OF_TICKETS, NotAllowed)
    )
    async def show_ticket(
        ticket_id: Annotated[TicketId, Path(description="As on the slip.")],
        code: TicketCode = None,
    ) -> queries.TicketView:
        """Where the ticket stands, and a range of minutes where enough is known for one."""
        check_holder(codes, ticket_id, code)
        return await queries.ticket(running.database, ticket_id, clock.now())

    @found.query("/v1/waiting-accuracy", allow=PUBLIC)
    async def show_accuracy(
        mall: MallId, day: Day, service: ServiceCode | None = None
    ) -> list[queries.AccuracyView]:
        """Of the ranges that were told on a day, how many held: by service."""
        return await queries.accuracy(running.database, mall, service, day)
