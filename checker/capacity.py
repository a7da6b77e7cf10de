"""I5: places by session, channel and day, as the facts take them and give them back.

A sweep over the log of booking, from the public description of its events. A hold and a request
take a place as an appointment does; what is confirmed or granted takes no second one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from checker.evidence import Check, Evidence, Fact

_TAKE = frozenset({"place_held", "appointment_requested", "appointment_booked"})
_GIVE_BACK = frozenset(
    {"appointment_cancelled", "appointment_lapsed", "appointment_declined", "appointment_missed"}
)
_MORE_WAIT: Mapping[str, int] = {"wait_joined": 1, "wait_passed": 1, "wait_offered": -1}
# So long before a session a place can be offered to whoever waits, whatever the policy says of
# quiet hours and short notice.
_IN_TIME = timedelta(hours=30)


@dataclass
class _Session:
    capacity: int
    day: str = ""
    overbook: int = 0
    released: int | None = None
    closed: bool = False
    most: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    starts_at: datetime | None = None

    @property
    def bound(self) -> int:
        most = self.capacity + self.overbook
        return most if self.released is None else min(most, self.released)

    @property
    def all_taken(self) -> int:
        return sum(self.taken.values())


@dataclass
class _Taken:
    session: str
    channel: str
    places: int
    person: str
    services: Sequence[str]
    date: str

    @property
    def holds(self) -> list[tuple[str, str, str]]:
        """Under what it counts for its person."""
        return [(self.person, service, self.date) for service in self.services]


@dataclass
class _Office:
    check: Check
    sessions: dict[str, _Session] = field(default_factory=dict)
    taken: dict[str, _Taken] = field(default_factory=dict)
    holders: dict[tuple[str, str, str], str] = field(default_factory=dict)
    quota: dict[str, int | None] = field(default_factory=dict)
    of_day: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    waiting: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    offered: set[str] = field(default_factory=set)

    def take(self, fact: Fact) -> None:
        """One fact later."""
        name, data = fact.type.removeprefix("booking.").partition(".")[0], fact.data
        if name in {"day_announced", "quota_changed"}:
            self.quota[fact.aggregate_id] = data.get("most")
        elif name.startswith("wait_"):
            self._wait(name, fact)
        elif name == "session_opened":
            self.sessions[fact.aggregate_id] = _opened(data)
        elif fact.aggregate_id in self.sessions:
            _change(self.sessions[fact.aggregate_id], name, data)
        elif name in _TAKE and fact.aggregate_id not in self.taken:
            self.check.examined += 1
            self._put(fact, _place(data))
        elif name in _GIVE_BACK and fact.aggregate_id in self.taken:
            self.check.examined += 1
            self._give_back(fact.aggregate_id)
        elif name == "appointment_moved" and fact.aggregate_id in self.taken:
            self.check.examined += 1
            before = self._give_back(fact.aggregate_id)
            services = [str(data["service"]), *before.services[1:]]
            date = str(data["service_date"])
            after = _Taken(
                str(data["session_id"]),
                before.channel,
                before.places,
                before.person,
                services,
                date,
            )
            self._put(fact, after)

    def _wait(self, name: str, fact: Fact) -> None:
        day, id_ = str(fact.data["day_id"]), fact.aggregate_id
        if name == "wait_left" and id_ not in self.offered:
            self.waiting[day] -= 1
        self.waiting[day] += _MORE_WAIT.get(name, 0)
        (self.offered.add if name == "wait_offered" else self.offered.discard)(id_)

    def _put(self, fact: Fact, place: _Taken) -> None:
        self.taken[fact.aggregate_id] = place
        for hold in place.holds:
            if hold in self.holders:
                self.check.blame(
                    "illegal", f"{fact.aggregate_id} and {self.holders[hold]} for one person"
                )
            self.holders[hold] = fact.aggregate_id
        session = self.sessions.setdefault(place.session, _Session(0))
        session.taken[place.channel] += place.places
        self.of_day[session.day] += place.places
        self._judge(place.session, session, place.channel)
        if place.channel == "online" and not fact.data.get("wait_id"):
            self._must_not_jump(fact, session)

    def _judge(self, id_: str, session: _Session, channel: str) -> None:
        if session.closed:
            self.check.blame("illegal", f"session {id_}: a place while it is closed")
        taken, bound = session.all_taken, session.bound
        if taken > bound:
            self.check.blame("illegal", f"session {id_}: {taken} of {bound} places")
        most = session.most.get(channel)
        if most is not None and session.taken[channel] > most:
            what = f"{session.taken[channel]} of {most} {channel} places"
            self.check.blame("illegal", f"session {id_}: {what}")
        quota = self.quota.get(session.day)
        if quota is not None and self.of_day[session.day] > quota:
            what = f"{self.of_day[session.day]} of a quota of {quota}"
            self.check.blame("illegal", f"day {session.day}: {what}")

    def _must_not_jump(self, fact: Fact, session: _Session) -> None:
        """Whoever waits comes first, as long as he can be asked in time."""
        waiting = self.waiting[session.day] if session.day else 0
        if waiting <= 0 or session.starts_at is None or fact.time > session.starts_at - _IN_TIME:
            return
        beside = (one for one in self.sessions.values() if one.day == session.day)
        free = sum(max(0, one.bound - one.all_taken) for one in beside if not one.closed)
        if free < waiting:
            self.check.blame(
                "misordered", f"{fact.aggregate_id}: {waiting} waited for {free} places"
            )

    def _give_back(self, id_: str) -> _Taken:
        place = self.taken.pop(id_)
        session = self.sessions[place.session]
        session.taken[place.channel] -= place.places
        self.of_day[session.day] -= place.places
        for hold in place.holds:
            if self.holders.get(hold) == id_:
                del self.holders[hold]
        return place


def capacity_is_kept(evidence: Evidence) -> Check:
    """At no moment more places are taken than there are, nobody has two, nobody jumps a list."""
    office = _Office(Check("I5", "never more places than there are"))
    for fact in evidence.facts:
        if fact.type.startswith("booking."):
            office.take(fact)
    return office.check


def _opened(data: Mapping[str, Any]) -> _Session:
    channels = ("online", "counter", "partner")
    most = {one: data.get(f"most_{one}") for one in channels}
    starts_at = data.get("starts_at")
    return _Session(
        int(data["capacity"]),
        str(data.get("day_id") or ""),
        most={one: int(number) for one, number in most.items() if number is not None},
        starts_at=datetime.fromisoformat(starts_at) if starts_at else None,
    )


def _change(session: _Session, name: str, data: Mapping[str, Any]) -> None:
    if name == "session_resized":
        session.capacity, session.overbook = int(data["capacity"]), int(data["overbook"])
    elif name == "places_released":
        released = int(data["released"])
        # Behind the last part nothing binds any more.
        session.released = released if released < session.capacity else None
    elif name == "channels_opened":
        session.most = {}
    elif name in {"session_closed", "session_reopened"}:
        session.closed = name == "session_closed"


def _place(data: Mapping[str, Any]) -> _Taken:
    return _Taken(
        str(data["session_id"]),
        str(data.get("channel") or "online"),
        int(data.get("places") or 1),
        str(data["person_id"]),
        [str(data["service"]), *(data.get("also") or ())],
        str(data["service_date"]),
    )
