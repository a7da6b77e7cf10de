"""Queue at work on a fresh database, with a mall of eight counters and the callers it needs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from catalogue.load import DATA, read
from catalogue.publish import entries
from chassis import testing
from chassis.testing import Probe
from contracts.catalogue import EntryPublished
from contracts.ids import EntryId
from contracts.queue_entries import QueuePolicy
from local.testing import Database
from services.queue.wiring import SERVICE

MALL, KTP, KIA = "mpp-uji", "DUK-KTP", "DUK-KIA"
# K-01 … K-08 serve both services, K-09 one of them only.
COUNTERS = {**{f"K-{number:02d}": [KTP, KIA] for number in range(1, 9)}, "K-09": [KIA]}


def mall_entry(code: str = MALL, **changes: Any) -> EntryPublished:
    body: dict[str, Any] = {
        "revision": 1,
        "code": code,
        "name": "MPP Uji",
        "zone": "Asia/Jayapura",
        "opens_at": "08:00:00",
        "closes_at": "15:00:00",
        "agencies": ["dukcapil"],
        "counters": [{"code": one, "services": of} for one, of in COUNTERS.items()],
        **changes,
    }
    return EntryPublished(
        entry_id=EntryId.of("mall", code), kind="mall", code=code, revision=1, body=body
    )


def policy_entry(code: str = "ketat", revision: int = 1, **changes: Any) -> EntryPublished:
    """A policy as the catalogue's `umum`, but for these changes."""
    [shipped] = [
        loaded.entry
        for loaded in read(DATA).loaded
        if isinstance(loaded.entry, QueuePolicy) and loaded.entry.entry_code == "umum"
    ]
    body = {**shipped.model_dump(mode="json"), "code": code, "revision": revision, **changes}
    return EntryPublished(
        entry_id=EntryId.of("queue_policy", code),
        kind="queue_policy",
        code=code,
        revision=revision,
        body=body,
    )


def published(*wanted: tuple[str, str]) -> list[EntryPublished]:
    """Entries of the catalogue that is shipped, by kind and code."""
    return [one for one in entries(DATA) if (one.kind, one.code) in wanted]


def today() -> date:
    """The date on the wall of the mall."""
    return datetime.now(ZoneInfo("Asia/Jayapura")).date()


@dataclass
class Queue:
    """Queue as its callers see it."""

    probe: Probe
    officer: dict[str, str] = field(default_factory=dict)
    kiosk: dict[str, str] = field(default_factory=dict)
    supervisor: dict[str, str] = field(default_factory=dict)
    officers: dict[str, dict[str, str]] = field(default_factory=dict)
    """Who sits at each counter that was opened, by its id."""

    def __post_init__(self) -> None:
        self.officer = self.probe.bearer("officer-1", "officer", mall=MALL)
        self.kiosk = self.probe.bearer("kiosk-1", "kiosk", mall=MALL)
        self.supervisor = self.probe.bearer("boss", "officer", "supervisor", mall=MALL)

    def officer_of(self, code: str) -> dict[str, str]:
        """Who sits at a counter: `officer-1` at K-01, `officer-2` at K-02."""
        return self.probe.bearer(f"officer-{int(code[-2:])}", "officer", mall=MALL)

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = {"Idempotency-Key": key or uuid4().hex, **(headers or self.officer)}
        return await self.probe.client.post(path, json=body, headers=sent)

    async def issue(self, service: str = KTP, *, key: str | None = None) -> httpx.Response:
        form = {"mall": MALL, "service": service}
        return await self.post("/v1/tickets", form, key=key, headers=self.kiosk)

    async def issued(self, count: int, service: str = KTP) -> list[str]:
        answers = await asyncio.gather(*(self.issue(service) for _ in range(count)))
        assert {answer.status_code for answer in answers} <= {201}
        return [answer.json()["ticket_id"] for answer in answers]

    async def opened(self, code: str = "K-01") -> str:
        officer = self.officer_of(code)
        answer = await self.post(f"/v1/counters/{code}/open", headers=officer)
        assert answer.status_code == 200, answer.text
        counter_id = str(answer.json()["counter_id"])
        self.officers[counter_id] = officer
        return counter_id

    async def call_next(self, counter_id: str, *, key: str | None = None) -> httpx.Response:
        officer = self.officers.get(counter_id)
        return await self.post(f"/v1/counters/{counter_id}/call-next", key=key, headers=officer)

    async def called(self, counter_id: str) -> dict[str, Any]:
        answer = await self.call_next(counter_id)
        assert answer.status_code == 200, answer.text
        ticket: dict[str, Any] = answer.json()["ticket"]
        return ticket

    async def serve(self, ticket_id: str, counter_id: str) -> httpx.Response:
        form, officer = {"counter_id": counter_id}, self.officers.get(counter_id)
        return await self.post(f"/v1/tickets/{ticket_id}/serve", form, headers=officer)

    async def finish(
        self, ticket_id: str, counter_id: str, outcome: str = "served"
    ) -> httpx.Response:
        form, officer = (
            {"counter_id": counter_id, "outcome": outcome},
            self.officers.get(counter_id),
        )
        return await self.post(f"/v1/tickets/{ticket_id}/finish", form, headers=officer)

    async def ruled(self, **changes: Any) -> None:
        """The mall goes by a policy that is `umum` but for these changes."""
        rule, mall = policy_entry(**changes), mall_entry(policy="ketat")
        mall = mall.model_copy(update={"revision": 2})
        await self.probe.deliver(
            "queue.catalogue", self.probe.arrival(rule), self.probe.arrival(mall, version=2)
        )

    async def numbers(self) -> list[int]:
        rows = await self.probe.rows("SELECT number FROM tickets ORDER BY line_id, number")
        return [row["number"] for row in rows]

    async def board(self) -> list[dict[str, Any]]:
        answer = await self.probe.client.get("/v1/lines", params={"mall": MALL})
        shown: list[dict[str, Any]] = answer.json()
        return shown


Fresh = Callable[[str], Awaitable[Database]]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The secret behind the codes on slips."""
    file = tmp_path / "code-key"
    file.write_bytes(b"k" * 32)
    return file


@pytest.fixture
async def queue(fresh_database: Fresh, key_file: Path) -> AsyncIterator[Queue]:
    """Queue with one mall in its catalogue."""
    addresses = await fresh_database("queue")
    async with testing.running(SERVICE, addresses, code_key_file=key_file) as probe:
        await probe.deliver("queue.catalogue", probe.arrival(mall_entry()))
        yield Queue(probe)


@asynccontextmanager
async def two_processes(fresh_database: Fresh, key_file: Path) -> AsyncIterator[list[Queue]]:
    """Queue twice on one fresh database, with one mall in its catalogue."""
    addresses = await fresh_database("queue")
    async with (
        testing.running(SERVICE, addresses, code_key_file=key_file) as one,
        testing.running(SERVICE, addresses, code_key_file=key_file) as other,
    ):
        await one.deliver("queue.catalogue", one.arrival(mall_entry()))
        yield [Queue(one), Queue(other)]
