"""Who comes to a release: the same seed, the same people. Pure."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

_VERSION_4 = 4
_LATE = 0.1


class Group(StrEnum):
    """How somebody tries."""

    ORDINARY = "ordinary"
    """At the opening and again, after some tenths of a second each."""
    PHONE = "slow phone"
    """The same, and every request is 50 to 200 ms late."""
    ONCE = "one try"
    """Asks once, when it can be their turn."""
    BOT = "program"
    """Without thinking: all tries within milliseconds, also once it has a place."""


_SHARES = {Group.ORDINARY: 0.5, Group.PHONE: 0.25, Group.ONCE: 0.15, Group.BOT: 0.1}


@dataclass(frozen=True, slots=True)
class Person:
    """One of the crowd. Times in seconds.

    `comes_at`: enters the waiting room, before the opening (negative) or after it. `thinks`: from
    something to the try that it causes. `wishes`: sessions by their number, the first one first;
    as many as tries.
    """

    person_id: UUID
    group: Group
    comes_at: float
    thinks: float
    wishes: Sequence[int]

    @property
    def is_late(self) -> bool:
        """Whether the opening is past when this one comes."""
        return self.comes_at >= 0


def crowd(seed: int, people: int, tries: int, sessions: int, early: float) -> list[Person]:
    """So many people in the order of their coming, nine of ten in the `early` seconds before."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    found = [_person(chance, tries, sessions, early) for _ in range(people)]
    return sorted(found, key=lambda one: one.comes_at)


def _person(chance: random.Random, tries: int, sessions: int, early: float) -> Person:
    group = chance.choices(list(_SHARES), list(_SHARES.values()))[0]
    is_late = chance.random() < _LATE
    comes_at = chance.uniform(0, 2) if is_late else -chance.uniform(0.05, 1) * early
    wishes = [chance.randrange(sessions) for _ in range(1 if group is Group.ONCE else tries)]
    person_id = UUID(int=chance.getrandbits(128), version=_VERSION_4)
    return Person(person_id, group, comes_at, _thinks(chance, group), wishes)


def _thinks(chance: random.Random, group: Group) -> float:
    match group:
        case Group.BOT:
            return chance.uniform(0, 0.01)
        case Group.PHONE:
            return chance.uniform(0.05, 0.2)
        case _:
            return chance.uniform(0, 0.05)
