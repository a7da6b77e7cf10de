"""Picking the things of one kind from a mixed set."""

from collections.abc import Iterable
from typing import Any, TypeVar

K = TypeVar("K")


def of_kind(items: Iterable[Any], kind: type[K]) -> list[K]:
    """The items of this kind, in their order."""
    return [item for item in items if isinstance(item, kind)]
