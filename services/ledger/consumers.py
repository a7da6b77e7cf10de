"""The ledger's own checkpoints, as Kafka has them, held against what its database says now.

A database that was changed or rolled back agrees with itself; what was published does not.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import structlog
from pydantic import ValidationError

from chassis import metrics
from chassis.database import Database, is_away
from chassis.service import Running
from chassis.tail import Tail, Unreachable
from contracts.ledger import CheckpointRecorded
from services.ledger import queries
from services.ledger.settings import LedgerSettings

_AGAIN_SECONDS = 10.0
_PAGE = 500
_log = structlog.get_logger("ledger.checkpoints")


async def watch_checkpoints(running: Running) -> None:
    """Look at the start and then now and again, until the service stops."""
    settings: LedgerSettings = running.settings
    tail = Tail(settings.kafka(), "ledger-checkpoints", CheckpointRecorded.topic)
    watch = Watch(running.database, tail, settings.checkpoints_from)
    while not running.stopping.is_set():
        done = await watch.look()
        pause = settings.checkpoints_seconds if done else _AGAIN_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(pause, settings.checkpoints_seconds)):
                await running.stopping.wait()


class Watch:
    """Every checkpoint is held against the database once, the newest one at each look.

    Those that did not agree are looked at again, too: who has mended the database sees it.
    """

    def __init__(self, database: Database, tail: Tail, first_offset: int = 0) -> None:
        self._database = database
        self._tail = tail
        self._first_offset = first_offset
        self._newest: dict[int, CheckpointRecorded] = {}
        self._contradicted: dict[int, CheckpointRecorded] = {}
        self._unreadable: set[int] = set()

    async def look(self) -> bool:
        """Whether Kafka and the database answered. The metric tells what they said."""
        try:
            await self._hold({**self._newest, **self._contradicted})
            async with contextlib.aclosing(self._tail.pages()) as pages:
                async for records in pages:
                    for start in range(0, len(records), _PAGE):
                        await self._hold(self._read(records[start : start + _PAGE]))
        except Unreachable as problem:
            _log.warning("ledger.checkpoints_unseen", reason=str(problem))
            return False
        except Exception as problem:
            if is_away(problem):
                _log.warning("ledger.checkpoints_unseen", reason=type(problem).__name__)
                return False
            raise
        finally:
            bad = len(self._contradicted) + len(self._unreadable)
            metrics.LEDGER_CONTRADICTED().set(bad)
        metrics.LEDGER_LOOKS().inc()
        return True

    def _read(self, records: Sequence[Any]) -> dict[int, CheckpointRecorded]:
        found = {}
        for record in records:
            if record.offset < self._first_offset:
                continue
            try:
                found[record.offset] = CheckpointRecorded.model_validate_json(record.value or b"")
            except ValidationError:
                # Only the ledger may write there, and it writes nothing else.
                self._unreadable.add(record.offset)
                _log.error("ledger.checkpoint_unreadable", offset=record.offset)
        return found

    async def _hold(self, kept: dict[int, CheckpointRecorded]) -> None:
        if not kept:
            return
        wrong = await queries.contradicted(self._database, list(kept.values()))
        for offset, one in kept.items():
            if one not in wrong:
                self._contradicted.pop(offset, None)
            elif offset not in self._contradicted:
                self._contradicted[offset] = one
                _log.error("ledger.contradicted", offset=offset, size=one.size, digest=one.digest)
        last = max(kept)
        if last >= max(self._newest, default=-1):
            self._newest = {last: kept[last]}
