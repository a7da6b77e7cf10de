"""Who comes to the mall on one day: drawn from a seed, so that equal seeds make equal days.

Where a figure has a source it is named; the others are assumptions, kept here in one place.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

WEIGHTS: Mapping[str, float] = {
    # Kota Batu, January to September 2025: civil registration 41 %, health 25 % of all visits.
    "DUK-KTP": 18,
    "DUK-KK": 11,
    "DUK-KIA": 7,
    "DUK-AKL": 5,
    "BPJ-KES": 22,
    "DKS-SLHS": 3,
    # The rest is spread by assumption: police first, then licensing, passports, taxes.
    "POL-SIM": 9,
    "POL-SKCK": 7,
    "IMI-PAS": 5,
    "PTSP-NIB": 4,
    "PTSP-PBG": 2,
    "PTSP-SIP": 1,
    "BAP-BPHTB": 3,
    "PN-SKTP": 1.5,
    "DLH-SPPL": 0.5,
    "KUA-NKH": 1,
}
"""Share of the visits by service; a service that is not named here has `_OTHER`."""
_OTHER = 1.0
ARRIVALS: Sequence[int] = (25, 18, 16, 13, 6, 11, 8, 3)
"""Arrivals by eighth of the opening time: people wait at the door, few come at noon."""
ARRIVALS_OF: Mapping[int, Sequence[int]] = {
    0: (31, 19, 15, 11, 5, 9, 7, 3),
    4: (27, 21, 18, 13, 2, 4, 11, 4),
}
"""Monday (0) has what could not be done at the weekend, Friday (4) a longer break at noon."""
BOOKED_SHARE = 0.4
STAYS_AWAY_SHARE = 0.2
GONE_WHEN_CALLED_SHARE = 0.04
PRIORITY_SHARE = 0.06
GOES_ON_SHARE = 0.25
ANSWERS_SURVEY_SHARE = 0.25
REASONS = ("lansia", "hamil_menyusui", "disabilitas", "anak")
MEDIAN_MINUTES: Mapping[str, float] = {
    "BPJ-KES": 3.5,
    "DUK-KTP": 6,
    "DUK-KIA": 5,
    "POL-SIM": 9,
    "IMI-PAS": 11,
    "PTSP-PBG": 14,
}
_MEDIAN_MINUTES, _SPREAD, _LEAST_SECONDS, _MOST_SECONDS = 7.0, 0.45, 60, 2700
GOES_ON_TO: Mapping[str, str] = {"DUK-KK": "BPJ-KES", "DUK-AKL": "DUK-KIA", "PTSP-NIB": "DLH-SPPL"}
"""Where somebody is often sent on to: a new family card changes the health insurance."""


@dataclass(frozen=True, slots=True)
class Opening:
    """When the mall is open, and what is to be had there."""

    opens_at: datetime
    closes_at: datetime
    services: tuple[str, ...]
    walk_in_only: frozenset[str] = frozenset()
    """Places of these cannot be booked on the day before."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One person's day. `session` is the hour booked; `scores` what they say of the service."""

    number: int
    service: str
    comes_at: datetime
    session: datetime | None
    comes: bool
    is_there_when_called: bool
    priority: str | None
    needs: timedelta
    goes_on_to: str | None
    scores: tuple[int, ...] | None


def draw_visits(seed: int, count: int, opening: Opening) -> list[Visit]:
    """The visits of the day, by the time at which they come; numbers are in the same order."""
    dice = random.Random(f"visits {seed}")  # noqa: S311 - guards nothing, and must be the same for a seed
    drawn = [_draw(dice, opening) for _ in range(count)]
    drawn.sort(key=lambda visit: visit.comes_at)
    return [replace(visit, number=number) for number, visit in enumerate(drawn, start=1)]


def session_of(opening: Opening, at: datetime) -> datetime:
    """Start of the hour, counted from the opening, in which this moment lies."""
    hours = max(timedelta(), at - opening.opens_at) // timedelta(hours=1)
    return opening.opens_at + hours * timedelta(hours=1)


def _draw(dice: random.Random, opening: Opening) -> Visit:
    service = dice.choices(
        opening.services, [WEIGHTS.get(service, _OTHER) for service in opening.services]
    )[0]
    comes_at = _arrival(dice, opening)
    is_booked = dice.random() < BOOKED_SHARE and service not in opening.walk_in_only
    goes_on_to = GOES_ON_TO.get(service)
    goes_on = dice.random() < GOES_ON_SHARE
    return Visit(
        number=0,
        service=service,
        comes_at=comes_at,
        session=session_of(opening, comes_at) if is_booked else None,
        comes=not (is_booked and dice.random() < STAYS_AWAY_SHARE),
        is_there_when_called=dice.random() >= GONE_WHEN_CALLED_SHARE,
        priority=dice.choice(REASONS) if dice.random() < PRIORITY_SHARE else None,
        needs=_needs(dice, service),
        goes_on_to=goes_on_to if goes_on and goes_on_to in opening.services else None,
        scores=_scores(dice) if dice.random() < ANSWERS_SURVEY_SHARE else None,
    )


def _arrival(dice: random.Random, opening: Opening) -> datetime:
    """In which part of the day, then anywhere in it; to the second, as people arrive."""
    shape = ARRIVALS_OF.get(opening.opens_at.weekday(), ARRIVALS)
    place = dice.random() * sum(shape)
    bounds = list(accumulate(shape))
    part = next(index for index, bound in enumerate(bounds) if place < bound)
    eighth = (opening.closes_at - opening.opens_at) / len(shape)
    seconds = (eighth * (part + dice.random())).total_seconds()
    return opening.opens_at + timedelta(seconds=int(seconds))


def _needs(dice: random.Random, service: str) -> timedelta:
    """Time at the counter: log-normal round the median of the service."""
    median = 60 * MEDIAN_MINUTES.get(service, _MEDIAN_MINUTES)
    drawn = int(median * dice.lognormvariate(0.0, _SPREAD))
    return timedelta(seconds=min(max(drawn, _LEAST_SECONDS), _MOST_SECONDS))


def _scores(dice: random.Random) -> tuple[int, ...]:
    """Nine elements from 1 to 4, by how content the person is on the whole."""
    content = dice.choices((2, 3, 4), (1, 4, 5))[0]
    return tuple(max(1, min(4, content + dice.choice((-1, 0, 0, 0, 1)))) for _ in range(9))
