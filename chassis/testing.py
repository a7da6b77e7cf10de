"""A service in the test's own process, on a real database, called over HTTP and fed by hand."""

import json
import time
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OKPKey

from chassis.arrivals import Arrival
from chassis.migrations import migrate
from chassis.service import Running, Service
from contracts.base import Fact
from contracts.envelope import Envelope, to_headers
from contracts.ids import Actor, EventId

ISSUER = "https://issuer.test"


class Addresses(Protocol):
    """The database of one service, as its three roles."""

    @property
    def owner_url(self) -> str:
        """As `<database>_owner`."""

    @property
    def url(self) -> str:
        """As the program."""

    @property
    def relay_url(self) -> str:
        """As the relay."""


class Issuer:
    """A token issuer with one key; also the source of that key for the service under test."""

    revision = 1

    def __init__(self) -> None:
        self._key = OKPKey.generate_key("Ed25519")

    async def get(self, kid: str) -> OKPKey | None:
        """The key, if it is ours."""
        return self._key if kid == "test" else None

    def token(self, subject: str, *roles: str, **claims: str) -> str:
        """A token for this subject in these roles; `agency=` and `mall=` as claims."""
        now = int(time.time())
        body = {
            "iss": ISSUER,
            "aud": "loket",
            "sub": subject,
            "exp": now + 600,
            "roles": list(roles),
            **claims,
        }
        header = {"alg": "EdDSA", "kid": "test"}
        with warnings.catch_warnings():
            # The library would rather call it Ed25519; tokens in use everywhere say EdDSA.
            warnings.simplefilter("ignore")
            return jwt.encode(header, body, self._key, algorithms=["EdDSA"])


@dataclass
class Probe:
    """A running service and the ways to poke it."""

    running: Running
    issuer: Issuer
    client: httpx.AsyncClient
    app: FastAPI
    _offsets: dict[str, int] = field(default_factory=dict)

    def bearer(self, subject: str, *roles: str, **claims: str) -> dict[str, str]:
        """Headers for a caller in these roles."""
        return {"Authorization": f"Bearer {self.issuer.token(subject, *roles, **claims)}"}

    def arrival(
        self, fact: Fact, envelope: Envelope | None = None, *, version: int | None = 1
    ) -> Arrival:
        """The record that carries this fact, at the next offset of its topic."""
        envelope = envelope or envelope_of(fact, version=version)
        return self.raw_arrival(
            fact.topic_name, fact.key, to_headers(envelope), fact.model_dump_json().encode()
        )

    def raw_arrival(
        self, topic: str, key: str, headers: Sequence[tuple[str, bytes]], value: bytes
    ) -> Arrival:
        """Any record, well formed or not."""
        offset = self._offsets[topic] = self._offsets.get(topic, -1) + 1
        return Arrival(topic, 0, offset, key, tuple(headers), value)

    async def deliver(self, consumer: str, *arrivals: Arrival) -> None:
        """Hand records to one consumer as one batch, as the runner does."""
        (runner,) = (one for one in self.running.runners if one.subscription.consumer == consumer)
        await runner.take(arrivals)
        self.running.committed()

    async def time_comes(self, now: datetime) -> None:
        """Do all that is due at this instant, as the timers do every few seconds.

        Raises RuntimeError when a timer could not look.
        """
        timers = self.running.timers
        while await timers.look(now):
            pass
        if timers.failing:
            raise RuntimeError(f"these timers failed: {sorted(timers.failing)}")

    async def rows(self, query: str, *args: Any) -> list[Any]:
        """Look into the database as the program."""
        async with self.running.database.transaction() as tx:
            return await tx.fetch(query, *args)

    async def facts(self) -> list[dict[str, Any]]:
        """The log: type, aggregate_id, version, actor and payload as data, in order."""
        rows = await self.rows(
            "SELECT type, aggregate_id, version, actor, key, topic, time, payload "
            "FROM event_log ORDER BY seq"
        )
        return [{**row, "payload": json.loads(row["payload"])} for row in rows]


def envelope_of(
    fact: Fact, *, version: int | None = 1, source: str = "/test", time_: datetime | None = None
) -> Envelope:
    """An envelope as the relay would put it around the fact."""
    return Envelope(
        id=EventId.new(),
        source=source,
        type=fact.wire_type(),
        subject=str(fact.aggregate_id),
        time=time_ or datetime.now(UTC),
        actor=Actor("system:test") if version is not None else None,
        version=version,
        recorded_at=datetime.now(UTC) if version is not None else None,
        correlation_id="test-correlation",
    )


@asynccontextmanager
async def running(
    service: Service,
    addresses: Addresses,
    *,
    bootstrap: str | None = None,
    **settings: Any,
) -> AsyncIterator[Probe]:
    """The service on a migrated database; with `bootstrap`, on that Kafka, too."""
    await migrate(addresses.owner_url, service.name)
    issuer = Issuer()
    values = {
        "database_url": addresses.url,
        "relay_database_url": addresses.relay_url if bootstrap else None,
        "kafka_bootstrap": bootstrap or "127.0.0.1:1",
        "jwks_url": f"{ISSUER}/jwks.json",
        "token_issuer": ISSUER,
        # Whoever calls in a test has one address and few names.
        "caller_rate": 0,
        "address_rate": 0,
        **settings,
    }
    at_work = Running(service, service.settings(**values), keys=issuer)
    app = at_work.app()
    await at_work.start(with_kafka=bootstrap is not None)
    try:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as client:
            yield Probe(at_work, issuer, client, app)
    finally:
        await at_work.stop()
