"""`python -m services.notify` serves until told to stop."""

from chassis import service
from services.notify.wiring import SERVICE

if __name__ == "__main__":
    service.run(SERVICE)
