"""Everything that the checks look at, as plain data. Ids are texts, times are datetimes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["lost", "doubled", "misordered", "illegal"]
SHOWN_VIOLATIONS = 20


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history. `call` pairs an `invoke` with what ended it."""

    n: int
    at: int
    client: str
    op: str
    phase: str
    key: str | None
    call: int
    request: Mapping[str, Any]
    code: str | None = None
    answer: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of a service's event log. `payload` is its exact text, `data` what it says."""

    service: str
    seq: int
    id: str
    type: str
    aggregate_id: str
    version: int
    topic: str
    key: str
    time: datetime
    recorded_at: datetime
    actor: str
    payload: str
    data: Mapping[str, Any]
    sent: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """One row of a service's answered commands; `answer` is None for a refusal."""

    service: str
    actor: str
    key: str
    name: str
    answer: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Record:
    """One record on Kafka. `id` is empty when it has none."""

    topic: str
    partition: int
    offset: int
    key: str
    id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry of the ledger."""

    seq: int
    chain: str
    position: int
    event_id: str
    topic: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the timeline of the read model."""

    position: int
    event_id: str


@dataclass(frozen=True, slots=True)
class Parked:
    """One record that a consumer put aside."""

    consumer: str
    topic: str
    partition: int
    offset: int
    key: str
    reason: str
    blocking: bool
    settled: bool
    service: str = ""
    id: int = 0
    settled_by: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a consumer is in a partition, and where the partition ends."""

    consumer: str
    topic: str
    partition: int
    next_offset: int
    end: int


@dataclass
class Evidence:
    """One run, as it was found after everything had come to rest."""

    history: Sequence[Event] = ()
    facts: Sequence[Fact] = ()
    """By service and `seq`."""
    commands: Sequence[Command] = ()
    records: Sequence[Record] = ()
    """By topic, partition and offset."""
    leaves: Sequence[Leaf] = ()
    """By `seq`."""
    timeline: Sequence[Line] = ()
    """By position."""
    views: Sequence[Mapping[str, Any]] = ()
    """Rows of the read model; `stages` and `agencies` are lists."""
    journeys: Mapping[tuple[str, int], Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """Stages by journey and revision, as the catalogue publishes them."""
    parked: Sequence[Parked] = ()
    places: Sequence[Place] = ()
    recipients: frozenset[str] = frozenset()
    deliveries: Mapping[str, int] = field(default_factory=dict)
    """Attempts by notification, as they were counted before each call."""
    owed: frozenset[str] = frozenset()
    """Notifications whose next attempt has its time, and is not long overdue."""
    mails: Mapping[str, int] = field(default_factory=dict)
    """Mails by notification, as they lie in the mailbox."""
    idle_in_transaction: Sequence[str] = ()


@dataclass
class Check:
    """What one check found."""

    id: str
    title: str
    examined: int = 0
    counts: dict[Kind, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    """The first ones."""

    @property
    def holds(self) -> bool:
        """Nothing was found."""
        return not self.counts

    def blame(self, kind: Kind, text: str) -> None:
        """Count a violation, and keep it while there are few."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if len(self.violations) < SHOWN_VIOLATIONS:
            self.violations.append(f"{kind}: {text}")
