"""Counters that open and close, and officers that go from one screen or counter to another."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import ClassVar

from contracts.base import Answer, Code, Command, Refused
from contracts.ids import CounterCode, CounterId, CounterSessionId, MallId, ServiceCode
from services.queue.domain import counter_refusals, refusals
from services.queue.domain.counter import counter_id_of
from services.queue.domain.presence import MallDay
from services.queue.domain.seats import Company, CounterOf, TicketAt

NOT_YOURS: Sequence[type[Refused]] = (
    counter_refusals.NotYourCounter,
    counter_refusals.SessionReplaced,
)
"""What whoever acts at another's counter, or at a screen that is over, is told."""


class OpenCounter(Command):
    """An officer begins to serve at a counter of the own mall."""

    minted: ClassVar[frozenset[str]] = frozenset({"session_id"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.MallUnknown,
        refusals.CounterUnknown,
        refusals.CounterAlreadyOpen,
        counter_refusals.CounterHasOfficer,
        counter_refusals.OfficerAtAnotherCounter,
    )

    mall: MallId
    counter: CounterCode
    session_id: CounterSessionId

    def needs(self) -> Sequence[Hashable]:
        """The mall and who has come there, the counter, and where the officer is now."""
        return _to_sit_down(self)


class TakeOverCounter(Command):
    """An officer goes on at this counter and this screen, wherever the session was until now."""

    minted: ClassVar[frozenset[str]] = frozenset({"session_id"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.MallUnknown,
        refusals.CounterUnknown,
        refusals.CounterAlreadyOpen,
        refusals.CounterBusy,
        refusals.NotYours,
        counter_refusals.CounterHasOfficer,
    )

    mall: MallId
    counter: CounterCode
    session_id: CounterSessionId

    def needs(self) -> Sequence[Hashable]:
        """The mall and who has come there, the counter, and where the officer is now."""
        return _to_sit_down(self)


class CloseCounter(Command):
    """An officer ends service at the own counter."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.MallUnknown,
        refusals.CounterUnknown,
        refusals.CounterClosedNow,
        refusals.CounterBusy,
        counter_refusals.ApprovalNeeded,
        *NOT_YOURS,
    )

    mall: MallId
    counter: CounterCode
    reason: Code
    session_id: CounterSessionId | None = None

    def needs(self) -> Sequence[Hashable]:
        """The counter, the others of the mall, and the lines that it calls from."""
        counter_id = counter_id_of(self.mall, self.counter)
        return (counter_id, Company(counter_id, self.at))


class ReleaseCounter(Command):
    """A supervisor frees the counter of an officer who is gone; its ticket waits first again."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.MallUnknown,
        refusals.CounterUnknown,
        refusals.CounterClosedNow,
    )

    mall: MallId
    counter: CounterCode

    def needs(self) -> Sequence[Hashable]:
        """The counter, and the ticket that it has with its queue."""
        counter_id = counter_id_of(self.mall, self.counter)
        return (counter_id, TicketAt(counter_id))


class CounterState(Answer):
    """The counter as it is now. `session_id` is the screen's proof that it is the present one.

    After a take-over `left` is where the officer was until then: here, or at a counter that is
    closed now.
    """

    counter_id: CounterId
    counter: CounterCode
    services: tuple[ServiceCode, ...]
    is_open: bool
    session_id: CounterSessionId | None = None
    paused_reason: Code | None = None
    paused_until: datetime | None = None
    asked: Code | None = None
    left: CounterId | None = None


def _to_sit_down(command: OpenCounter | TakeOverCounter) -> Sequence[Hashable]:
    counter_id = counter_id_of(command.mall, command.counter)
    return (command.mall, MallDay(command.mall, command.at), counter_id, CounterOf(command.actor))
