"""Queue over HTTP: requests become commands and queries, nothing else."""

from chassis.http import Router
from chassis.service import Running
from services.queue.api.asides import add_asides
from services.queue.api.boards import add_boards
from services.queue.api.calls import add_calls
from services.queue.api.counters import add_counters
from services.queue.api.devices import add_devices
from services.queue.api.lines import add_lines
from services.queue.api.pauses import add_pauses
from services.queue.api.presence import add_presence
from services.queue.api.slips import add_slips
from services.queue.api.surveys import add_surveys
from services.queue.api.tickets import add_tickets
from services.queue.api.waiting import add_waiting


def router(running: Running) -> Router:
    """All endpoints of queue."""
    found = Router(tags=["queue"])
    add_tickets(found, running)
    add_lines(found, running)
    add_devices(found, running)
    add_slips(found, running)
    add_counters(found, running)
    add_pauses(found, running)
    add_calls(found, running)
    add_asides(found, running)
    add_presence(found, running)
    add_boards(found, running)
    add_surveys(found, running)
    add_waiting(found, running)
    return found
