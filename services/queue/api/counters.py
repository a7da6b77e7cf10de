"""Counters over HTTP: officers open, take over and close those of their mall."""

from chassis import clock
from chassis.auth import PUBLIC, Caller, requires
from chassis.http import IdempotencyKey, Router
from chassis.service import Running
from contracts.ids import CounterCode, CounterSessionId, MallId
from services.queue.api.callers import CounterSession, mall_of
from services.queue.commands.counters import (
    CloseCounter,
    CounterState,
    OpenCounter,
    ReleaseCounter,
    TakeOverCounter,
)
from services.queue.queries.counters import CounterView, counters_of

_CLOSED_BY_OFFICER = "closed_by_officer"


def add_counters(found: Router, running: Running) -> None:
    """The endpoints about counters."""

    @found.query("/v1/counters", allow=PUBLIC)
    async def show_counters(mall: MallId) -> list[CounterView]:
        """The counters of a mall that were ever opened, and what they do now."""
        return await counters_of(running.database, mall)

    @found.command(
        "/v1/counters/{code}/open", allow=requires("officer"), refusals=OpenCounter.refusals
    )
    async def open_counter(code: CounterCode, caller: Caller, key: IdempotencyKey) -> CounterState:
        """Begin to serve at a counter of the officer's mall. An officer holds one at a time."""
        command = OpenCounter(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            mall=mall_of(caller),
            counter=code,
            session_id=CounterSessionId.new(),
        )
        return (await running.dispatch(command)).read(CounterState)

    @found.command(
        "/v1/counters/{code}/take-over",
        allow=requires("officer"),
        refusals=TakeOverCounter.refusals,
    )
    async def take_over_counter(
        code: CounterCode, caller: Caller, key: IdempotencyKey
    ) -> CounterState:
        """Go on here: the officer's session elsewhere is over; another counter is closed by it."""
        command = TakeOverCounter(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            mall=mall_of(caller),
            counter=code,
            session_id=CounterSessionId.new(),
        )
        return (await running.dispatch(command)).read(CounterState)

    @found.command(
        "/v1/counters/{code}/close", allow=requires("officer"), refusals=CloseCounter.refusals
    )
    async def close_counter(
        code: CounterCode, caller: Caller, key: IdempotencyKey, session: CounterSession = None
    ) -> CounterState:
        """End service at the officer's counter."""
        command = CloseCounter(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            mall=mall_of(caller),
            counter=code,
            reason=_CLOSED_BY_OFFICER,
            session_id=session,
        )
        return (await running.dispatch(command)).read(CounterState)

    @found.command(
        "/v1/counters/{code}/release",
        allow=requires("supervisor"),
        refusals=ReleaseCounter.refusals,
    )
    async def release_counter(
        code: CounterCode, caller: Caller, key: IdempotencyKey
    ) -> CounterState:
        """Free the counter of an officer who is gone; its ticket waits first again."""
        command = ReleaseCounter(
            actor=caller.actor, at=clock.now(), key=key, mall=mall_of(caller), counter=code
        )
        return (await running.dispatch(command)).read(CounterState)
