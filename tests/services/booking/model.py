"""One day of one service as its README tells it: lists, loops and a clock.

Written without a look at booking's code. Each step returns the code of a refusal, or None.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOLD = timedelta(minutes=10)
OFFER = timedelta(minutes=30)
OFFERS_MOST = 2
LIST_MOST = 3
_ENDED = {
    "booked": {"confirm": "not_held", "release": "not_held"},
    "held": {"cancel": "not_confirmed", "move": "not_confirmed"},
    "cancelled": {
        "cancel": "appointment_cancelled_already",
        "move": "appointment_cancelled_already",
        "confirm": "not_held",
        "release": "not_held",
    },
    "lapsed": {
        "cancel": "appointment_over",
        "move": "appointment_over",
        "confirm": "hold_over",
        "release": "hold_over",
    },
}


@dataclass
class Place:
    """A place that somebody has, or had."""

    person: int
    session: int
    online: bool
    status: str
    until: datetime | None = None
    entry: str | None = None


@dataclass
class Entry:
    """Somebody who waits, or waited."""

    person: int
    status: str = "waiting"
    offers: int = 0
    place: str | None = None


@dataclass
class Model:
    """Sessions with their capacities, places by name, entries by name, and the line."""

    capacities: list[int]
    now: datetime
    places: dict[str, Place] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    line: list[str] = field(default_factory=list)

    def taken(self, session: int) -> int:
        """Places of a session that nobody else can have."""
        return sum(
            place.session == session and place.status in {"held", "booked"}
            for place in self.places.values()
        )

    def free(self) -> list[int]:
        """The session of each place that is free, the earlier sessions first."""
        return [
            session
            for session, capacity in enumerate(self.capacities)
            for _ in range(capacity - self.taken(session))
        ]

    def has_a_place(self, person: int) -> bool:
        """Whether this person holds one."""
        return any(
            place.person == person and place.status in {"held", "booked"}
            for place in self.places.values()
        )

    def take(self, name: str, person: int, session: int, *, online: bool, hold: bool) -> str | None:
        """Book, or hold."""
        if self.has_a_place(person):
            return "already_booked"
        if (refusal := self._no_room(session, online=online)) is not None:
            return refusal
        until = self.now + HOLD if hold else None
        self.places[name] = Place(person, session, online, "held" if hold else "booked", until)
        return None

    def _no_room(self, session: int, *, online: bool) -> str | None:
        if self.taken(session) >= self.capacities[session]:
            return "session_full"
        if online and self.line and len(self.free()) - len(self.line) < 1:
            return "wait_list_first"
        return None

    def confirm(self, name: str) -> str | None:
        """Make an appointment of a hold."""
        place = self.places[name]
        if place.status != "held":
            return _ENDED[place.status]["confirm"]
        if place.until is not None and self.now >= place.until:
            return "hold_over"
        place.status = "booked"
        if place.entry is not None:
            self.entries[place.entry].status = "got"
        return None

    def release(self, name: str) -> str | None:
        """Let a hold go."""
        place = self.places[name]
        if place.status != "held":
            return _ENDED[place.status]["release"]
        self._lapse(place)
        return None

    def _lapse(self, place: Place) -> None:
        place.status = "lapsed"
        if place.entry is None:
            return
        entry = self.entries[place.entry]
        entry.status = "waiting" if entry.offers < OFFERS_MOST else "passed"
        if entry.status == "waiting":
            self.line.append(place.entry)

    def cancel(self, name: str) -> str | None:
        """Give an appointment up."""
        place = self.places[name]
        if place.status != "booked":
            return _ENDED[place.status]["cancel"]
        place.status = "cancelled"
        return None

    def move(self, name: str, session: int) -> str | None:
        """Take a place in another session instead."""
        place = self.places[name]
        if place.status != "booked":
            return _ENDED[place.status]["move"]
        if place.session == session:
            return "same_session"
        if (refusal := self._no_room(session, online=place.online)) is not None:
            return refusal
        place.session = session
        return None

    def join(self, name: str, person: int) -> str | None:
        """Wait for a place."""
        live = (one for one in self.entries.values() if one.status in {"waiting", "offered"})
        if any(one.person == person for one in live):
            return "already_waiting"
        if self.has_a_place(person):
            return "already_booked"
        if len(self.free()) > len(self.line):
            return "places_are_free"
        if len(self.line) >= LIST_MOST:
            return "list_full"
        self.entries[name] = Entry(person)
        self.line.append(name)
        return None

    def leave(self, name: str) -> str | None:
        """Wait no more."""
        entry = self.entries[name]
        if entry.status not in {"waiting", "offered"}:
            return "not_waiting"
        if entry.status == "offered" and entry.place is not None:
            self.places[entry.place].status = "lapsed"
        else:
            self.line.remove(name)
        entry.status = "left"
        return None

    def offer(self) -> None:
        """Offer what is free to those who wait, in their order."""
        free: Iterator[int] = iter(self.free())
        session = next(free, None)
        for name in list(self.line):
            if session is None:
                return
            entry = self.entries[name]
            self.line.remove(name)
            if self.has_a_place(entry.person):
                entry.status = "left"
                continue
            entry.status, entry.offers = "offered", entry.offers + 1
            entry.place = f"{name}/{entry.offers}"
            self.places[entry.place] = Place(
                entry.person, session, True, "held", self.now + OFFER, name
            )
            session = next(free, None)

    def over(self) -> list[str]:
        """End the holds whose time is up; returns them, the earliest first."""
        found = [
            name
            for name, place in self.places.items()
            if place.status == "held" and place.until is not None and place.until <= self.now
        ]
        found.sort(key=lambda name: (self.places[name].until, name))
        for name in found:
            self._lapse(self.places[name])
        return found
