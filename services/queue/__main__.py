"""Starts queue: `python -m services.queue`."""

from chassis import service
from services.queue.wiring import SERVICE

service.run(SERVICE)
