"""How patient a hub of event streams is, and how many streams it has."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient a hub is. Seconds, except where a name says otherwise.

    Whether a held stream has reached its age, or its reader is stuck, is looked at with each ping.
    """

    poll: float = 1.0
    ping: float = 15.0
    write: float = 30.0
    age: float = 900.0
    page_rows: int = 500
    queue_changes: int = 256
    subscribers: int = 5000
    retry: tuple[float, float] = (1.0, 15.0)
    """Between which two a client is told, by chance, to wait before it comes back."""
