"""Presence over HTTP: which agencies opened, how late, and which did not."""

from datetime import date
from typing import Annotated

from fastapi import Query

from chassis import clock
from chassis.auth import PUBLIC
from chassis.http import Router
from chassis.service import Running
from contracts.ids import MallId
from services.queue.queries import presence as queries

_Day = Annotated[
    date | None,
    Query(alias="date", description="Today in the mall without it.", examples=["2026-03-02"]),
]


def add_presence(found: Router, running: Running) -> None:
    """The endpoint about presence."""

    @found.query("/v1/presence", allow=PUBLIC)
    async def show_presence(mall: MallId, day: _Day = None) -> list[queries.PresenceView]:
        """The agencies of a mall that opened on a day or were missed then."""
        day = day or await queries.today_in(running.database, mall, clock.now())
        return [] if day is None else await queries.presence_of(running.database, mall, day)
