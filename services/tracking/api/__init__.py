"""Tracking's endpoints: parse, ask, answer. A tracking code stands in a header, never in a URL."""

from chassis.http import Router
from chassis.service import Running
from services.tracking.api.page import add_page
from services.tracking.api.reads import add_reads
from services.tracking.api.writes import add_writes


def router(running: Running) -> Router:
    """All endpoints of tracking."""
    found = Router(tags=["tracking"])
    add_writes(found, running)
    add_reads(found, running)
    add_page(found)
    return found
