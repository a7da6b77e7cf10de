"""Pauses over HTTP, and requests that a supervisor decides."""

from typing import Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel

from chassis import clock
from chassis.auth import Caller, Principal, requires
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.base import Code
from contracts.ids import CounterCode
from services.queue.api.callers import CounterSession, mall_of, strictly
from services.queue.commands.counters import CounterState
from services.queue.commands.pauses import (
    AskForChange,
    DecideChange,
    PauseCounter,
    ResumeCounter,
    WithdrawChange,
)

C = TypeVar("C", PauseCounter, ResumeCounter, AskForChange, WithdrawChange, DecideChange)


class Pause(BaseModel):
    """Why the counter pauses, and until when if earlier than the policy's own limit."""

    model_config = strictly(reason="istirahat")

    reason: Code
    until: AwareDatetime | None = None


class Wish(BaseModel):
    """What the officer wants, and why."""

    model_config = strictly(wants="pause", reason="sistem_mati")

    wants: Literal["close", "pause"]
    reason: Code
    until: AwareDatetime | None = None


class Verdict(BaseModel):
    """Yes or no to what was asked for at a counter."""

    model_config = strictly(approve=False, reason="masih_ramai")

    approve: bool
    reason: Code | None = None


def add_pauses(found: Router, running: Running) -> None:
    """The endpoints about pauses and consent."""

    @found.command(
        "/v1/counters/{code}/pause", allow=requires("officer"), refusals=PauseCounter.refusals
    )
    async def pause_counter(
        code: CounterCode,
        form: Json[Pause],
        caller: Caller,
        key: IdempotencyKey,
        session: CounterSession = None,
    ) -> CounterState:
        """Call nobody for a while; what is too long, or not free, needs consent."""
        return await _done(PauseCounter, caller, key, code, session_id=session, **form.model_dump())

    @found.command(
        "/v1/counters/{code}/resume", allow=requires("officer"), refusals=ResumeCounter.refusals
    )
    async def resume_counter(
        code: CounterCode, caller: Caller, key: IdempotencyKey, session: CounterSession = None
    ) -> CounterState:
        """Call again."""
        return await _done(ResumeCounter, caller, key, code, session_id=session)

    @found.command(
        "/v1/counters/{code}/ask", allow=requires("officer"), refusals=AskForChange.refusals
    )
    async def ask_for_change(
        code: CounterCode,
        form: Json[Wish],
        caller: Caller,
        key: IdempotencyKey,
        session: CounterSession = None,
    ) -> CounterState:
        """Ask a supervisor to agree to a close or a pause."""
        return await _done(AskForChange, caller, key, code, session_id=session, **form.model_dump())

    @found.command(
        "/v1/counters/{code}/withdraw",
        allow=requires("officer"),
        refusals=WithdrawChange.refusals,
    )
    async def withdraw_change(
        code: CounterCode, caller: Caller, key: IdempotencyKey, session: CounterSession = None
    ) -> CounterState:
        """Take back what was asked for."""
        return await _done(WithdrawChange, caller, key, code, session_id=session)

    @found.command(
        "/v1/counters/{code}/decide",
        allow=requires("supervisor"),
        refusals=DecideChange.refusals,
    )
    async def decide_change(
        code: CounterCode, form: Json[Verdict], caller: Caller, key: IdempotencyKey
    ) -> CounterState:
        """Say yes or no to another's request; yes makes it so at once."""
        return await _done(DecideChange, caller, key, code, **form.model_dump())

    async def _done(
        kind: type[C], caller: Principal, key: str, code: CounterCode, **values: Any
    ) -> CounterState:
        command = kind(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            mall=mall_of(caller),
            counter=code,
            **values,
        )
        return (await running.dispatch(command)).read(CounterState)
