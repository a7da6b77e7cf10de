"""The ledger's public interface: chains, entries, checkpoints."""

from typing import Annotated

from fastapi import Path, Query

from chassis.auth import PUBLIC, Caller, requires
from chassis.clock import now
from chassis.errors import NotFound
from chassis.http import IdempotencyKey, Router
from chassis.service import Running
from contracts.ids import CheckpointId
from services.ledger import queries
from services.ledger.commands import CheckpointMade, RecordCheckpoint

_Key = Annotated[str, Path(min_length=1, max_length=200, description="For example an application")]
_After = Annotated[int, Query(ge=0, le=2**63 - 1)]
_Position = Annotated[int, Query(ge=0, le=2**31 - 1)]
_Limit = Annotated[int, Query(ge=1, le=500)]


def router(running: Running) -> Router:
    """The endpoints of the ledger."""
    found = Router()

    @found.query(
        "/v1/chains/{key}",
        allow=requires("officer", "operator", "agency"),
        refusals=[NotFound],
    )
    async def read_chain(
        key: _Key, after: _Position = 0, limit: _Limit = 100
    ) -> list[queries.EntryView]:
        """The trail of one key with its hashes, behind the position `after`."""
        entries = await queries.chain(running.database, key, after, limit)
        if not entries and after == 0:
            raise NotFound
        return entries

    @found.query("/v1/entries", allow=requires("operator"))
    async def read_entries(after: _After = 0, limit: _Limit = 100) -> list[queries.EntryView]:
        """All entries in their order, behind the number `after`."""
        return await queries.entries(running.database, after, limit)

    @found.query("/v1/checkpoint", allow=PUBLIC, refusals=[NotFound])
    async def read_checkpoint() -> queries.CheckpointView:
        """The newest checkpoint. Keep it: the ledger must contain it for ever."""
        checkpoint = await queries.find_checkpoint(running.database)
        if checkpoint is None:
            raise NotFound
        return checkpoint

    @found.command("/v1/checkpoints", allow=requires("operator", "system"), status=201)
    async def record_checkpoint(caller: Caller, key: IdempotencyKey) -> CheckpointMade:
        """Publish how long the ledger is now and what it sums up to."""
        command = RecordCheckpoint(
            actor=caller.actor, at=now(), key=key, checkpoint_id=CheckpointId.new()
        )
        return (await running.dispatch(command)).read(CheckpointMade)

    return found
