"""What somebody can want from the ledger: a checkpoint. Entries come from Kafka, not by command."""

from collections.abc import Hashable, Sequence
from typing import ClassVar

from contracts.base import Answer, Command
from contracts.ids import CheckpointId
from services.ledger.domain.chain import RunningId


class RecordCheckpoint(Command):
    """Publish how long the ledger is now and what it sums up to."""

    minted: ClassVar[frozenset[str]] = frozenset({"checkpoint_id"})

    checkpoint_id: CheckpointId

    def needs(self) -> Sequence[Hashable]:
        """The whole, so that size and digest are of one moment."""
        return [RunningId()]


class CheckpointMade(Answer):
    """`size` entries sum up to `digest` (SHA-256, hex)."""

    checkpoint_id: CheckpointId
    size: int
    digest: str
