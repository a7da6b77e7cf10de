"""A checkpoint as an aggregate: made once, never changed. Its content stands in the log."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.base import Fact
from contracts.ids import CheckpointId
from contracts.ledger import CheckpointRecorded
from services.ledger.domain.chain import Running


@dataclass(frozen=True, slots=True)
class Recorded:
    """A checkpoint that exists."""

    id: CheckpointId
    version: int = 1


def record(running: Running, checkpoint_id: CheckpointId) -> CheckpointRecorded:
    """The fact that the whole is now this long and sums up to this digest."""
    return CheckpointRecorded(
        checkpoint_id=checkpoint_id, size=running.size, digest=running.digest.hex()
    )


def evolve(states: Mapping[Hashable, Any], fact: Fact, at: datetime) -> Iterable[Recorded]:  # noqa: ARG001 - the form of every evolve
    """What a fact of the ledger changes."""
    if isinstance(fact, CheckpointRecorded):
        yield Recorded(fact.checkpoint_id)
