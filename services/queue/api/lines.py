"""Lines over HTTP: what the board shows, and how anybody finds out why who was called."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict

from chassis import clock
from chassis.auth import PUBLIC, Caller, requires
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.base import Code
from contracts.ids import LineId, MallId, PolicyCode, ServiceCode
from services.queue.api.callers import mall_of
from services.queue.commands.lines import CloseNumbers, NumbersState, ReopenNumbers
from services.queue.queries import lines as queries
from services.queue.queries import policies, steps

After = Annotated[int, Query(ge=0, le=2_147_483_647, description="Steps behind this one.")]
Limit = Annotated[int, Query(ge=1, le=steps.MOST, description="So many at most.")]
OfPolicy = Annotated[PolicyCode, Path(examples=["umum"])]
Version = Annotated[int, Path(ge=0, le=2_147_483_647, examples=[1])]


class Why(BaseModel):
    """Why numbers are stopped, or given again: a code."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "akhir_hari"}]}
    )

    reason: Code


def add_lines(found: Router, running: Running) -> None:
    """The endpoints about lines."""

    @found.query("/v1/lines", allow=PUBLIC)
    async def show_lines(mall: MallId) -> list[queries.LineView]:
        """The lines of today, for the board."""
        return await queries.lines_of(running.database, mall, clock.now())

    @found.query("/v1/lines/{line_id}/steps", allow=PUBLIC, refusals=steps.OF_LINES)
    async def show_steps(line_id: LineId, after: After = 0, limit: Limit = 100) -> steps.StepsView:
        """All changes of who waits in a queue, in their order.

        With the policies that calls name, anybody can do the sum again. No step is missing.
        """
        return await steps.steps_of(running.database, line_id, after, limit)

    @found.query("/v1/policies/{code}", allow=PUBLIC, refusals=policies.OF_POLICIES)
    async def show_policy(code: OfPolicy) -> policies.PolicyView:
        """The newest version of a policy: how lines are called, cut and held."""
        return await policies.policy(running.database, code, None)

    @found.query("/v1/policies/{code}/{version}", allow=PUBLIC, refusals=policies.OF_POLICIES)
    async def show_policy_version(code: OfPolicy, version: Version) -> policies.PolicyView:
        """A policy as a call names it. Version 0 of `umum` is built in."""
        return await policies.policy(running.database, code, version)

    @found.command(
        "/v1/lines/{service}/close-numbers",
        allow=requires("supervisor"),
        refusals=CloseNumbers.refusals,
    )
    async def close_numbers(
        service: ServiceCode, form: Json[Why], caller: Caller, key: IdempotencyKey
    ) -> NumbersState:
        """No new numbers in today's line; those that are out are served."""
        command = CloseNumbers(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            mall=mall_of(caller),
            service=service,
            reason=form.reason,
        )
        return (await running.dispatch(command)).read(NumbersState)

    @found.command(
        "/v1/lines/{service}/reopen-numbers",
        allow=requires("supervisor"),
        refusals=ReopenNumbers.refusals,
    )
    async def reopen_numbers(
        service: ServiceCode, form: Json[Why], caller: Caller, key: IdempotencyKey
    ) -> NumbersState:
        """New numbers again in today's line."""
        command = ReopenNumbers(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            mall=mall_of(caller),
            service=service,
            reason=form.reason,
        )
        return (await running.dispatch(command)).read(NumbersState)
