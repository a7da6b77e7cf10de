"""How many places more than there are could be booked, since some people do not come: advice only.

Cautious twice: the share of those who come is taken as high as the numbers allow, and the chance
that more come than there is room for stays below the risk that is allowed.
"""

import math
from dataclasses import dataclass

LEAST_KNOWN = 50
"""Of fewer appointments nothing can be said."""
Z_ONE_SIDED_95 = 1.645
MOST_SHARE = 5
"""At most one place in so many is booked twice, whatever the numbers say."""


@dataclass(frozen=True, slots=True)
class Advice:
    """`more` places could be booked; too many come with the chance `risk`."""

    more: int
    show_rate: float
    risk: float


def advised(capacity: int, known: int, missed: int, risk_percent: int = 5) -> Advice | None:
    """What `missed` of `known` appointments say about a session; None when they are too few."""
    if known < LEAST_KNOWN:
        return None
    return advised_at(capacity, 1 - wilson_lower(missed, known, Z_ONE_SIDED_95), risk_percent)


def advised_at(capacity: int, show_rate: float, risk_percent: int = 5) -> Advice:
    """The same where it is known which share of people comes."""
    more, risk = 0, 0.0
    for tried in range(1, capacity // MOST_SHARE + 1):
        chance = chance_of_more(capacity + tried, show_rate, capacity)
        if chance * 100 > risk_percent:
            break
        more, risk = tried, chance
    return Advice(more, show_rate, risk)


def chance_of_more(booked: int, show_rate: float, places: int) -> float:
    """The chance that of `booked` people more than `places` come, each for themselves."""
    if show_rate in (0.0, 1.0):
        return show_rate if booked > places else 0.0
    # By logarithms: the numbers of ways alone would be far too large for a session of thousands.
    ways, yes, no = math.lgamma(booked + 1), math.log(show_rate), math.log1p(-show_rate)
    return math.fsum(
        math.exp(
            ways
            - math.lgamma(come + 1)
            - math.lgamma(booked - come + 1)
            + come * yes
            + (booked - come) * no
        )
        for come in range(places + 1, booked + 1)
    )


def wilson_lower(hits: int, tries: int, z: float) -> float:
    """The lower end of Wilson's interval for a share: never below 0, and 0 for no hits.

    Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference,
    Journal of the American Statistical Association 22 (1927), 209-212.
    """
    if not hits:
        return 0.0
    share = hits / tries
    middle = share + z * z / (2 * tries)
    spread = z * math.sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries))
    return max(0.0, (middle - spread) / (1 + z * z / tries))
