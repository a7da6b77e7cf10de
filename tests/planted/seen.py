"""A client that writes down what it sees, and the evidence that the checker then collects."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from sqlalchemy.engine import make_url

from checker import reading
from checker.evidence import Check, Event, Evidence
from local.testing import Database


@dataclass
class Seen:
    """The history of one scenario."""

    service: str
    events: list[Event] = field(default_factory=list)
    _calls: "itertools.count[int]" = field(default_factory=itertools.count)

    def add(
        self, op: str, phase: str, key: str | None, request: dict[str, Any], answer: Any, call: int
    ) -> None:
        n = len(self.events) + 1
        self.events.append(Event(n, n, "client", op, phase, key, call, request, None, answer))

    async def ask(  # one line before, one after
        self,
        op: str,
        client: httpx.AsyncClient,
        path: str,
        *,
        headers: dict[str, str],
        body: Any = None,
        key: str | None = None,
    ) -> httpx.Response:
        """POST with a key, GET without."""
        call, request = next(self._calls), {"service": self.service, "path": path, "body": body}
        sent = {**headers, **({"Idempotency-Key": key} if key else {})}
        self.add(op, "invoke", key, request, None, call)
        answer = await client.request("POST" if key else "GET", path, json=body, headers=sent)
        unknown = answer.status_code >= 500
        phase = "ok" if answer.is_success else "unknown" if unknown else "refused"
        self.add(op, phase, key, request, answer.json(), call)
        return answer

    async def evidence(self, *databases: tuple[str, Database]) -> Evidence:
        """What the checker reads in these databases."""
        evidence = Evidence(history=self.events)
        found: reading.Progress = {
            name: [] for name in ("facts", "commands", "parked", "places", "idle")
        }
        for service, database in databases or ():
            await reading.read_service(service, database.owner_url, found, evidence)
        evidence.facts, evidence.commands = found["facts"], found["commands"]
        evidence.parked = found["parked"]
        return evidence


def must_find(found: Check, kind: str) -> None:
    """The check sees a violation of this kind."""
    assert kind in found.counts, f"{found.id} found {found.counts}: {found.violations}"


def must_hold(found: Check) -> None:
    """The check looked at something, and found nothing."""
    assert found.violations == []
    assert found.examined > 0


def judged(found: Check, kind: str | None) -> None:
    """Holds when nothing is planted (`kind` is None), else a violation of this kind."""
    if kind is None:
        must_hold(found)
    else:
        must_find(found, kind)


async def as_owner(database: Database, *statements: str) -> None:
    """Change the database as nobody of the programs may: takes away a second lock."""
    url = make_url(database.owner_url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close(timeout=5)


def all_of(checks: Sequence[Callable[[Evidence], Check]], evidence: Evidence) -> None:
    """All of these hold."""
    for check in checks:
        must_hold(check(evidence))
