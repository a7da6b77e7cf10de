"""The queue in front of decisions: commands that arrive during a transaction share the next one.

One flusher per process. A group of one is the ordinary case; a group that fails is halved until
what fails stands alone. Trying the same again is bounded by a budget.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chassis import metrics, telemetry
from chassis.database import OVERTAKEN, Database, is_away
from chassis.deadlines import Deadlines
from chassis.decide import Domain, Outcome, Result, Submission, decide, outcome_of
from chassis.errors import Conflict, Unavailable
from chassis.eventlog import Cause
from chassis.failpoints import failpoint
from chassis.lanes import Lanes, lane_of
from chassis.pace import Pace
from chassis.retries import RetryBudget
from chassis.telemetry import Attribute
from contracts.base import Command, Refused

_TRIES = 4
_TRIES_OF_GROUP = 2
_BACKOFF_SECONDS = 0.05
_PACE_SECONDS = 0.005


@dataclass(slots=True)
class _Waiting:
    submission: Submission
    answer: "asyncio.Future[Any]"
    give_up_at: float

    def settle(self, result: Result | Exception) -> None:
        if self.answer.done():
            return
        if isinstance(result, Outcome):
            self.answer.set_result(result)
        else:
            self.answer.set_exception(result)


class Dispatcher:
    """Answers commands in groups; `on_commit` is called after each commit."""

    def __init__(  # noqa: PLR0913 - the limits of a queue, each named
        self,
        database: Database,
        domain: Domain,
        *,
        on_commit: Callable[[], None] = lambda: None,
        group_max: int = 256,
        queue_limit: int = 5000,
        lane_limit: int = 4000,
        deadline_seconds: float = 5.0,
    ) -> None:
        self._database = database
        self._domain = domain
        self._on_commit = on_commit
        self._group_max = group_max
        self._deadlines = Deadlines(deadline_seconds)
        self._waiting: Lanes[_Waiting] = Lanes(limit=queue_limit, lane_limit=lane_limit)
        self._wake = asyncio.Event()
        self._pace = Pace(_PACE_SECONDS)
        self._retries = RetryBudget()
        self._closing = False
        self._flusher: asyncio.Task[None] | None = None
        # What alerts add up and compare must be there before it first happens.
        for reason in ("closing", "queue", "lane"):
            metrics.QUEUE_REJECTED(reason).inc(0)
        for command in domain.handlers:
            metrics.COMMANDS(command.__name__, "failed").inc(0)

    def start(self) -> None:
        """Begin to answer."""
        self._flusher = asyncio.create_task(self._flush_forever(), name="dispatch")

    async def stop(self) -> None:
        """Answer what is waiting, then end. New commands are told to come back later."""
        self._closing = True
        self._wake.set()
        if self._flusher is not None:
            await self._flusher

    async def dispatch(self, command: Command, cause: Cause, lane: str | None = None) -> Outcome:
        """The answer to a command, once it is durable. It waits in this lane, else in its caller's.

        Raises the refusal of the rule that said no; KeyReused; Conflict; Unavailable when the queue
        or the command's lane is full; TooSlow when the answer did not come in time. After TooSlow
        the command may still take effect: repeat it with the same key to learn its answer.
        """
        name = type(command).__name__
        started = time.monotonic()
        try:
            if telemetry.is_on():
                outcome = await self._traced(name, command, cause, lane)
            else:
                outcome = await self._queue(Submission(command, cause), lane)
        except Exception as problem:
            metrics.COMMANDS(name, "refused" if isinstance(problem, Refused) else "failed").inc()
            raise
        metrics.COMMANDS(name, outcome_of(outcome)).inc()
        metrics.COMMAND_SECONDS(name).observe(time.monotonic() - started)
        return outcome

    async def _traced(self, name: str, command: Command, cause: Cause, lane: str | None) -> Outcome:
        attributes: dict[Attribute, str | int] = {Attribute.COMMAND: name}
        with telemetry.span(f"decide {name}", cause.traceparent, attributes=attributes):
            cause = replace(cause, traceparent=telemetry.current_traceparent() or cause.traceparent)
            return await self._queue(Submission(command, cause), lane)

    async def _queue(self, submission: Submission, lane: str | None) -> Outcome:
        lane = lane or lane_of(submission.command)
        reason = "closing" if self._closing else self._waiting.full(lane)
        if reason is not None:
            metrics.QUEUE_REJECTED(reason).inc()
            raise Unavailable(retry_after_seconds=1)
        answer = asyncio.get_running_loop().create_future()
        waiting = _Waiting(submission, answer, self._deadlines.begin(answer))
        self._waiting.put(lane, waiting)
        self._wake.set()
        self._pace.see(len(self._waiting))
        outcome: Outcome = await answer
        return outcome

    async def _flush_forever(self) -> None:
        while not (self._closing and not self._waiting):
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                self._pace.begin()
                group = self._next_group()
                await self._answer(group)
                await self._pace.rest(len(group))

    def _next_group(self) -> list[_Waiting]:
        metrics.QUEUE_DEPTH().set(len(self._waiting))
        metrics.QUEUE_LANES().set(self._waiting.count)
        return self._waiting.take(self._group_max)

    async def _answer(self, group: list[_Waiting]) -> None:
        """Settle every member of a group, whatever happens."""
        tries = 0
        while group := self._still_wanted(group):
            tries += 1
            try:
                results = await self._commit(group)
            except Exception as problem:  # noqa: BLE001 - an edge: the failure becomes an answer
                if is_away(problem):
                    # Whether the commit came through is unknown: the next try finds out by key.
                    await asyncio.sleep(min(_BACKOFF_SECONDS * 2**tries, 1))
                    continue
                if isinstance(problem, OVERTAKEN) and self._may_retry(len(group), tries):
                    continue
                if len(group) > 1:
                    break  # one member's failure must not be the others'
                group[0].settle(Conflict() if isinstance(problem, OVERTAKEN) else problem)
                return
            self._retries.earn(len(group))
            for waiting, result in zip(group, results, strict=True):
                waiting.settle(result)
            return
        middle = len(group) // 2
        for half in (group[:middle], group[middle:]):
            if half:
                await self._answer(half)

    def _may_retry(self, members: int, tries: int) -> bool:
        """Whether the same decision may be taken again at once, on the new state."""
        if tries >= (_TRIES if members == 1 else _TRIES_OF_GROUP):
            return False
        granted = self._retries.spend()
        metrics.DISPATCH_RETRIES("made" if granted else "spared").inc()
        return granted

    def _still_wanted(self, group: list[_Waiting]) -> list[_Waiting]:
        """Without those whose asker has gone: what nobody has begun need not be done."""
        now = asyncio.get_running_loop().time()
        return [
            waiting for waiting in group if not waiting.answer.done() and waiting.give_up_at > now
        ]

    async def _commit(self, group: Sequence[_Waiting]) -> list[Result]:
        await failpoint("dispatch.before_begin")
        async with self._database.transaction() as tx:
            results = await decide(self._domain, tx, [waiting.submission for waiting in group])
            await failpoint("dispatch.before_commit")
        await failpoint("dispatch.after_commit")
        self._on_commit()
        metrics.GROUP_SIZE().observe(len(group))
        return results
