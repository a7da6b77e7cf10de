"""Counters: officers open, call, serve, send on, rest, and close when nobody waits any more."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from simulator.day.picture import Served
from simulator.day.script import SYSTEM_DOWN, SYSTEM_DOWN_AT, SYSTEM_DOWN_MINUTES, Shift
from simulator.day.stage import Present, Stage
from simulator.malls import supervisor_of

_WALK, _NOTICE, _SILENCE = timedelta(seconds=5), timedelta(seconds=20), timedelta(seconds=30)
_BREATH, _REST = timedelta(seconds=20), timedelta(minutes=15)


@dataclass
class Desk:
    """One counter on this day."""

    stage: Stage
    shift: Shift
    wake: Callable[[str], None]
    id: str = ""
    is_idle: bool = False
    has_rested: bool = False
    was_down: bool = False

    def plan(self) -> None:
        """When it opens; some never do."""
        if self.shift.opens_at is not None:
            self.stage.at(self.shift.opens_at, self._open)

    async def _open(self) -> None:
        opened = await self._at_counter("open")
        self.id = opened["counter_id"]
        self.stage.at(self.stage.script.opening.closes_at, self._after_hours)
        self.stage.after(_BREATH, self._call)

    def called_for(self) -> None:
        """Somebody waits for this counter, which has nobody."""
        self.is_idle = False
        self.stage.after(_WALK, self._call)

    async def _after_hours(self) -> None:
        if self.is_idle:
            self.is_idle = False
            await self._call()

    async def _call(self) -> None:
        """Whoever is next by the rule; without anybody, wait to be woken, or close after hours."""
        stage = self.stage
        if stage.once_linked(self._call) or await self._pauses():
            return
        called = (await self._post(f"/v1/counters/{self.id}/call-next", {}))["ticket"]
        if called is not None:
            await self._called(called)
        elif stage.now >= stage.script.opening.closes_at:
            await self._at_counter("close")
            stage.told(stage.now, f"counter {self.shift.counter} closes")
        else:
            self.is_idle = True

    async def _pauses(self) -> bool:
        """Whether the counter stands still now: its system is down, or its officer rests."""
        now = self.stage.now
        down = self._moment(SYSTEM_DOWN_AT)
        if SYSTEM_DOWN in self.shift.services and not self.was_down and now >= down:
            self.was_down = True
            await self._approved_pause("sistem_mati")
            self.stage.at(down + timedelta(minutes=SYSTEM_DOWN_MINUTES), self._resume)
            return True
        if not self.has_rested and now >= self.shift.rests_at:
            self.has_rested = True
            await self._at_counter("pause", reason="istirahat")
            self.stage.after(_REST - timedelta(minutes=1), self._resume)
            return True
        return False

    async def _approved_pause(self, reason: str) -> None:
        await self._at_counter("ask", wants="pause", reason=reason)
        mall = self.stage.script.mall
        path = f"/v1/counters/{self.shift.counter}/decide"
        await self.stage.as_client(supervisor_of(mall), "queue", path, {"approve": True})
        self.stage.told(self.stage.now, f"counter {self.shift.counter} pauses: its system is down")

    async def _resume(self) -> None:
        if self.stage.once_linked(self._resume):
            return
        await self._at_counter("resume")
        await self._call()

    async def _called(self, called: dict[str, Any]) -> None:
        stage, ticket = self.stage, called["ticket_id"]
        present = stage.present[ticket]
        present.called_at = stage.now
        stage.told(stage.now, f"{called['label']} to counter {self.shift.counter}")
        if present.visit.is_there_when_called or present.is_on_second_stop:
            stage.after(_NOTICE, self._act(self._serve, ticket))
        else:
            stage.after(_SILENCE, self._act(self._recall, ticket))

    async def _recall(self, ticket: str) -> None:
        await self._move(ticket, "recall")
        self.stage.after(_SILENCE, self._act(self._miss, ticket))

    async def _miss(self, ticket: str) -> None:
        await self._move(ticket, "finish", outcome="no_show")
        self.stage.outcome.no_shows += 1
        self.stage.after(_BREATH, self._call)

    async def _serve(self, ticket: str) -> None:
        await self._move(ticket, "serve")
        self.stage.after(self.stage.present[ticket].visit.needs, self._act(self._finish, ticket))

    async def _finish(self, ticket: str) -> None:
        stage = self.stage
        present = stage.present[ticket]
        agency = stage.script.agency_of[present.service]
        stage.outcome.served.append(Served(agency, present.since, present.called_at, stage.now))
        onward = None if present.is_on_second_stop else present.visit.goes_on_to
        if onward is None:
            await self._move(ticket, "finish", outcome="served")
            await self._survey(ticket, present)
        else:
            await self._move(ticket, "transfer", to_service=onward, reason="layanan_lanjutan")
            stage.outcome.transferred += 1
            stage.present[ticket] = Present(
                present.visit, onward, stage.now, present.code, stage.now, is_on_second_stop=True
            )
            self.wake(onward)
        stage.after(_BREATH, self._call)

    async def _survey(self, ticket: str, present: Present) -> None:
        if present.visit.scores is None:
            return
        scores = {f"u{n}": score for n, score in enumerate(present.visit.scores, start=1)}
        path = f"/v1/tickets/{ticket}/survey"
        await self.stage.citizen("queue", path, scores, Ticket_Code=present.code)
        self.stage.outcome.answered += 1

    def _act(self, move: Callable[[str], Awaitable[None]], ticket: str) -> Callable[[], Any]:
        """The move as something to be done later; when the link is down, once it is back."""

        async def act() -> None:
            if not self.stage.once_linked(act):
                await move(ticket)

        return act

    async def _move(self, ticket: str, verb: str, **more: str) -> None:
        await self._post(f"/v1/tickets/{ticket}/{verb}", {"counter_id": self.id, **more})

    async def _at_counter(self, verb: str, **body: str) -> Any:
        return await self._post(f"/v1/counters/{self.shift.counter}/{verb}", body)

    async def _post(self, path: str, body: dict[str, str]) -> Any:
        return await self.stage.officer(self.shift.counter, "queue", path, body)

    def _moment(self, of_day: time) -> datetime:
        opens_at = self.stage.script.opening.opens_at
        return datetime.combine(opens_at.date(), of_day, opens_at.tzinfo)


class Desks:
    """All counters of the mall."""

    def __init__(self, stage: Stage) -> None:
        self._desks = [Desk(stage, shift, self.wake) for shift in stage.script.shifts]

    def plan(self) -> None:
        """When each opens."""
        for desk in self._desks:
            desk.plan()

    def wake(self, service: str) -> None:
        """Somebody waits for this service: the first counter that has nobody calls."""
        for desk in self._desks:
            if desk.is_idle and service in desk.shift.services:
                desk.called_for()
                return
