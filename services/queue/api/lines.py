"""Lines over HTTP: what the board shows."""

from chassis import clock
from chassis.auth import PUBLIC
from chassis.http import Router
from chassis.service import Running
from contracts.ids import MallId
from services.queue.queries import lines as queries


def add_lines(found: Router, running: Running) -> None:
    """The endpoints about lines."""

    @found.query("/v1/lines", allow=PUBLIC)
    async def show_lines(mall: MallId) -> list[queries.LineView]:
        """The lines of today, for the board."""
        return await queries.lines_of(running.database, mall, clock.now())
