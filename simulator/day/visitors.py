"""Visitors: they book on the eve, come or stay away, take a number or check in."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from contracts.ids import PersonId, TicketId
from simulator.day.kiosk import Kiosk
from simulator.day.stage import Present, Stage
from simulator.day.visits import Visit
from simulator.known import once_known
from simulator.platform import Answered

FULL = frozenset({"session_full", "channel_full"})
TURNED_AWAY = frozenset({"numbers_closed", "numbers_used_up"})
_ADMITTED_SECONDS, _LOOK_SECONDS = 20.0, 0.01


@dataclass
class Visitors:
    """Everybody who wants something; `wake` tells the counters that somebody waits."""

    stage: Stage
    kiosk: Kiosk
    visits: Sequence[Visit]
    wake: Callable[[str], None]
    came: Callable[[], None]
    _places: dict[int, dict[str, Any]] = field(default_factory=dict)

    async def book(self) -> None:
        """A session for each hour and service that somebody wants, and the appointments in it."""
        wanted: dict[tuple[str, datetime], list[Visit]] = {}
        for visit in self.visits:
            if visit.session is not None:
                wanted.setdefault((visit.service, visit.session), []).append(visit)
        for (service, starts_at), visits in sorted(wanted.items(), key=lambda one: one[0]):
            capacity = capacity_for(len(visits), self.stage.script.kept_back[service])
            session = await self._session(service, starts_at, capacity)
            for visit in visits:
                self._places[visit.number] = await self._place(session, str(visit.number))
                self.stage.outcome.booked += 1
            await self._one_too_many(session)

    async def _place(self, session: str, person: str) -> dict[str, Any]:
        """A place for somebody. Raises Answered."""
        body = {
            "session_id": session,
            "person_id": str(PersonId.of("day", str(self.stage.seed), person)),
            "nik": _nik(person),
        }
        place: dict[str, Any] = await self.stage.citizen("booking", "/v1/appointments", body)
        return place

    async def _one_too_many(self, session: str) -> None:
        """Somebody else wants a place in a session that is full."""
        try:
            await self._place(session, f"too many in {session}")
        except Answered as refused:
            if refused.code not in FULL:
                raise
        else:
            self.stage.outcome.oversold += 1

    async def _session(self, service: str, starts_at: datetime, capacity: int) -> str:
        script = self.stage.script
        ends_at = min(starts_at + timedelta(hours=1), script.opening.closes_at)
        ask = partial(
            self.stage.officer,
            script.shifts[0].counter,
            "booking",
            "/v1/sessions",
            {
                "mall": script.mall,
                "service": service,
                "starts_at": starts_at.isoformat(),
                "ends_at": ends_at.isoformat(),
                "capacity": capacity,
            },
        )
        opened = await once_known(ask)
        return str(opened["session_id"])

    def plan(self) -> None:
        """Who comes when."""
        for visit in self.visits:
            if visit.comes:
                self.stage.at(visit.comes_at, self._arrival(visit))
            else:
                self.stage.outcome.stayed_away += 1

    def _arrival(self, visit: Visit) -> Callable[[], Awaitable[None]]:
        async def arrive() -> None:
            if visit.session is not None and self.stage.once_linked(arrive):
                return
            self.came()
            if self.stage.is_linked:
                await self._arrive(visit)
            else:
                self.kiosk.print(visit)

        return arrive

    async def _arrive(self, visit: Visit) -> None:
        stage = self.stage
        try:
            if visit.session is None:
                ticket, code = await self.kiosk.issue(visit.service, visit.priority)
            else:
                ticket, code = await self._check_in(visit)
        except Answered as refused:
            if refused.code not in TURNED_AWAY:
                raise
            stage.outcome.turned_away.append(visit)
            stage.told(stage.now, f"{visit.service}: no numbers any more, somebody goes home")
            return
        stage.outcome.tickets += 1
        stage.present[ticket] = Present(visit, visit.service, stage.now, code, stage.now)
        self.wake(visit.service)

    async def _check_in(self, visit: Visit) -> tuple[str, str]:
        """Booking tells queue over Kafka: look until the ticket is there."""
        place = self._places[visit.number]
        path = f"/v1/appointments/{place['appointment_id']}/check-in"
        await self.stage.citizen("booking", path, {}, Booking_Code=place["booking_code"])
        ticket = str(TicketId.of("appointment", place["appointment_id"]))
        async with asyncio.timeout(_ADMITTED_SECONDS):
            while (slip := await self.kiosk.slip(ticket)) is None:  # noqa: ASYNC110 - comes by Kafka
                await asyncio.sleep(_LOOK_SECONDS)
        label, code = slip
        self.stage.labels.append(label)
        return ticket, code


def capacity_for(online: int, kept_back: Sequence[int]) -> int:
    """How many places a session needs so that just so many of them are for booking online.

    Of each other channel the share is rounded down, and the rest is online.
    """
    return next(
        places
        for places in count(online)
        if places - sum(places * percent // 100 for percent in kept_back) == online
    )


def _nik(person: str) -> str:
    """A number of a province that there is not, so that it cannot be anybody's."""
    serial = 1 + zlib.crc32(person.encode()) % 9999
    return f"990101{1 + serial % 28:02}{1 + serial % 12:02}{serial % 100:02}{serial:04}"
