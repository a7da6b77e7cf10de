"""What one metric is, and the registry that holds all of them; the list is in `metrics`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Kind = TypeVar("Kind", Counter, Gauge, Histogram)


@dataclass(frozen=True, slots=True)
class Metric(Generic[Kind]):
    """One metric: call it with its labels' values and get the child to move, from a cache."""

    made: Kind
    name: str
    labels: tuple[str, ...]
    meaning: str
    moves: str
    _children: dict[tuple[str, ...], Kind] = field(default_factory=dict)

    def __call__(self, *values: str) -> Kind:
        """The child for these values, in the order of `labels`."""
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self.made.labels(*values) if values else self.made
        return child

    @property
    def kind(self) -> str:
        """`counter`, `gauge` or `histogram`."""
        return type(self.made).__name__.lower()


def new_counter(name: str, meaning: str, moves: str, labels: Sequence[str] = ()) -> Metric[Counter]:
    """A number that only rises."""
    made = Counter(name, meaning, labels, registry=REGISTRY)
    return Metric(made, name, tuple(labels), meaning, moves)


def new_gauge(name: str, meaning: str, moves: str, labels: Sequence[str] = ()) -> Metric[Gauge]:
    """A number that rises and falls."""
    made = Gauge(name, meaning, labels, registry=REGISTRY)
    return Metric(made, name, tuple(labels), meaning, moves)


def new_histogram(
    name: str,
    meaning: str,
    moves: str,
    labels: Sequence[str] = (),
    buckets: Sequence[float] = SECONDS,
) -> Metric[Histogram]:
    """How often a value fell into which bucket."""
    made = Histogram(name, meaning, labels, buckets=buckets, registry=REGISTRY)
    return Metric(made, name, tuple(labels), meaning, moves)
