"""Is everything well again? Fresh commands to every service, followed to where their facts end."""

import asyncio
import time
from dataclasses import dataclass, field

import httpx

from local.plan import SERVICES
from local.status import LAG, OUTBOX_AGE, figures_in
from tests.chaos.citizens import KIOSK, MALL, OFFICER, session_form
from tests.chaos.client import Answer, Ask, Client
from tests.chaos.recovery import Book

COMMAND_SECONDS = 3.0
ARRIVAL_SECONDS = 8.0
BETWEEN_LOOKS = 0.3
LEVEL_AGE_SECONDS, LEVEL_LAG = 2.0, 100.0
"""What counts as level while the load goes on: less than it brings within moments."""


@dataclass
class Kept:
    """What commands were answered while Kafka was away (I17)."""

    sent: int = 0
    accepted: int = 0
    refusals: list[str] = field(default_factory=list)


class Probe(Client):
    """Looks until every fault has recovered, and asks while Kafka is away."""

    async def watch(self, book: Book) -> None:
        """Look for as long as there are faults to recover from; for ever."""
        while True:
            waiting = any(one.clear_at is not None for one in book.open)
            since = time.monotonic()
            if waiting and await self.is_well():
                book.healthy(since)
            await asyncio.sleep(BETWEEN_LOOKS)

    async def is_well(self) -> bool:
        """Whether a command of each kind is accepted, its fact arrives, and nothing lags."""
        answers = await asyncio.gather(*(self.once(ask, COMMAND_SECONDS) for ask in self._asks()))
        if not all(one.is_ok for one in answers):
            return False
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS):
                await self._arrived(answers)
        except TimeoutError:
            return False
        return True

    async def ask_while_away(self, kept: Kept, ended: asyncio.Event) -> None:
        """Send commands four times a second until Kafka comes back."""
        while not ended.is_set():
            asks = self._asks()
            answers = await asyncio.gather(*(self.once(ask) for ask in asks))
            if ended.is_set():
                return
            for ask, answer in zip(asks, answers, strict=True):
                kept.sent += 1
                kept.accepted += answer.is_ok
                if not answer.is_ok:
                    kept.refusals.append(f"{ask.op}: {answer.status} {answer.code}")
            await asyncio.sleep(0.25)

    def _asks(self) -> tuple[Ask, ...]:
        person = {"email": f"uji{self.lots.randrange(10**9)}@contoh.test"}
        ticket = {"mall": MALL, "service": "KUA-NKH"}
        return (
            Ask("open_session", "booking", "/v1/sessions", session_form(self.lots), OFFICER),
            Ask("walk_in", "queue", "/v1/tickets", ticket, KIOSK),
            Ask("submit", "tracking", "/v1/applications", {}, "operator"),
            Ask("register", "notify", "/v1/recipients", person),
            Ask("checkpoint", "ledger", "/v1/checkpoints", {}, "operator"),
        )

    async def _arrived(self, answers: list[Answer]) -> None:
        """Return when ledger and read model have the facts and nothing waits anywhere."""
        session, ticket, application, _, _ = (one.body for one in answers)
        wanted = [
            f"/v1/chains/{session['session_id']}",
            f"/v1/chains/{ticket['ticket_id']}",
            f"/v1/chains/{application['application_id']}",
        ]
        shown = f"/v1/applications/{application['application_id']}"
        while True:
            looks = [self._sees("ledger", path) for path in wanted]
            looks += [self._sees("tracking", shown), *(self._is_level(name) for name in SERVICES)]
            if all(await asyncio.gather(*looks)):
                return
            await asyncio.sleep(0.2)

    async def _sees(self, service: str, path: str) -> bool:
        try:
            headers = await self.world.calls.bearer("operator")
            url = f"{self.world.calls.platform.urls[service]}{path}"
            return (await self.world.http.get(url, headers=headers)).is_success
        except httpx.HTTPError:
            return False

    async def _is_level(self, service: str) -> bool:
        url = self.world.calls.platform.urls[service]
        try:
            ready = await self.world.http.get(f"{url}/readyz")
            text = (await self.world.http.get(f"{url}/metrics")).text
        except httpx.HTTPError:
            return False
        worst = figures_in(text)
        return (
            ready.is_success
            and worst.get(OUTBOX_AGE, 0.0) <= LEVEL_AGE_SECONDS
            and worst.get(LAG, 0.0) <= LEVEL_LAG
        )
