"""How days are released, and the waiting room: passes and turns are arithmetic, not rows."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from pydantic import BaseModel
from sqlalchemy import RowMapping, and_, select

from chassis.database import Database
from contracts.ids import MallId, PersonId, ServiceCode, ServiceDayId, SessionId
from services.booking.domain import draw, release_refusals
from services.booking.domain import room as rooms
from services.booking.domain.people_refusals import IdentityNeeded
from services.booking.domain.release import Turn, must_be_turn
from services.booking.domain.room import Pass, Room
from services.booking.tables import days, policies, sessions

_DAYS_MAX = 31
_REMEMBERED = 10_000


class ReleaseView(BaseModel):
    """How the places of one day are given out.

    `seed_digest` is the SHA-256 of `seed`, which is shown when turns are fixed or lots are drawn.
    `next_at`: when something happens to the day next.
    """

    day_id: ServiceDayId
    mall: MallId
    service: ServiceCode
    service_date: date
    mode: str
    policy: str
    policy_version: int
    opens_at: datetime | None
    closes_at: datetime | None
    spread_s: int
    next_at: datetime | None
    seed_digest: str | None
    seed: str | None


class Entered(BaseModel):
    """Who holds `room_pass` is in the waiting room; `turn_at` is known once it has opened."""

    room_pass: str
    entered_at: datetime
    opens_at: datetime
    turn_at: datetime | None


class Who(NamedTuple):
    """Somebody who wants a place: the person, and the digest of the NIK that was given."""

    person_id: PersonId
    identity: str | None


@dataclass(frozen=True, slots=True)
class _Hall:
    """The waiting room of a day; what is told of it never changes.

    One enters from `from_` on, if that is said; with `by_identity` under a NIK.
    """

    day_id: ServiceDayId
    room: Room
    from_: datetime | None
    by_identity: bool

    def holder(self, person_id: PersonId, identity: str | None) -> bytes:
        """Whose turn it is. Raises IdentityNeeded."""
        if not self.by_identity:
            return rooms.holder_of(person_id.bytes)
        if identity is None:
            raise IdentityNeeded
        return rooms.holder_of(bytes.fromhex(identity))


class WaitingRooms:
    """All waiting rooms; `secret` signs passes and is what seeds derive from.

    What is remembered of a day was announced for good, so no process is ever behind.
    """

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database, self._secret = database, secret
        self._of_session: OrderedDict[SessionId, _Hall | None] = OrderedDict()

    def digest_for(self, day_id: ServiceDayId) -> str:
        """What is published of the seed of a day."""
        return draw.digest_of(self._seed(day_id))

    async def enter(
        self, day_id: ServiceDayId, who: Who, held: str | None, at: datetime
    ) -> Entered:
        """A pass for this person, or the one that is held already.

        Raises ReleaseUnknown, NoRoomNow, IdentityNeeded or PassNotGenuine.
        """
        hall = await self._hall_of_day(day_id)
        if hall is None or at >= hall.room.ends_at or (hall.from_ and at < hall.from_):
            raise release_refusals.NoRoomNow
        holder = hall.holder(*who)
        entered = Pass(day_id, holder, at)
        found = entered if held is None else self._genuine(held, day_id, holder)
        turn_at = self._turn(hall, found).turn_at if at >= hall.room.opens_at else None
        return Entered(
            room_pass=found.signed(self._secret),
            entered_at=found.entered_at,
            opens_at=hall.room.opens_at,
            turn_at=turn_at,
        )

    async def turn_in(
        self, session_id: SessionId, who: Who, held: str | None, at: datetime
    ) -> Turn | None:
        """The turn of whoever wants a place online; None where nobody needs one.

        Whoever comes too early is told so by arithmetic alone. Raises NotReleasedYet, EnterFirst,
        NotYourTurn, IdentityNeeded or PassNotGenuine.
        """
        hall = await self._hall_of_session(session_id)
        if hall is None or at >= hall.room.ends_at:
            return None
        if at < hall.room.opens_at:
            raise release_refusals.NotReleasedYet(opens_at=hall.room.opens_at.isoformat())
        turn = None
        if held is not None:
            turn = self._turn(hall, self._genuine(held, hall.day_id, hall.holder(*who)))
        must_be_turn(hall.room, at, turn)
        return turn

    async def views(
        self, mall: MallId, service: ServiceCode, from_: date, to: date
    ) -> list[ReleaseView]:
        """The days of a service that are announced, at most 31 of them."""
        query = _SHOWN.where(
            days.c.mall == mall,
            days.c.service == service,
            days.c.service_date.between(from_, to),
        )
        rows = await self._database.fetch(query.order_by(days.c.service_date).limit(_DAYS_MAX))
        return [self._view(row) for row in rows]

    async def view(self, day_id: ServiceDayId) -> ReleaseView:
        """One day. Raises ReleaseUnknown."""
        rows = await self._database.fetch(_SHOWN.where(days.c.id == day_id))
        if not rows:
            raise release_refusals.ReleaseUnknown
        return self._view(rows[0])

    def _view(self, row: RowMapping) -> ReleaseView:
        is_known = row["step"] > 0 and row["mode"] in {"first_come", "lottery"}
        seed = self._seed(row["day_id"])
        is_ours = row["seed_digest"] is not None and draw.is_seed_of(seed, row["seed_digest"])
        return ReleaseView(**row, seed=seed.hex() if is_known and is_ours else None)

    async def _hall_of_day(self, day_id: ServiceDayId) -> _Hall | None:
        query = _HALLS.join_from(days, policies, _STAMPED, isouter=True)
        rows = await self._database.fetch(query.where(days.c.id == day_id))
        if not rows:
            raise release_refusals.ReleaseUnknown
        return _hall(rows[0])

    async def _hall_of_session(self, session_id: SessionId) -> _Hall | None:
        if session_id in self._of_session:
            self._of_session.move_to_end(session_id)
            return self._of_session[session_id]
        query = _HALLS.join_from(sessions, days, sessions.c.day_id == days.c.id)
        query = query.join(policies, _STAMPED, isouter=True)
        rows = await self._database.fetch(query.where(sessions.c.id == session_id))
        if not rows:
            return None  # perhaps a moment later: not remembered
        hall = self._of_session[session_id] = _hall(rows[0])
        if len(self._of_session) > _REMEMBERED:
            self._of_session.popitem(last=False)
        return hall

    def _genuine(self, held: str, day_id: ServiceDayId, holder: bytes) -> Pass:
        found = rooms.read_pass(self._secret, held)
        if found is None or found.day_id != day_id or found.holder != holder:
            raise release_refusals.PassNotGenuine
        return found

    def _turn(self, hall: _Hall, found: Pass) -> Turn:
        turn_at = hall.room.turn_at(self._seed(hall.day_id), found.holder, found.entered_at)
        return Turn(found.entered_at, turn_at)

    def _seed(self, day_id: ServiceDayId) -> bytes:
        return draw.seed_of(self._secret, day_id)


_HALLS = select(
    days.c.id,
    days.c.mode,
    days.c.opens_at,
    days.c.spread_s,
    policies.c.body["release"]["room_minutes"].as_integer().label("room_minutes"),
    policies.c.body["identity"].as_string().label("identity"),
)
_STAMPED = and_(policies.c.code == days.c.policy, policies.c.revision == days.c.policy_version)
_SHOWN = select(
    days.c.id.label("day_id"),
    days.c.mall,
    days.c.service,
    days.c.service_date,
    days.c.mode,
    days.c.policy,
    days.c.policy_version,
    days.c.opens_at,
    days.c.closes_at,
    days.c.spread_s,
    days.c.due_at.label("next_at"),
    days.c.seed_digest,
    days.c.step,
)


def _hall(row: RowMapping) -> _Hall | None:
    if row["mode"] != "first_come" or not row["spread_s"]:
        return None
    minutes, opens_at = row["room_minutes"], row["opens_at"]
    from_ = None if minutes is None else opens_at - timedelta(minutes=minutes)
    by_identity = row["identity"] == "required"
    return _Hall(ServiceDayId(row["id"]), Room(opens_at, row["spread_s"]), from_, by_identity)
