"""Starts tracking: `python -m services.tracking`."""

from chassis.service import run
from services.tracking.wiring import SERVICE

if __name__ == "__main__":
    run(SERVICE)
