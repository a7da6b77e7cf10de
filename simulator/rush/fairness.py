"""Whether an outcome was fair: ranks against success, chances of groups. Pure.

Sources: H. B. Mann, D. R. Whitney, On a Test of Whether one of Two Random Variables is
Stochastically Larger than the Other, Annals of Mathematical Statistics 18 (1947), 50-60; E. B.
Wilson, Probable Inference, the Law of Succession, and Statistical Inference, Journal of the
American Statistical Association 22 (1927), 209-212.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Advantage:
    """The chance that a winner stood before a loser: 0.5 when order meant nothing, 1 when all.

    By chance alone it is within `spread` of a half in 95 of 100 cases.
    """

    value: float
    spread: float

    @property
    def is_chance(self) -> bool:
        """Whether order may have meant nothing."""
        return abs(self.value - 0.5) <= self.spread


def advantage_of_rank(won: Sequence[bool]) -> Advantage | None:
    """Of outcomes in the order of rank, no two with the same; None when all have the same one."""
    winners = sum(won)
    losers = len(won) - winners
    if not winners or not losers:
        return None
    before, behind = 0, losers
    for has_won in won:
        if has_won:
            before += behind
        else:
            behind -= 1
    pairs = winners * losers
    return Advantage(before / pairs, Z_95 * math.sqrt((winners + losers + 1) / (12 * pairs)))


@dataclass(frozen=True, slots=True)
class Chance:
    """How many of a group won, and between which shares the chance lies with 95 %."""

    people: int
    won: int

    @property
    def share(self) -> float:
        """Winners of all."""
        return self.won / self.people if self.people else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval."""
        if not self.people:
            return 0.0, 1.0
        n, z2 = self.people, Z_95 * Z_95
        middle = self.share + z2 / (2 * n)
        spread = Z_95 * math.sqrt(self.share * (1 - self.share) / n + z2 / (4 * n * n))
        return max(0.0, (middle - spread) / (1 + z2 / n)), min(
            1.0, (middle + spread) / (1 + z2 / n)
        )


def chances(outcomes: Sequence[tuple[str, bool]]) -> Mapping[str, Chance]:
    """The chance of each group, from everybody's group and outcome."""
    people: dict[str, list[int]] = {}
    for group, has_won in outcomes:
        counted = people.setdefault(group, [0, 0])
        counted[0] += 1
        counted[1] += has_won
    return {group: Chance(*counted) for group, counted in sorted(people.items())}


def same_chance(groups: Sequence[Chance]) -> float:
    """How likely so unequal shares are when all have the same chance: the p of a chi-square."""
    people, won = sum(one.people for one in groups), sum(one.won for one in groups)
    if not won or won == people or len(groups) < 2:  # noqa: PLR2004 - one alone is equal
        return 1.0
    square = 0.0
    for one in groups:
        for share, seen in ((won / people, one.won), (1 - won / people, one.people - one.won)):
            square += (seen - share * one.people) ** 2 / (share * one.people)
    return above(square, len(groups) - 1)


def above(square: float, degrees: int) -> float:
    """The chance that a chi-square of so many degrees of freedom is greater than this."""
    half = square / 2
    if degrees % 2:
        found, term, place = math.erfc(math.sqrt(half)), math.sqrt(half) / math.gamma(1.5), 1.5
    else:
        found, term, place = math.exp(-half), half, 2.0
    term *= math.exp(-half)
    for _ in range((degrees - 1) // 2):
        found += term
        term *= half / place
        place += 1
    return found
