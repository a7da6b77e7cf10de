"""Free places over days, and the published policies by which they are given out."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query

from chassis import clock
from chassis.auth import PUBLIC
from chassis.errors import NotFound
from chassis.http import Router
from chassis.service import Running
from contracts.ids import MallId, PolicyCode, ServiceCode
from services.booking.queries import places as queries
from services.booking.queries.places import Channel, PlacesView, PolicyView


def add_places(found: Router, running: Running) -> None:
    """The endpoints about free places and policies."""

    @found.query("/v1/places", allow=PUBLIC)
    async def list_places(
        mall: Annotated[MallId, Query(examples=["mpp-nusantara"])],
        service: Annotated[ServiceCode, Query(examples=["DUK-KTP"])],
        from_: Annotated[date, Query(alias="from", examples=["2026-03-02"])],
        to: Annotated[date, Query(examples=["2026-03-31"])],
        channel: Annotated[Channel, Query(examples=["online"])] = "online",
    ) -> list[PlacesView]:
        """The sessions of a service over at most 31 days: free places, or why there are none."""
        span = from_, to
        return await queries.places_of(
            running.database, (mall, service), span, channel, clock.now()
        )

    @found.query("/v1/booking-policies/{code}", allow=PUBLIC, refusals=(NotFound,))
    async def show_policy(
        code: Annotated[PolicyCode, Path(examples=["umum"])],
        revision: Annotated[int | None, Query(ge=1, le=2_147_483_647, examples=[1])] = None,
    ) -> PolicyView:
        """A policy as it was published, the newest revision unless one is named."""
        view = await queries.find_policy(running.database, code, revision)
        if view is None:
            raise NotFound
        return view
