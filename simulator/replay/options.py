"""What a person may choose about a replay, and what comes out of it."""

from dataclasses import dataclass, field
from pathlib import Path

from simulator.logs.rows import Columns


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Choices with their defaults.

    `name` stands for the log in the codes of its agencies; another name makes other applications.
    `lanes` is how many reports are under way at once, `limit` how many events of the log are taken,
    `http_share` the share of cases that report over HTTP instead of Kafka. `patience_seconds` is
    how long one report may wait for its answer, and the read model may stand still, before the
    replay is given up. `home` is where the platform keeps its data.
    """

    log: Path
    columns: Columns = field(default_factory=Columns)
    delimiter: str | None = None
    name: str | None = None
    lanes: int = 192
    limit: int | None = None
    http_share: float = 0.5
    patience_seconds: float = 180.0
    as_json: bool = False
    home: Path | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.lanes <= MAX_LANES:
            raise ValueError(f"lanes must lie between 1 and {MAX_LANES}")
        if self.limit is not None and self.limit < 1:
            raise ValueError("the limit must be at least 1 event")
        if not 0 <= self.http_share <= 1:
            raise ValueError("the share of HTTP must lie between 0 and 1")
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ValueError("the delimiter is one character")


MAX_LANES = 1000


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome. `rate` is events answered per second.

    `met_again` counts facts that came over Kafka again under their own ids, which every reader
    must expect; `seconds` is how long sending took.
    """

    cases: int
    events: int
    lost: int
    doubled: int
    misordered: int
    refused: int
    rate: float
    malformed: int
    http_events: int
    kafka_events: int
    met_again: int
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 when all is well, 1 for faults of the trail, 2 for rows that could not be read."""
        if self.lost or self.doubled or self.misordered:
            return 1
        return 2 if self.malformed else 0

    def line(self) -> str:
        """The last line of a replay."""
        return (
            f"replay: cases={self.cases} events={self.events} lost={self.lost} "
            f"doubled={self.doubled} misordered={self.misordered} refused={self.refused} "
            f"rate={self.rate:.0f}/s"
        )
