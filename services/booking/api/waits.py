"""Waiting for a place over HTTP: in the list of a day, or in its draw."""

from datetime import date
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field

from chassis import clock
from chassis.auth import PUBLIC, Caller, Principal
from chassis.errors import NotAllowed, NotFound
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import Actor, MallId, PersonId, ServiceCode, WaitId
from services.booking.api.callers import is_staff
from services.booking.commands.people import NikImpossible, possible
from services.booking.commands.waits import DayUnknown, JoinWait, LeaveWait, WaitChanged, WaitMade
from services.booking.queries import waits as queries
from services.booking.settings import BookingCodes, Digests, Seeds, WaitCodes

Code = Annotated[
    str | None,
    Header(
        alias="Wait-Code",
        max_length=40,
        examples=["7KQ2M-4D5SX-2B6YA-PLW3N"],
        description="The secret of the entry; staff send a token instead.",
    ),
]


class WaitForm(BaseModel):
    """A day for which somebody wants to wait.

    `nik` is asked for by some services; only a digest of it is kept.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "mall": "mpp-sehari",
                    "service": "IMI-PAS",
                    "date": "2026-03-17",
                    "person_id": "01980000-0000-7000-8000-000000000001",
                }
            ]
        },
    )

    mall: MallId
    service: ServiceCode
    day: Annotated[date, Field(alias="date")]
    person_id: PersonId
    nik: Annotated[str, Field(min_length=1, max_length=32)] | None = None


class WaitEntry(WaitMade):
    """The entry is made. Whoever holds `wait_code` may look after it and leave."""

    wait_code: str


class WaitSeen(queries.WaitView):
    """An entry as its holder sees it; `booking_code` belongs to the place that is offered."""

    booking_code: str | None


def add_waits(found: Router, running: Running) -> None:
    """The endpoints about waiting."""
    key_file = running.settings.code_key_file
    codes, places = WaitCodes(key_file), BookingCodes(key_file)
    digests, seeds = Digests(key_file), Seeds(key_file)

    def check(caller: Principal, wait_id: WaitId, code: str | None) -> None:
        if not is_staff(caller) and not codes.fits(wait_id, code or ""):
            raise NotAllowed("send the entry's code in the header Wait-Code")

    @found.command(
        "/v1/waits",
        allow=PUBLIC,
        status=201,
        refusals=(*JoinWait.refusals, NikImpossible),
    )
    async def join_wait(form: Json[WaitForm], key: IdempotencyKey) -> WaitEntry:
        """Wait for a place of a day. The answer has the secret that belongs to the entry."""
        identity = digests.identity(possible(form.nik)) if form.nik is not None else None
        day_id = await queries.find_day(running.database, form.mall, form.service, form.day)
        if day_id is None:
            raise DayUnknown
        wait_id = WaitId.new()
        command = JoinWait(
            actor=Actor(f"citizen:{form.person_id}"),
            at=clock.now(),
            key=key,
            wait_id=wait_id,
            day_id=day_id,
            person_id=form.person_id,
            identity=identity,
            drawn_rank=seeds.rank(day_id, wait_id),
        )
        made = (await running.dispatch(command)).read(WaitMade)
        return WaitEntry(**dict(made), wait_code=codes.code_of(made.wait_id))

    @found.command(
        "/v1/waits/{wait_id}/leave", allow=PUBLIC, refusals=(*LeaveWait.refusals, NotAllowed)
    )
    async def leave_wait(
        wait_id: WaitId, caller: Caller, key: IdempotencyKey, code: Code = None
    ) -> WaitChanged:
        """Do not wait any more. A place that is offered is free for the next."""
        check(caller, wait_id, code)
        command = LeaveWait(actor=caller.actor, at=clock.now(), key=key, wait_id=wait_id)
        return (await running.dispatch(command)).read(WaitChanged)

    @found.query("/v1/waits/{wait_id}", allow=PUBLIC, refusals=(NotAllowed, NotFound))
    async def show_wait(wait_id: WaitId, caller: Caller, code: Code = None) -> WaitSeen:
        """Where an entry stands: how many are before it, or what is offered to it."""
        check(caller, wait_id, code)
        view = await queries.find_wait(running.database, wait_id)
        if view is None:
            raise NotFound
        shown = view.appointment_id if not is_staff(caller) else None
        code_of_place = places.code_of(shown) if shown is not None else None
        return WaitSeen(**dict(view), booking_code=code_of_place)
