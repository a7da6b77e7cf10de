"""One function per command: state in, facts and answer out."""

from collections.abc import Hashable, Mapping
from typing import Any

from contracts.base import Decision
from services.ledger.commands import CheckpointMade, RecordCheckpoint
from services.ledger.domain import checkpoint
from services.ledger.domain.chain import RunningId


def record_checkpoint(command: RecordCheckpoint, states: Mapping[Hashable, Any]) -> Decision:
    """Publish the present size and digest."""
    fact = checkpoint.record(states[RunningId()], command.checkpoint_id)
    answer = CheckpointMade(checkpoint_id=fact.checkpoint_id, size=fact.size, digest=fact.digest)
    return Decision([fact], answer)
