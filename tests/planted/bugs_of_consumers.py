"""Bugs of consuming, each as a function that plants it: read model, ledger and mails."""

from collections.abc import Sequence
from typing import Any

import pytest

from chassis import batch, consume, inbox, parking, sse
from chassis.database import add_rows
from chassis.failpoints import CausedFailure
from chassis.inbox import Verdict
from chassis.subscription import project
from services.ledger import projection as ledger
from services.ledger import store as ledger_store
from services.notify import store as notify_store
from services.tracking import projection, queries


def inbox_off(patch: pytest.MonkeyPatch) -> None:
    """Whatever comes is news."""
    judge = inbox.Heads.judge

    def always(self: inbox.Heads, envelope: Any) -> Verdict:
        found = judge(self, envelope)
        return Verdict.DUE if found is Verdict.REPEAT else found

    patch.setattr(inbox.Heads, "judge", always)


def gap_check_off(patch: pytest.MonkeyPatch) -> None:
    """What comes too early is applied at once, and what was missing is a repeat later."""
    load = inbox.load_heads

    async def forgiving(tx: Any, consumer: str, envelopes: Any, *, newest_wins: bool) -> Any:
        return await load(tx, consumer, envelopes, newest_wins=True)

    patch.setattr(inbox, "load_heads", forgiving)


def acknowledge_on_error(patch: pytest.MonkeyPatch) -> None:
    """A batch that fails is logged, and the next one begins behind it."""
    apply = batch.apply_batch

    async def shrug(database: Any, subscription: Any, arrivals: Any) -> None:
        try:
            await apply(database, subscription, arrivals)
        except CausedFailure:
            async with database.transaction() as tx:
                await inbox.save_positions(tx, subscription.consumer, arrivals)

    patch.setattr(batch, "apply_batch", shrug)


def offset_committed_before_apply(patch: pytest.MonkeyPatch) -> None:
    """The runner moves on first; a process that dies then leaves a hole."""
    take = consume.Runner.take

    async def hasty(self: consume.Runner, arrivals: Sequence[Any]) -> None:
        async with self._database.transaction() as tx:
            await inbox.save_positions(tx, self.subscription.consumer, arrivals)
        await take(self, arrivals)

    patch.setattr(consume.Runner, "take", hasty)


def position_in_another_transaction(patch: pytest.MonkeyPatch) -> None:
    """The position becomes durable although its batch does not."""
    apply = batch.apply_batch

    async def apart(database: Any, subscription: Any, arrivals: Any) -> None:
        save = inbox.save_positions

        async def elsewhere(_tx: Any, consumer: str, moved: Any) -> None:
            async with database.transaction() as tx:
                await save(tx, consumer, moved)

        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(inbox, "save_positions", elsewhere)
            await apply(database, subscription, arrivals)

    patch.setattr(
        inbox, "_LOAD_POSITIONS", inbox._LOAD_POSITIONS.replace("FOR UPDATE OF positions", "")
    )
    patch.setattr(batch, "apply_batch", apart)


def poison_dropped(patch: pytest.MonkeyPatch) -> None:
    """What cannot be read is thrown away."""

    async def nowhere(*_args: Any, **_kwargs: Any) -> None:
        return None

    patch.setattr(parking, "park", nowhere)


def parked_key_does_not_block(patch: pytest.MonkeyPatch) -> None:
    """Who comes behind a parked record overtakes it."""
    gap_check_off(patch)
    sort = batch._sort

    def regardless(items: Any, heads: Any, held: Any, *, holds_back: bool) -> Any:
        return sort(items, heads, held, holds_back=False)

    patch.setattr(batch, "_sort", regardless)


def read_model_written_twice(patch: pytest.MonkeyPatch) -> None:
    """Each entry of the timeline is saved two times."""

    async def twice(tx: Any, table: Any, rows: Sequence[Any]) -> None:
        await add_rows(tx, table, rows)
        await add_rows(tx, table, [(-row[0], *row[1:]) for row in rows])

    patch.setattr(projection, "add_rows", twice)


def projection_out_of_order(patch: pytest.MonkeyPatch) -> None:
    """The facts of a batch are folded from the last to the first."""
    sort = batch._sort

    def reversed_(items: Any, heads: Any, held: Any, *, holds_back: bool) -> Any:
        found = sort(items, heads, held, holds_back=holds_back)
        found.due.reverse()
        return found

    patch.setattr(batch, "_sort", reversed_)


def stale_cache(patch: pytest.MonkeyPatch) -> None:
    """Every third reading comes from the first one."""
    document = queries.ReadModel._document
    pages: list[Any] = []

    async def cached(self: Any, wanted: Any, min_version: int) -> Any:
        pages.append(await document(self, wanted, min_version))
        return pages[0] if len(pages) % 3 == 0 else pages[-1]

    patch.setattr(queries.ReadModel, "_document", cached)


def stream_forgets_resume(patch: pytest.MonkeyPatch) -> None:
    """A stream begins at the present, whatever its reader has seen."""
    frames = sse.Hub.frames

    async def from_now(self: Any, after: int, key: str | None = None) -> Any:
        async for piece in frames(self, await self._latest() if after else after, key):
            yield piece

    patch.setattr(sse.Hub, "frames", from_now)


def leaf_twice(patch: pytest.MonkeyPatch) -> None:
    """Every fact is appended two times."""

    def doubled(rows: Any, delivered: Any) -> Any:
        yield from ledger._fold(rows, delivered)
        yield from ledger._fold(rows, delivered)

    again = project(ledger._keys, ledger_store.load_many, doubled, ledger_store.save_many)
    patch.setattr(ledger, "_append_all", again)


def leaf_skipped(patch: pytest.MonkeyPatch) -> None:
    """The second fact of every batch is passed over."""
    append = ledger._append_all

    async def holed(tx: Any, batch_: Sequence[Any]) -> Any:
        return await append(tx, [one for at, one in enumerate(batch_) if at != 1])

    patch.setattr(ledger, "_append_all", holed)


def attempt_recorded_after_the_call(patch: pytest.MonkeyPatch) -> None:
    """Before the call nothing is counted; who dies after it begins anew, without bound."""
    patch.setattr(
        notify_store, "_TAKE", notify_store._TAKE.replace("attempts = $2", "attempts = 0 * $2")
    )
