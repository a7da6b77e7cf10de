"""Who can be reached where: registered, looked up for sending, erased. Personal data, so no facts.

A registration changes nothing that others may know; hence it is no command, and neither the
idempotency table nor the log ever holds anything of it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from chassis.database import Database, Tx, is_away
from chassis.errors import KeyReused, NotFound, Unavailable
from contracts.ids import Actor, PersonId
from services.notify.channels.message import Language
from services.notify.channels.sealing import Sealed, Sealer

_REGISTER = """
WITH new AS (
    INSERT INTO recipients (person_id, request, fingerprint, language, address, registered_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (request) DO NOTHING RETURNING person_id
)
INSERT INTO recipient_keys (person_id, wrapped_key)
SELECT person_id, $7 FROM new RETURNING person_id
"""
_REGISTERED = "SELECT person_id, fingerprint FROM recipients WHERE request = $1"
_DESTROY_KEY = "DELETE FROM recipient_keys WHERE person_id = $1"
_EMPTY = """
UPDATE recipients
SET address = NULL, fingerprint = NULL, erased_at = coalesce(erased_at, $2)
WHERE person_id = $1 RETURNING erased_at
"""
_SEALED = """
SELECT address, wrapped_key, language FROM recipients JOIN recipient_keys USING (person_id)
WHERE person_id = $1
"""


@dataclass(frozen=True, slots=True)
class Registered:
    """A recipient and the secret that proves to be that recipient."""

    person_id: PersonId
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reachable:
    """Where and in which language somebody wants to be told."""

    address: str = field(repr=False)
    language: Language


@dataclass(frozen=True, slots=True)
class Registration:
    """The wish to be told. `key` is the caller's idempotency key."""

    actor: Actor
    key: str
    address: str = field(repr=False)
    language: Language
    at: datetime


@dataclass(frozen=True)
class Recipients:
    """The vault. Raises Unavailable when the database is away."""

    database: Database
    sealer: Sealer

    async def register(self, wish: Registration) -> Registered:
        """A new recipient, or the one that the same request made before. Raises KeyReused."""
        person_id = PersonId.new()
        sealed = self.sealer.seal(person_id, wish.address)
        request = self.sealer.digest("request", wish.actor, wish.key)
        fingerprint = self.sealer.digest("fingerprint", wish.address, wish.language)
        async with self._transaction() as tx:
            made = await tx.fetchval(
                _REGISTER,
                person_id,
                request,
                fingerprint,
                wish.language,
                sealed.address,
                wish.at,
                sealed.wrapped_key,
            )
            if made is None:
                before = await tx.fetchrow(_REGISTERED, request)
                # After an erasure nothing is left to compare with; the answer stays the same.
                if before["fingerprint"] not in {fingerprint, None}:
                    raise KeyReused
                person_id = PersonId(before["person_id"])
        return Registered(person_id, self.sealer.code(person_id))

    async def erase(self, person_id: PersonId, code: str, at: datetime) -> datetime:
        """Make the address unreadable; returns when that was done first.

        Raises NotFound for a wrong code as for an unknown person: nobody learns who is registered.
        """
        if not self.sealer.is_code(person_id, code):
            raise NotFound
        async with self._transaction() as tx:
            await tx.execute(_DESTROY_KEY, person_id)
            erased_at: datetime | None = await tx.fetchval(_EMPTY, person_id, at)
        if erased_at is None:
            raise NotFound
        return erased_at

    async def find(self, person_id: PersonId) -> Reachable | None:
        """Where to reach somebody, unless that was erased or cannot be opened with our key."""
        async with self._transaction() as tx:
            row = await tx.fetchrow(_SEALED, person_id)
        if row is None:
            return None
        address = self.sealer.open(person_id, Sealed(row["address"], row["wrapped_key"]))
        return None if address is None else Reachable(address, row["language"])

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Tx]:
        try:
            async with self.database.transaction() as tx:
                yield tx
        except Exception as problem:
            if is_away(problem):
                raise Unavailable from None
            raise
