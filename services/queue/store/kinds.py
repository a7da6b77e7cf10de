"""Picking the things of one kind from a mixed set."""

from collections.abc import Iterable
from typing import Any, TypeVar

from contracts.ids import ServiceCode

K = TypeVar("K")


def of_kind(items: Iterable[Any], kind: type[K]) -> list[K]:
    """The items of this kind, in their order."""
    return [item for item in items if isinstance(item, kind)]


def services(codes: Iterable[str]) -> tuple[ServiceCode, ...]:
    """Codes as they come from JSON."""
    return tuple(map(ServiceCode, codes))
