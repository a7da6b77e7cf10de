"""Bugs of the relay, each as a function that plants it. All of them lose or overtake on Kafka."""

from collections.abc import Sequence
from typing import Any

import pytest

from chassis import records, relay
from chassis.failpoints import failpoint
from chassis.sending import Sender


def naive_log_cursor(patch: pytest.MonkeyPatch) -> None:
    """What has a lower number than the last that was sent is never looked for again."""
    last = "SELECT max(seq) FROM event_log WHERE seq NOT IN (SELECT seq FROM unsent)"
    planted = relay._UNSENT.replace("WHERE topic", f"WHERE seq > coalesce(({last}), 0) AND topic")
    assert planted != relay._UNSENT
    patch.setattr(relay, "_UNSENT", planted)


def failed_key_skipped(patch: pytest.MonkeyPatch) -> None:
    """What could not be sent is marked like all the rest."""

    def all_of(rows: Sequence[Any], outcomes: Any) -> tuple[list[int], BaseException | None]:
        return [row["seq"] for row in rows], None

    patch.setattr(records, "arrived_in_order", all_of)


def followers_of_a_failure_marked(patch: pytest.MonkeyPatch) -> None:
    """What stands behind a failure of its key counts as sent in order."""

    def acknowledged(rows: Sequence[Any], outcomes: Any) -> tuple[list[int], BaseException | None]:
        pairs = list(zip(rows, outcomes, strict=True))
        failures = [outcome for _, outcome in pairs if outcome is not None]
        sent = [row["seq"] for row, outcome in pairs if outcome is None]
        return sent, failures[0] if failures else None

    patch.setattr(records, "arrived_in_order", acknowledged)


def marked_before_the_acknowledgement(patch: pytest.MonkeyPatch) -> None:
    """The log says sent before Kafka has said anything."""

    async def hasty(self: relay.Relay, lease: Any, sender: Sender) -> int:
        rows = await lease.connection.fetch(relay._UNSENT, self._batch_max, [], [])
        await self._mark(lease, [row["seq"] for row in rows])
        await sender.deliver(rows)
        return len(rows)

    patch.setattr(relay.Relay, "_send_pages", hasty)


def many_senders_at_once(patch: pytest.MonkeyPatch) -> None:
    """Each fact has a sender of its own, and the last begun is the first to arrive."""
    deliver = Sender.deliver

    async def one_by_one(self: Sender, rows: Sequence[Any]) -> list[Any]:
        outcomes = [(await deliver(self, [row]))[0] for row in reversed(rows)]
        return outcomes[::-1]

    patch.setattr(Sender, "deliver", one_by_one)


def page_behind_a_failure_sent(patch: pytest.MonkeyPatch) -> None:
    """What was read while a page was on its way is sent, whatever came of that page."""

    async def headless(self: relay.Relay, lease: Any, sender: Sender) -> int:
        rows = await self._read(lease, ())
        while rows:
            behind = await self._read(lease, rows)
            arrived, _ = records.arrived_in_order(rows, await sender.deliver(rows))
            await self._mark(lease, arrived)
            rows = behind
        return 0

    patch.setattr(relay.Relay, "_send_pages", headless)


def page_behind_by_number(patch: pytest.MonkeyPatch) -> None:
    """The page behind the one on its way is what has higher numbers."""
    beside = "seq NOT IN (SELECT unnest($3::bigint[]))"
    higher = "seq > coalesce((SELECT max(one) FROM unnest($3::bigint[]) AS one), 0)"
    planted = relay._UNSENT.replace(beside, higher)
    assert planted != relay._UNSENT
    patch.setattr(relay, "_UNSENT", planted)


def two_relays_without_a_fence(patch: pytest.MonkeyPatch) -> None:
    """Each relay takes the rows that no other has taken: those of one key may be with two."""
    free = relay._UNSENT.replace("WHERE topic", "WHERE pg_try_advisory_xact_lock(seq) AND topic")
    assert free != relay._UNSENT

    async def free_for_all(self: relay.Relay, lease: Any, sender: Sender) -> int:
        async with lease.connection.transaction():
            rows = await lease.connection.fetch(free, self._batch_max, [], [])
            await failpoint("relay.after_read")
            await sender.deliver(rows)
            await self._mark(lease, [row["seq"] for row in rows])
        return len(rows)

    patch.setattr(relay.Relay, "_send_pages", free_for_all)
