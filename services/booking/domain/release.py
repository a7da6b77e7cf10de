"""How the places of a day are given out: all at once, after a waiting room, in parts, or by lot."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from contracts.booking import AnnouncedPart, DayAnnounced, PlacesReleased, SeedRevealed
from services.booking.domain import draw, parts
from services.booking.domain.day import ServiceDay
from services.booking.domain.offer import Mall
from services.booking.domain.release_refusals import (
    DoneAlready,
    EnteredByLottery,
    EnterFirst,
    NotDueYet,
    NotReleasedYet,
    NotYourTurn,
    ReleaseTimesImpossible,
    SeedLost,
)
from services.booking.domain.room import Room
from services.booking.domain.session import Session


@dataclass(frozen=True, slots=True)
class Turn:
    """Of a genuine pass: when its holder entered, and from when on they may take a place."""

    entered_at: datetime
    turn_at: datetime


def room_of(day: ServiceDay) -> Room | None:
    """The waiting room of a day that has one."""
    if day.mode != "first_come" or day.opens_at is None or not day.spread_s:
        return None
    return Room(day.opens_at, day.spread_s)


def must_be_released(
    day: ServiceDay, session: Session, channel: str, at: datetime, turn: Turn | None
) -> None:
    """Whether a place of this session may be taken now in this way of booking.

    Raises NotReleasedYet, EnterFirst, NotYourTurn or EnteredByLottery.
    """
    if day.mode == "first_come":
        _must_have_come(day, at)
        room = room_of(day)
        if room is not None and channel == "online":
            must_be_turn(room, at, turn)
    elif day.mode == "staggered":
        if day.due_at is not None and session.left < 1:
            raise NotReleasedYet(opens_at=day.due_at.isoformat())
    elif day.mode == "lottery" and not day.step and day.closes_at is not None:
        raise EnteredByLottery(closes_at=day.closes_at.isoformat())


def _must_have_come(day: ServiceDay, at: datetime) -> None:
    if day.opens_at is not None and at < day.opens_at:
        raise NotReleasedYet(opens_at=day.opens_at.isoformat())


def must_be_turn(room: Room, at: datetime, turn: Turn | None) -> None:
    """Whether the holder of this turn may take a place. Raises EnterFirst or NotYourTurn."""
    if at >= room.ends_at:
        return
    if turn is None:
        raise EnterFirst
    if at < turn.turn_at:
        raise NotYourTurn(turn_at=turn.turn_at.isoformat())


def must_be_possible_times(fact: DayAnnounced, mall: Mall, at: datetime) -> None:
    """Whether a release can go like this: in the future, in order, before its day is over.

    Raises ReleaseTimesImpossible.
    """
    zone = ZoneInfo(mall.zone)
    over = datetime.combine(fact.service_date + timedelta(days=1), time(), zone)
    moments = {
        "opens_at": fact.opens_at,
        "closes_at": fact.closes_at,
        **{f"parts/{number}": one.at for number, one in enumerate(fact.parts)},
    }
    before = at
    for name, moment in moments.items():
        if moment is None:
            continue
        first = name == "parts/0" and moment == before
        if not (before < moment or first) or moment >= over:
            raise ReleaseTimesImpossible(time=name)
        before = moment
    wanted = {
        "open": (),
        "first_come": ("opens_at",),
        "staggered": ("opens_at",),
        "lottery": ("opens_at", "closes_at"),
    }[fact.mode]
    for name in ("opens_at", "closes_at"):
        if (moments[name] is not None) != (name in wanted):
            raise ReleaseTimesImpossible(time=name)
    if fact.mode == "staggered":
        _must_be_all(fact)
    elif fact.parts or (fact.spread_s and fact.mode != "first_come"):
        raise ReleaseTimesImpossible(time="parts" if fact.parts else "spread_s")


def _must_be_all(fact: DayAnnounced) -> None:
    percents = sum(one.percent for one in fact.parts)
    if percents != parts.ALL_PERCENT or fact.parts[0].at != fact.opens_at or fact.spread_s:
        raise ReleaseTimesImpossible(time="parts")


def first_due(fact: DayAnnounced) -> datetime | None:
    """When something happens to the day for the first time.

    The seed of a waiting room is told at the opening: turns are drawn for passes from before it.
    """
    return fact.closes_at if fact.mode == "lottery" else fact.opens_at


def revealed(day: ServiceDay, seed: str, at: datetime) -> SeedRevealed:
    """The seed, once turns are fixed. Raises DoneAlready, NotDueYet or SeedLost."""
    if day.mode != "first_come" or day.due_at is None:
        raise DoneAlready
    if at < day.due_at:
        raise NotDueYet(due_at=day.due_at.isoformat())
    if not draw.is_seed_of(bytes.fromhex(seed), day.seed_digest or ""):
        raise SeedLost
    return SeedRevealed(
        day_id=day.id,
        mall=day.mall,
        service=day.service,
        service_date=day.service_date,
        seed=seed,
    )


def released_part(
    day: ServiceDay, sessions: Sequence[Session], at: datetime
) -> list[PlacesReleased]:
    """All parts that are due by now, of every session. Raises DoneAlready or NotDueYet."""
    if day.mode != "staggered" or day.due_at is None:
        raise DoneAlready
    step = parts.step_at([one.at for one in parts_of(day)], at)
    if step <= day.step:
        raise NotDueYet(due_at=day.due_at.isoformat())
    return [
        PlacesReleased(
            session_id=session.id,
            mall=session.mall,
            service=session.service,
            service_date=session.service_date,
            released=released_of(day, session.capacity, step),
            part=step,
        )
        for session in sessions
    ]


def announced_day(fact: DayAnnounced) -> ServiceDay:
    """The day that this fact begins."""
    parts_told = ",".join(f"{one.at.isoformat()} {one.percent}" for one in fact.parts)
    return replace(ServiceDay.announced(fact), parts=parts_told, due_at=first_due(fact))


def parts_of(day: ServiceDay) -> list[AnnouncedPart]:
    """The parts of a day that is released in some."""
    found = (one.partition(" ") for one in day.parts.split(",") if one)
    return [
        AnnouncedPart(at=datetime.fromisoformat(at), percent=int(percent))
        for at, _, percent in found
    ]


def released_of(day: ServiceDay, capacity: int, step: int) -> int:
    """How many places of a session are released once so many parts are."""
    return parts.released(capacity, [one.percent for one in parts_of(day)], step)


def with_its_share(day: ServiceDay, session: Session) -> Session:
    """A new session: where places come in parts, with those that have come."""
    if day.mode != "staggered" or day.due_at is None:
        return session
    return replace(session, released=released_of(day, session.capacity, day.step))


def after_part(
    day: ServiceDay, session: Session, fact: PlacesReleased
) -> tuple[Session, ServiceDay]:
    """Session and day after a part; behind the last one nothing binds the session any more."""
    moments = [one.at for one in parts_of(day)]
    due_at = parts.next_moment(moments, fact.part)
    released = fact.released if due_at is not None else None
    after = replace(session, version=session.version + 1, released=released)
    return after, replace(day.following(session, after), step=fact.part, due_at=due_at)


def after_reveal(day: ServiceDay) -> ServiceDay:
    """The day once its seed is known: nothing more is due."""
    return replace(day, version=day.version + 1, step=1, due_at=None)
