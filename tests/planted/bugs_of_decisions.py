"""Bugs of deciding, each as a function that plants it: in our functions, never in our files."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Table

from chassis import database, decide, dispatch, eventlog
from chassis.failpoints import CausedFailure
from services.queue.domain.line import Line
from services.tracking.domain import application
from services.tracking.domain.application import Application

Plant = Callable[[pytest.MonkeyPatch], None]


def ticket_number_from_a_sequence(patch: pytest.MonkeyPatch) -> None:
    """A sequence does not come back when its transaction does."""
    sequence, issue = itertools.count(1), Line.issue

    def numbered(line: Line, *wish: Any) -> Any:
        return issue(line, *wish).model_copy(update={"number": next(sequence)})

    patch.setattr(Line, "issue", numbered)


def idempotency_check_off(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether the key was answered before."""

    async def nothing(_tx: Any, _submissions: Any) -> dict[Any, Any]:
        return {}

    patch.setattr(decide, "_given_before", nothing)
    patch.setattr(decide, "_REMEMBER", f"{decide._REMEMBER} ON CONFLICT DO NOTHING")


def _after_the_commit(patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """What `owner.name` writes is written by a second transaction, before which we die once."""
    write, commit = getattr(owner, name), dispatch.Dispatcher._commit
    later: list[Any] = []
    crashes = iter([True])

    async def postponed(_tx: Any, rows: Any) -> None:
        later.append(rows)

    async def in_two_steps(self: dispatch.Dispatcher, group: Sequence[Any]) -> Any:
        results = await commit(self, group)
        rows, later[:] = later[:], []
        if next(crashes, False):
            raise CausedFailure("killed between the two")
        async with self._database.transaction() as tx:
            for one in rows:
                await write(tx, one)
        return results

    patch.setattr(owner, name, postponed)
    patch.setattr(dispatch.Dispatcher, "_commit", in_two_steps)


def idempotency_row_in_another_transaction(patch: pytest.MonkeyPatch) -> None:
    """The effect is durable before the key is."""
    _after_the_commit(patch, decide, "_remember")


def event_log_after_the_commit(patch: pytest.MonkeyPatch) -> None:
    """The state is durable before its fact is."""
    _after_the_commit(patch, eventlog, "append")


def _without_lock(patch: pytest.MonkeyPatch) -> None:
    lock = database._lock_statement

    def unlocked(table: Table) -> str:
        return lock(table).removesuffix(" FOR UPDATE")

    patch.setattr(database, "_lock_statement", unlocked)


def version_check_off(patch: pytest.MonkeyPatch) -> None:
    """State is read without a lock, and a fact whose version is taken is dropped."""
    _without_lock(patch)
    unfenced = eventlog._APPEND.replace(
        "FROM fact ORDER BY place\n", "FROM fact ORDER BY place ON CONFLICT DO NOTHING\n"
    ).replace("count(*) FROM moved", "count(DISTINCT aggregate_id) FROM fact")
    assert unfenced.count("ON CONFLICT DO NOTHING") == unfenced.count("DISTINCT aggregate_id") == 1
    patch.setattr(eventlog, "_APPEND", unfenced)


def capacity_read_then_write(patch: pytest.MonkeyPatch) -> None:
    """Two may read the same number of free places."""
    _without_lock(patch)


def owner_check_off(patch: pytest.MonkeyPatch) -> None:
    """Any agency may report any stage."""
    report_stage = Application.stage_reported

    def anybody(self: Application, agency: Any, report: Any) -> Any:
        return report_stage(self, self._stage(report.stage).agency, report)

    patch.setattr(Application, "stage_reported", anybody)


def turn_check_off(patch: pytest.MonkeyPatch) -> None:
    """A stage may be reported before it was opened."""
    patch.setattr(application, "_check_turn", lambda _stage, _report: None)


class Meeting:
    """Two decisions wait for each other after they have read; one alone goes on after a while.

    Where locks are as they must be, the second cannot read before the first has ended.
    """

    def __init__(self, load_many: Any, *, locked: bool) -> None:
        self._load_many = load_many
        self._seconds = 0.5 if locked else 4.0
        self._barrier = asyncio.Barrier(2)
        self.is_on = False

    async def load(self, tx: Any, keys: Any) -> Any:
        """Load, then wait for the other."""
        found = await self._load_many(tx, keys)
        if self.is_on:
            try:
                async with asyncio.timeout(self._seconds):
                    await self._barrier.wait()
            except (TimeoutError, asyncio.BrokenBarrierError):
                pass  # the other waits for our lock, as it must
        return found
