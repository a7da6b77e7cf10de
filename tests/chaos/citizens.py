"""Those who come to the mall: they hold and book in small hot sessions, move, come, or walk in."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contracts.ids import PersonId, SessionId
from tests.chaos.client import Answer, Ask, Client, World

MALL, SERVICE = "mpp-nusantara", "DUK-KTP"
OTHER_SERVICE = "DUK-KIA"
OFFICER, KIOSK = f"officer-{MALL}-1", f"kiosk-{MALL}"
ZONE = ZoneInfo("Asia/Jakarta")
_CROWD = 2
"""So many want each place of a session before the next session opens."""


def session_form(lots: Any) -> dict[str, Any]:
    """A small session that is running now, in the mall's own time."""
    here = datetime.now(ZONE).replace(microsecond=0)
    last = here.replace(hour=23, minute=59, second=59)
    return {
        "mall": MALL,
        "service": SERVICE,
        "starts_at": here.isoformat(),
        "ends_at": min(here + timedelta(hours=4), last).isoformat(),
        "capacity": lots.randint(2, 6),
    }


class Citizens(Client):
    """A crowd; `book` and `walk_in` are one visit each, and may run side by side."""

    def __init__(self, world: World) -> None:
        super().__init__("citizen", world)
        self._session: str | None = None
        self._places_left = 0
        self._stops: list[dict[str, str]] | None = None

    async def book(self) -> None:
        """Want a place in the session of the moment, and then do something with it."""
        session = await self._session_of_the_moment()
        if self.is_illegal():
            session = str(SessionId.new())
        if session is None:
            return
        person = await self._person()
        if self.lots.random() < 0.05:
            await self._visit(person)
            return
        form = {"session_id": session, "person_id": person}
        if self.lots.random() < 0.3:
            made = await self._hold(form)
        else:
            made = await self.command(Ask("book", "booking", "/v1/appointments", form))
        if made is not None and made.is_ok:
            await self._move(made)
            await self._use(made)

    async def walk_in(self) -> None:
        """Take a ticket at the kiosk."""
        form = {"mall": MALL, "service": "NO-SUCH" if self.is_illegal() else SERVICE}
        other = {"mall": MALL, "service": OTHER_SERVICE}
        await self.command(
            Ask("walk_in", "queue", "/v1/tickets", form, bearer=KIOSK, other_body=other)
        )

    async def _visit(self, person: str) -> None:
        """Two agencies on one day, all or nothing; some give the whole visit up again."""
        if self._stops is None:
            self._stops = []
            for service in ("POL-SKCK", "PTSP-NIB"):
                form = {**session_form(self.lots), "service": service, "capacity": 60}
                ask = Ask("open_session", "booking", "/v1/sessions", form, OFFICER)
                made = await self.command(ask)
                if made.is_ok:
                    self._stops.append({"session_id": made.body["session_id"]})
        if len(self._stops) < 2:
            return
        form = {"person_id": person, "stops": self._stops}
        made = await self.command(Ask("book_visit", "booking", "/v1/visits", form))
        if made.is_ok and self.lots.random() < 0.3:
            path = f"/v1/visits/{made.body['visit_id']}/cancel"
            code = {"Booking-Code": made.body["visit_code"]}
            await self.command(Ask("cancel_visit", "booking", path, {}, headers=code))

    async def _hold(self, form: dict[str, str]) -> Answer | None:
        """Hold a place; then take it, give it back, or forget it. What was made, when taken."""
        made = await self.command(Ask("hold_place", "booking", "/v1/holds", form))
        if not made.is_ok or self.lots.random() < 0.1:
            return None
        path = f"/v1/appointments/{made.body['appointment_id']}"
        code = {"Booking-Code": made.body["booking_code"]}
        verb = "release" if self.lots.random() < 0.2 else "confirm"
        done = await self.command(Ask(verb, "booking", f"{path}/{verb}", {}, headers=code))
        if self.is_illegal():  # it is held no more
            await self.command(Ask("confirm", "booking", f"{path}/confirm", {}, headers=code))
        return made if done.is_ok and verb == "confirm" else None

    async def _move(self, made: Answer) -> None:
        """Some would rather come at the time of the newest session."""
        if self._session is not None and self.lots.random() < 0.15:
            path = f"/v1/appointments/{made.body['appointment_id']}/move"
            code = {"Booking-Code": made.body["booking_code"]}
            form = {"session_id": self._session}
            await self.command(Ask("move", "booking", path, form, headers=code))

    async def _use(self, made: Answer) -> None:
        path = f"/v1/appointments/{made.body['appointment_id']}"
        code = {"Booking-Code": made.body["booking_code"]}
        if self.is_illegal():
            wrong = {"Booking-Code": "0" * 13}
            await self.command(Ask("check_in", "booking", f"{path}/check-in", {}, headers=wrong))
        chance = self.lots.random()
        if chance < 0.6:
            await self.command(Ask("check_in", "booking", f"{path}/check-in", {}, headers=code))
            if self.is_illegal():
                await self.command(Ask("cancel", "booking", f"{path}/cancel", {}, headers=code))
        elif chance < 0.85:
            await self.command(Ask("cancel", "booking", f"{path}/cancel", {}, headers=code))
            if self.is_illegal():
                await self.command(Ask("check_in", "booking", f"{path}/check-in", {}, headers=code))

    async def _session_of_the_moment(self) -> str | None:
        self._places_left -= 1
        if self._places_left < 0:
            form = session_form(self.lots)
            self._places_left = _CROWD * form["capacity"]
            other = {**form, "capacity": form["capacity"] + 1}
            made = await self.command(
                Ask("open_session", "booking", "/v1/sessions", form, OFFICER, other_body=other)
            )
            if made.is_ok:
                self._session = made.body["session_id"]
        return self._session

    async def _person(self) -> str:
        """Two in five leave an address; the others stay unknown to us."""
        known = await self.register() if self.lots.random() < 0.4 else None
        return known or str(PersonId.new())
