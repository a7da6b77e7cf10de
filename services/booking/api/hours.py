"""Opening hours over HTTP: what is open when, why, and since when that is known."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime

from chassis import clock
from chassis.auth import PUBLIC
from chassis.http import Router
from chassis.service import Running
from contracts.ids import AgencyId, MallId
from services.booking.queries import hours as queries

_From = Annotated[date, Query(alias="from", examples=["2026-03-16"])]
_To = Annotated[date, Query(alias="to", examples=["2026-03-29"])]


def add_hours(found: Router, running: Running) -> None:
    """The endpoint about opening hours."""

    @found.query("/v1/hours", allow=PUBLIC, refusals=queries.REFUSALS)
    async def show_hours(
        mall: MallId,
        from_date: _From,
        to_date: _To,
        agency: AgencyId | None = None,
        as_of: AwareDatetime | None = None,
    ) -> list[queries.DayView]:
        """Each day with its hours and why: `week`, `holiday`, `closure` or `special_opening`.

        `as_of`: by what was known then, for example when an appointment was made.
        """
        return await queries.hours_of(
            running.database, mall, agency, (from_date, to_date), as_of or clock.now()
        )
