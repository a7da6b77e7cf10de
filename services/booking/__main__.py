"""Starts booking: `python -m services.booking`."""

from chassis import service
from services.booking.wiring import SERVICE

service.run(SERVICE)
