"""Releases over HTTP: the office announces a day, everybody looks and enters the room."""

from datetime import date
from typing import Annotated

from fastapi import Header, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis import clock
from chassis.auth import PUBLIC, Caller, requires
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import MallId, PersonId, ServiceCode, ServiceDayId
from services.booking.api.callers import mall_of_staff
from services.booking.api.forms import Nik
from services.booking.commands.people import possible
from services.booking.commands.releases import (
    ENTERING,
    SHOWING,
    AnnounceDay,
    DayMade,
    Mode,
    Parts,
    SpreadSeconds,
)
from services.booking.queries.releases import Entered, ReleaseView, WaitingRooms, Who
from services.booking.settings import Digests

RoomPass = Annotated[
    str | None,
    Header(
        alias="Room-Pass",
        max_length=100,
        description="The pass of the waiting room, where the day of the session has one.",
        examples=["AZyM8hAAcyuycBVCpswuQkKf3k0vVYbPq2ZtC1fGdxgABk2kfYQAAGc0cmZ0b2tlbi1zaWc"],
    ),
]


class ReleaseForm(BaseModel):
    """How the places of one day are given out; all times with their offset.

    `first_come`: all places at `opens_at`; who is in the waiting room by then has a turn within
    `spread_s` seconds after it. `staggered`: `parts`, the first one at `opens_at`. `lottery`:
    entries from `opens_at` to `closes_at`.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "mall": "mpp-nusantara",
                    "service": "DUK-KTP",
                    "date": "2026-03-09",
                    "mode": "first_come",
                    "opens_at": "2026-03-02T07:00:00+07:00",
                    "spread_s": 60,
                }
            ]
        },
    )

    mall: MallId
    service: ServiceCode
    service_date: Annotated[date, Field(alias="date")]
    mode: Mode
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    spread_s: SpreadSeconds = 0
    parts: Parts = ()


class EntryForm(BaseModel):
    """Who enters; `person_id` is what notify gave to the person's contact.

    Where the service asks for a `nik`, turns are drawn for it, and it is not kept.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"person_id": "019c8cf2-1000-732b-b270-1542a6cc2e42"}]},
    )

    person_id: PersonId
    nik: Nik | None = None


def waiting_rooms(running: Running) -> WaitingRooms:
    """The waiting rooms of this service."""
    return WaitingRooms(running.database, running.settings.code_key_file.read_bytes())


def add_releases(found: Router, running: Running) -> None:
    """The endpoints about releases."""
    rooms, digests = waiting_rooms(running), Digests(running.settings.code_key_file)

    @found.command(
        "/v1/releases",
        allow=requires("supervisor", "operator"),
        status=201,
        refusals=AnnounceDay.refusals,
    )
    async def announce_day(form: Json[ReleaseForm], caller: Caller, key: IdempotencyKey) -> DayMade:
        """Fix how the places of a day are given out, before its first session is there."""
        day_id = ServiceDayId.new()
        command = AnnounceDay(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            day_id=day_id,
            seed_digest=rooms.digest_for(day_id),
            staff_mall=mall_of_staff(caller),
            **dict(form),
        )
        return (await running.dispatch(command)).read(DayMade)

    @found.query("/v1/releases", allow=PUBLIC)
    async def list_releases(
        mall: MallId,
        service: ServiceCode,
        from_: Annotated[date, Query(alias="from")],
        to: date,
    ) -> list[ReleaseView]:
        """How the announced days of a service are released; at most 31 of them."""
        return await rooms.views(mall, service, from_, to)

    @found.query("/v1/releases/{day_id}", allow=PUBLIC, refusals=SHOWING)
    async def show_release(day_id: ServiceDayId) -> ReleaseView:
        """How one day is released, and its seed once nothing can be chosen any more."""
        return await rooms.view(day_id)

    @found.command("/v1/releases/{day_id}/enter", allow=PUBLIC, refusals=ENTERING)
    async def enter_room(
        day_id: ServiceDayId,
        form: Json[EntryForm],
        key: IdempotencyKey,
        room_pass: RoomPass = None,
    ) -> Entered:
        """Enter the waiting room, or ask with the pass that one has for one's turn.

        Nothing is kept of it: before the opening one may enter as often as one likes, and always
        draws the same turn.
        """
        del key
        identity = digests.identity(possible(form.nik)) if form.nik is not None else None
        who = Who(form.person_id, identity)
        return await rooms.enter(day_id, who, room_pass, clock.now())
