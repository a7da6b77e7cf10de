"""The feed of the boards: written last, under one head row, so that it grows by position.

The lock of the head is held until the transaction ends; only groups with something to show take it.
"""

from collections.abc import Sequence
from typing import Any

from chassis.database import Tx
from services.queue.domain.shown import Shown
from services.queue.store.kinds import of_kind

_APPEND = """
WITH head AS (UPDATE board_head SET position = position + $1 RETURNING position)
INSERT INTO board_feed (position, mall, zone, queue_id, kind, at, data)
SELECT head.position - $1 + shown.place, mall, zone, queue_id, kind, at, data
FROM head, unnest($2::text[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[], $7::text[])
    WITH ORDINALITY AS shown (mall, zone, queue_id, kind, at, data, place)
"""


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Append what these states have for boards, in their order."""
    shown = of_kind(states, Shown)
    if not shown:
        return
    await tx.execute(
        _APPEND,
        len(shown),
        [one.mall for one in shown],
        [one.zone for one in shown],
        [one.queue_id for one in shown],
        [one.kind for one in shown],
        [one.at for one in shown],
        [one.text() for one in shown],
    )
