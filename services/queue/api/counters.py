"""Counters over HTTP: officers open and close those of their mall."""

from chassis import clock
from chassis.auth import Caller, requires
from chassis.http import IdempotencyKey, Router
from chassis.service import Running
from contracts.ids import CounterCode
from services.queue.api.callers import mall_of
from services.queue.commands.counters import CloseCounter, CounterState, OpenCounter

_CLOSED_BY_OFFICER = "closed_by_officer"


def add_counters(found: Router, running: Running) -> None:
    """The endpoints about counters."""

    @found.command(
        "/v1/counters/{code}/open", allow=requires("officer"), refusals=OpenCounter.refusals
    )
    async def open_counter(code: CounterCode, caller: Caller, key: IdempotencyKey) -> CounterState:
        """Begin to serve at a counter of the officer's mall."""
        command = OpenCounter(
            actor=caller.actor, at=clock.now(), key=key, mall=mall_of(caller), counter=code
        )
        return (await running.dispatch(command)).read(CounterState)

    @found.command(
        "/v1/counters/{code}/close", allow=requires("officer"), refusals=CloseCounter.refusals
    )
    async def close_counter(code: CounterCode, caller: Caller, key: IdempotencyKey) -> CounterState:
        """End service at a counter of the officer's mall."""
        command = CloseCounter(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            mall=mall_of(caller),
            counter=code,
            reason=_CLOSED_BY_OFFICER,
        )
        return (await running.dispatch(command)).read(CounterState)
