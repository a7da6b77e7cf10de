"""Is everything well again? Fresh commands to every service, followed to where their facts end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import asyncpg
import httpx
from confluent_kafka import KafkaException

from local.errors import StackError
from local.plan import SERVICES
from tests.chaos.backlog import Backlog
from tests.chaos.citizens import KIOSK, MALL, OFFICER, session_form
from tests.chaos.client import Answer, Ask, Client, World
from tests.chaos.recovery import Book

COMMAND_SECONDS = 3.0
LEVEL_SECONDS = 30.0
BETWEEN_LOOKS = 0.3
_AGAIN_SECONDS = 0.2
_AWAY = (OSError, TimeoutError, StackError, asyncpg.PostgresError, asyncpg.InterfaceError,
         KafkaException)  # fmt: skip
"""What a look meets while something is broken."""


@dataclass
class Kept:
    """What commands were answered while Kafka was away (I17)."""

    sent: int = 0
    accepted: int = 0
    refusals: list[str] = field(default_factory=list)


class Probe(Client):
    """Looks until every fault has recovered, and asks while Kafka is away."""

    def __init__(self, name: str, world: World, backlog: Backlog) -> None:
        super().__init__(name, world)
        self._backlog = backlog

    async def watch(self, book: Book) -> None:
        """Look for as long as there are faults to recover from; for ever.

        Each heal gets a look of its own at once, whatever became of those that began before it.
        """
        looks: dict[asyncio.Task[None], float] = {}
        try:
            while True:
                for look in [one for one in looks if one.done()]:
                    del looks[look]
                    look.result()  # raises our own mistakes
                last = book.last_heal
                if last is not None and all(since < last for since in looks.values()):
                    began = time.monotonic()
                    looks[asyncio.create_task(self._look(book, began))] = began
                await asyncio.sleep(BETWEEN_LOOKS)
        finally:
            for look in looks:
                look.cancel()
            await asyncio.gather(*looks, return_exceptions=True)

    async def _look(self, book: Book, since: float) -> None:
        if await self.is_well():
            book.healthy(since)

    async def is_well(self) -> bool:
        """Whether a command of each kind is accepted, its fact arrives, and nothing waits.

        What was written anywhere before this look began must be sent and applied everywhere.
        """
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                ends = await self._backlog.ends()
            asked = (self.once(ask, COMMAND_SECONDS) for ask in self._asks())
            answers = await asyncio.gather(*asked)
            if not all(one.is_ok for one in answers):
                return False
            async with asyncio.timeout(LEVEL_SECONDS):
                await self._arrived(answers)
                await _until(partial(self._backlog.is_sent, ends))
                waiting = await self._backlog.kafka_ends()
                await _until(partial(self._backlog.is_applied, waiting))
        except _AWAY:
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
        """Return when ledger and read model have the facts and every service is ready."""
        session, ticket, application, _, _ = (one.body for one in answers)
        wanted = [
            f"/v1/chains/{session['session_id']}",
            f"/v1/chains/{ticket['ticket_id']}",
            f"/v1/chains/{application['application_id']}",
        ]
        shown = f"/v1/applications/{application['application_id']}"

        async def is_there() -> bool:
            looks = [self._sees("ledger", path) for path in wanted]
            looks += [self._sees("tracking", shown), *(self._is_ready(name) for name in SERVICES)]
            return all(await asyncio.gather(*looks))

        await _until(is_there)

    async def _sees(self, service: str, path: str) -> bool:
        try:
            headers = await self.world.calls.bearer("operator")
            url = f"{self.world.calls.platform.urls[service]}{path}"
            return (await self.world.http.get(url, headers=headers)).is_success
        except httpx.HTTPError:
            return False

    async def _is_ready(self, service: str) -> bool:
        try:
            url = f"{self.world.calls.platform.urls[service]}/readyz"
            return (await self.world.http.get(url)).is_success
        except httpx.HTTPError:
            return False


async def _until(look: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again until it is so; the caller's deadline ends it."""
    while not await look():  # noqa: ASYNC110 - databases and services do not tell
        await asyncio.sleep(_AGAIN_SECONDS)
