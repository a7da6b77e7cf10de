"""Booking over HTTP: requests become commands and queries, nothing else.

A citizen proves to be the holder of an appointment by its booking code, in the header Booking-Code,
and of an entry of a wait list by the one in Wait-Code.
"""

from chassis.http import Router
from chassis.service import Running
from services.booking.api.appointments import add_appointments
from services.booking.api.attendance import add_attendance
from services.booking.api.closures import add_closures
from services.booking.api.holders import add_holders
from services.booking.api.hours import add_hours
from services.booking.api.papers import add_papers
from services.booking.api.places import add_places
from services.booking.api.releases import add_releases
from services.booking.api.requests import add_requests
from services.booking.api.sessions import add_sessions
from services.booking.api.visits import add_visits
from services.booking.api.waits import add_waits


def router(running: Running) -> Router:
    """All endpoints of booking."""
    found = Router(tags=["booking"])
    add_sessions(found, running)
    add_appointments(found, running)
    add_holders(found, running)
    add_requests(found, running)
    add_places(found, running)
    add_closures(found, running)
    add_hours(found, running)
    add_papers(found, running)
    add_releases(found, running)
    add_waits(found, running)
    add_attendance(found, running)
    add_visits(found, running)
    return found
