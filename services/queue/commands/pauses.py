"""Pauses, and what an officer may only do when somebody else agrees."""

from collections.abc import Hashable, Sequence
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts.base import Code, Command, Refused
from contracts.ids import CounterCode, CounterSessionId, MallId
from services.queue.commands.counters import NOT_YOURS
from services.queue.domain import counter_refusals as rules
from services.queue.domain import refusals
from services.queue.domain.counter import counter_id_of

_OWN: Sequence[type[Refused]] = (refusals.CounterUnknown, refusals.CounterClosedNow, *NOT_YOURS)
_PAUSES: Sequence[type[Refused]] = (
    rules.CounterPausedNow,
    rules.ApprovalPending,
    rules.PauseReasonUnknown,
    rules.UntilIsPast,
)


class _AtOwnCounter(Command):
    mall: MallId
    counter: CounterCode
    session_id: CounterSessionId | None = None

    def needs(self) -> Sequence[Hashable]:
        """The counter, which brings its mall along."""
        return (counter_id_of(self.mall, self.counter),)


class PauseCounter(_AtOwnCounter):
    """The officer is away for a while, for a reason that needs nobody's consent."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*_OWN, *_PAUSES, rules.ApprovalNeeded)

    reason: Code
    until: AwareDatetime | None = None


class ResumeCounter(_AtOwnCounter):
    """The officer is back."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*_OWN, rules.CounterNotPaused)


class EndPause(Command):
    """The time of a pause is up. `until` tells which pause is meant."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.CounterUnknown,
        refusals.CounterClosedNow,
        rules.CounterNotPaused,
    )

    mall: MallId
    counter: CounterCode
    until: AwareDatetime

    def needs(self) -> Sequence[Hashable]:
        """The counter."""
        return (counter_id_of(self.mall, self.counter),)


class AskForChange(_AtOwnCounter):
    """The officer wants to close or to pause, and asks for consent."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*_OWN, *_PAUSES)

    wants: Literal["close", "pause"]
    reason: Code
    until: AwareDatetime | None = None


class WithdrawChange(_AtOwnCounter):
    """The officer no longer wants it."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*_OWN, rules.NothingAsked)


class DecideChange(Command):
    """A supervisor says yes or no; yes makes it so at once."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.CounterUnknown,
        refusals.CounterClosedNow,
        refusals.CounterBusy,
        rules.NothingAsked,
        rules.OwnRequest,
    )

    mall: MallId
    counter: CounterCode
    approve: bool
    reason: Code | None = None

    def needs(self) -> Sequence[Hashable]:
        """The counter."""
        return (counter_id_of(self.mall, self.counter),)
