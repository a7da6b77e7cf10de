"""Counters that open and close."""

from collections.abc import Hashable, Sequence
from typing import ClassVar

from contracts.base import Answer, Code, Command, Refused
from contracts.ids import CounterCode, CounterId, MallId, ServiceCode
from services.queue.domain import refusals as rules
from services.queue.domain.counter import counter_id_of


class OpenCounter(Command):
    """An officer begins to serve at a counter of the own mall."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.MallUnknown,
        rules.CounterUnknown,
        rules.CounterAlreadyOpen,
    )

    mall: MallId
    counter: CounterCode

    def needs(self) -> Sequence[Hashable]:
        """The mall and the counter."""
        return (self.mall, counter_id_of(self.mall, self.counter))


class CloseCounter(Command):
    """An officer ends service at a counter of the own mall."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.CounterUnknown,
        rules.CounterClosedNow,
        rules.CounterBusy,
    )

    mall: MallId
    counter: CounterCode
    reason: Code

    def needs(self) -> Sequence[Hashable]:
        """The counter."""
        return (counter_id_of(self.mall, self.counter),)


class CounterState(Answer):
    """The counter as it is now."""

    counter_id: CounterId
    counter: CounterCode
    services: tuple[ServiceCode, ...]
    is_open: bool
