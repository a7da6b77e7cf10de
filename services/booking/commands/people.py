"""What a citizen may say about himself, checked before it becomes a digest."""

from services.booking.domain.nik import is_possible
from services.booking.domain.people_refusals import NikImpossible

__all__ = ("NikImpossible", "possible")


def possible(nik: str) -> str:
    """The NIK. Raises NikImpossible, which does not repeat it."""
    if not is_possible(nik):
        raise NikImpossible
    return nik
