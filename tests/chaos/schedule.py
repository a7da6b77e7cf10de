"""Which fault strikes what, and when: a pure function of the seed and of the number of brokers.

Faults are cards of a shuffled pack, so that every kind and every fail-point comes up before any
comes up again as often; a round is a hand of none to four of them.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chassis.failpoints import POINTS
from local.plan import SERVICES

GAP_SECONDS = (2.0, 8.0)
FREEZE_SECONDS = (3.0, 12.0)
BROKER_FREEZE_SECONDS = (5.0, 10.0)
OUTAGE_SECONDS = (6.0, 14.0)
WHOLE_CLUSTER = 3
_HANDS = (0, 1, 2, 3, 3, 3, 4, 4)
_DENSE_HANDS = (2, 2, 3)
_DISPATCHERS = ("booking", "queue", "tracking")
_HOSTS = {
    "dispatch": _DISPATCHERS,
    "relay": SERVICES,
    "consume": ("queue", "tracking", "notify", "ledger"),  # booking reads the catalogue only
    "notify": ("notify",),
}
_LATEST_HIT = 4
_IMPATIENT, _IMPATIENT_MOST = 0.25, 2


@dataclass(frozen=True)
class Fault:
    """One card. `after` and `seconds` count from the beginning of its round and of itself."""

    kind: str
    target: str
    seconds: float = 0.0
    after: float = 0.0
    hit: int = 0
    """For a fail-point: at which passing the process ends."""

    @property
    def victim(self) -> str:
        """The process that suffers; two faults of a round never share one."""
        return self.target.partition("@")[0]

    @property
    def is_outage(self) -> bool:
        """Whether Kafka as a whole takes nothing: such a fault has its round for itself."""
        return self.kind in {"kafka down", "two brokers down"}


@dataclass(frozen=True)
class Round:
    """What strikes together. `gap` seconds lie between the beginnings of two rounds at least."""

    number: int
    gap: float
    faults: tuple[Fault, ...]
    waits: bool = True
    """Whether it begins only when those before it have recovered."""

    @property
    def is_outage(self) -> bool:
        """Whether Kafka as a whole takes nothing meanwhile."""
        return any(one.is_outage for one in self.faults)


def rounds(seed: int, brokers: int, *, dense: bool = False) -> Iterator[Round]:
    """The rounds of a seed, without end; the first has a hand, whatever is drawn.

    `dense` ones have no calm, and begin with an outage of Kafka.
    """
    lots = random.Random(seed)
    pack: list[Fault] = []
    number, waits = 0, True
    while True:
        number += 1
        size = lots.choice(_DENSE_HANDS if dense else _HANDS)
        if len(pack) < len(_HANDS):
            fresh = _pack(lots, brokers)
            lots.shuffle(fresh)
            if dense:  # a short run shows that commands are accepted without Kafka, too
                fresh.sort(key=lambda one: not one.is_outage)
            pack = pack + fresh
        # Never two impatient rounds in a row, and small ones: else one fault would stand for all
        # that come after it.
        is_impatient = waits and number > 1 and lots.random() < _IMPATIENT
        if is_impatient:
            size = min(size, _IMPATIENT_MOST)
        hand = _deal(pack, max(1, size) if number == 1 else size)
        gap = lots.uniform(*GAP_SECONDS)
        faults = tuple(replace(one, after=round(lots.uniform(0, 1.5), 2)) for one in hand)
        drawn = Round(number, round(gap, 2), faults)
        waits = not is_impatient or drawn.is_outage  # an outage lasts long enough for itself
        yield replace(drawn, waits=waits)


def _deal(pack: list[Fault], size: int) -> list[Fault]:
    """Take a hand off the top in which nobody suffers twice; cards that clash stay in the pack."""
    hand: list[Fault] = []
    for card in list(pack):
        if len(hand) >= size:
            break
        if card.is_outage and hand:
            continue
        if card.victim in {one.victim for one in hand}:
            continue
        hand.append(card)
        pack.remove(card)
        if card.is_outage:
            break
    return hand


def _pack(lots: random.Random, brokers: int) -> list[Fault]:
    every = [Fault(kind, name) for kind in _ON_SERVICES for name in SERVICES]
    every += [
        Fault("service frozen", name, round(lots.uniform(*FREEZE_SECONDS), 1)) for name in SERVICES
    ]
    every += [Fault("postgres killed", "postgres") for _ in range(3)]
    every += [_fail_point(lots, point) for point in POINTS]
    return every + _broker_cards(lots, brokers)


_ON_SERVICES: Sequence[str] = (
    "service killed",
    "service restarted",
    "database connections of relay cut",
    "database connections of service cut",
    "sockets cut",
)


def _fail_point(lots: random.Random, point: str) -> Fault:
    host = lots.choice(_HOSTS[point.partition(".")[0]])
    # Notify and ledger have few facts of their own: a late passing would come too late.
    hit = lots.randint(1, _LATEST_HIT) if host in _DISPATCHERS else 1
    return Fault("fail-point", f"{host}@{point}", hit=hit)


def _broker_cards(lots: random.Random, brokers: int) -> list[Fault]:
    names = [f"kafka-{number}" for number in range(1, brokers + 1)]
    cards = [Fault("broker killed", lots.choice(names)) for _ in range(3)]
    cards += [
        Fault("broker frozen", lots.choice(names), round(lots.uniform(*BROKER_FREEZE_SECONDS), 1))
        for _ in range(2)
    ]
    away = round(lots.uniform(*OUTAGE_SECONDS), 1)
    if brokers < WHOLE_CLUSTER:
        return [*cards, Fault("kafka down", "kafka", away)]
    cards += [Fault("leader killed", "kafka-leader"), Fault("leader elected", "kafka-leader")]
    return [*cards, Fault("two brokers down", "kafka", away)]
