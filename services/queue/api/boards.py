"""What boards and holders of tickets follow; public, since nobody is named."""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from chassis import clock
from chassis.auth import PUBLIC
from chassis.http import Router
from chassis.service import Running
from contracts.ids import MallId, TicketId
from services.queue.queries.boards import OF_MALLS, OF_TICKETS, Boards, BoardView
from services.queue.stream import hub_of

Zone = Annotated[
    str,
    Query(
        pattern=r"^[A-Z0-9]{0,4}$",
        description="Only counters of this part of the hall, such as `Z1`.",
        examples=["Z1"],
    ),
]
OfMall = Annotated[MallId, Path(examples=["mpp-nusantara"])]


def add_boards(found: Router, running: Running) -> None:
    """Add them all."""
    boards = Boards(running.database)
    hub = hub_of(running)

    @found.query("/v1/boards/{mall}", allow=PUBLIC, refusals=OF_MALLS)
    async def show_board(mall: OfMall, zone: Zone = "") -> BoardView:
        """What the board of the mall shows now; the stream goes on behind its `position`."""
        return await boards.snapshot(mall, zone, clock.now())

    @found.stream("/v1/boards/{mall}/stream", allow=PUBLIC, refusals=OF_MALLS)
    async def follow_board(request: Request, mall: OfMall, zone: Zone = "") -> Response:
        """Calls and counters as they change. After `event: snapshot`, read the board again."""
        await boards.must_know(mall)
        return await hub.response(request, key=f"{mall}/{zone}" if zone else mall)

    @found.stream("/v1/tickets/{ticket_id}/stream", allow=PUBLIC, refusals=OF_TICKETS)
    async def follow_ticket(request: Request, ticket_id: TicketId) -> Response:
        """What moves the queue in which the ticket waits: then its place may be another."""
        return await hub.response(request, key=await boards.queue_of(ticket_id))
