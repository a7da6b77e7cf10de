"""What the boards of a mall show and the voice says, in the order in which it became true.

Labels and counters, never persons. No lanes either: one of them tells of a disability.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from contracts.base import Fact
from contracts.ids import LineId, MallId
from contracts.queue import CounterClosed, CounterOpened, TicketCalled
from contracts.queue_day import CounterPaused, CounterResumed, NumbersClosed, NumbersReopened
from contracts.queue_tickets import TicketRecalled, TicketResumed, TicketTransferred
from services.queue.domain.counter import Counter
from services.queue.domain.finding import States, get_counter
from services.queue.domain.line import Line
from services.queue.domain.ticket import Ticket
from services.queue.domain.voice import caption, spoken

Kind = Literal["called", "recalled", "counter", "numbers", "line"]


@dataclass(frozen=True, slots=True)
class ShownId:
    """After which fact something is shown: that of an aggregate with this version."""

    aggregate_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that boards are told. Saved behind everything else, and never loaded."""

    id: ShownId
    kind: Kind
    mall: MallId
    zone: str
    at: datetime
    said: Mapping[str, Any]
    queue_id: LineId | None = None

    def text(self) -> str:
        """What boards get: JSON on one line."""
        whole = {"kind": self.kind, "mall": self.mall, "zone": self.zone, "at": self.at.isoformat()}
        return json.dumps({**whole, **self.said}, ensure_ascii=False, separators=(",", ":"))


def zone_of(counter: str) -> str:
    """The part of the hall in which a counter stands: `Z1` of `Z1-04`, nothing of `4`."""
    return counter.rpartition("-")[0]


def shown_of(states: States, fact: Fact, changed: Sequence[Any], at: datetime) -> Iterator[Shown]:
    """What a fact gives boards to show, once it has changed these of the states."""
    match fact:
        # Who was called without a link has been served long ago.
        case TicketCalled() if fact.occurred_at is None:
            yield _called(fact, changed, at)
        case TicketRecalled():
            yield _again("recalled", states, changed, at)
        case TicketResumed() | TicketTransferred(handed_over=True):
            yield _again("called", states, changed, at)
        case CounterOpened() | CounterClosed() | CounterPaused() | CounterResumed():
            yield _counter(changed, at)
        case NumbersClosed() | NumbersReopened():
            yield _numbers(fact, changed, at)
        case _:
            pass


def _called(fact: TicketCalled, changed: Sequence[Any], at: datetime) -> Shown:
    ticket = next(one for one in changed if isinstance(one, Ticket))
    waiting = next(one.waiting.total for one in changed if isinstance(one, Line))
    said = {
        "label": ticket.label,
        "counter": fact.counter,
        "service": fact.service,
        "waiting": waiting,
        "policy": fact.policy,
        "policy_version": fact.policy_version,
        "spoken": spoken(ticket.label, fact.counter),
        "spoken_en": caption(ticket.label, fact.counter),
    }
    return Shown(
        ShownId(ticket.id, ticket.version),
        "called",
        fact.mall,
        zone_of(fact.counter),
        at,
        said,
        ticket.queue_id,
    )


def _again(kind: Kind, states: States, changed: Sequence[Any], at: datetime) -> Shown:
    """Somebody who is out of the line already is asked to come to a counter."""
    ticket = next(one for one in changed if isinstance(one, Ticket))
    if ticket.counter_id is None:
        raise TypeError("who is called is called to a counter")
    counter = get_counter(states, ticket.counter_id)
    said = {
        "label": ticket.label,
        "counter": counter.code,
        "service": ticket.service,
        "spoken": spoken(ticket.label, counter.code),
        "spoken_en": caption(ticket.label, counter.code),
    }
    return Shown(
        ShownId(ticket.id, ticket.version),
        kind,
        counter.mall,
        zone_of(counter.code),
        at,
        said,
        ticket.queue_id,
    )


def _numbers(fact: NumbersClosed | NumbersReopened, changed: Sequence[Any], at: datetime) -> Shown:
    line = next(one for one in changed if isinstance(one, Line))
    said = {"service": fact.service, "closed": isinstance(fact, NumbersClosed)}
    return Shown(ShownId(line.id, line.version), "numbers", fact.mall, "", at, said, line.id)


def _counter(changed: Sequence[Any], at: datetime) -> Shown:
    counter = next(one for one in changed if isinstance(one, Counter))
    said = {
        "counter": counter.code,
        "is_open": counter.is_open,
        "services": counter.services,
        "pauses": counter.paused_reason is not None,
    }
    return Shown(
        ShownId(counter.id, counter.version),
        "counter",
        counter.mall,
        zone_of(counter.code),
        at,
        said,
    )
