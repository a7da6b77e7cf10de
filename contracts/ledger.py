"""Facts of the ledger: checkpoints over everything that it has written down."""

from typing import Annotated

from pydantic import Field

from contracts.base import Fact
from contracts.ids import CheckpointId


class CheckpointRecorded(Fact):
    """The ledger held `size` entries; `digest` (SHA-256, hex) sums them all up in their order."""

    type = "ledger.checkpoint_recorded"
    aggregate = "checkpoint"
    identity = "checkpoint_id"
    topic = "ledger.checkpoints.v1"

    checkpoint_id: CheckpointId
    # The greatest integer that every reader of JSON takes exactly.
    size: Annotated[int, Field(ge=0, le=9_007_199_254_740_991)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
