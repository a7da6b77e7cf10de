"""What counters did without a link, over HTTP."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis import clock
from chassis.auth import Caller, requires
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import CounterId, TicketId
from services.queue.api.callers import CounterSession, mall_of, strictly
from services.queue.commands.slips import (
    DoneOffline,
    MergedServices,
    MergeServices,
    NotGenuine,
)
from services.queue.settings import TicketCodes

_MOST_SLIPS = 100


class TakenSlip(BaseModel):
    """A slip that the counter took, with the code that is printed on it."""

    model_config = ConfigDict(extra="forbid")

    ticket_id: TicketId
    code: Annotated[str, Field(min_length=1, max_length=40)]
    called_at: AwareDatetime
    ended_at: AwareDatetime
    outcome: Literal["served", "no_show"] = "served"


class Services(BaseModel):
    """Whom the counter served while its link was down."""

    model_config = strictly(
        services=[
            {
                "ticket_id": "019cb165-4510-768e-82c6-ae24d0e414d9",
                "code": "7KQ2M-3XWPA-9BRTD-KC5YQ",
                "called_at": "2026-03-03T10:34:00+07:00",
                "ended_at": "2026-03-03T10:41:00+07:00",
            }
        ]
    )

    services: Annotated[tuple[TakenSlip, ...], Field(min_length=1, max_length=_MOST_SLIPS)]


def add_slips(found: Router, running: Running) -> None:
    """The endpoint about slips."""
    codes = TicketCodes(running.settings.code_key_file)

    @found.command(
        "/v1/counters/{counter_id}/merge",
        allow=requires("officer"),
        refusals=MergeServices.refusals,
    )
    async def merge_services(
        counter_id: CounterId,
        form: Json[Services],
        caller: Caller,
        key: IdempotencyKey,
        session: CounterSession = None,
    ) -> MergedServices:
        """Tell what was done by slips. Each is judged by itself; an unknown one is sent again."""
        for one in form.services:
            # A wrong code ends here and is written down nowhere.
            if not codes.fits(one.ticket_id, one.code):
                raise NotGenuine(ticket_id=str(one.ticket_id))
        command = MergeServices(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            counter_id=counter_id,
            staff_mall=mall_of(caller),
            session_id=session,
            services=tuple(
                DoneOffline.model_validate(one.model_dump(exclude={"code"}))
                for one in form.services
            ),
        )
        return (await running.dispatch(command)).read(MergedServices)
