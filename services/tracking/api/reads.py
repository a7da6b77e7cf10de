"""The endpoints that only look: one application, its timeline, everybody's, and the live stream."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from chassis.auth import Caller, Principal, requires
from chassis.errors import NotFound
from chassis.http import Router
from chassis.service import Running
from contracts.ids import ApplicationId
from services.tracking.api.access import BY_CODE, WATCHERS, ShownCode
from services.tracking.api.forms import Entries
from services.tracking.queries import Page, ReadModel, involves
from services.tracking.settings import TrackingSettings
from services.tracking.stream import hub_of

_READERS = requires("agency", "officer", "operator")

After = Annotated[int, Query(ge=0, le=2**63 - 1, description="What lies behind this position.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Most entries in the answer.")]
MinVersion = Annotated[
    int, Query(ge=0, le=2**31 - 1, description="Wait a little until this version can be read.")
]


def add_reads(found: Router, running: Running) -> None:
    """Add them all."""
    settings: TrackingSettings = running.settings
    codes = settings.codes()
    read_model = ReadModel(running.database)
    hub = hub_of(running)

    @found.query("/v1/tracking", allow=BY_CODE, refusals=(NotFound,))
    async def follow(code: ShownCode, response: Response) -> dict[str, Any]:
        """What the holder of a tracking code may see, with the timeline in words."""
        page = await read_model.application_by_digest(codes.digest(code))
        response.headers.update(page.headers())
        timeline = await read_model.timeline_of(ApplicationId(page.found["application_id"]))
        return {**page.found, "timeline": timeline.found}

    @found.query("/v1/applications/{application_id}", allow=_READERS, refusals=(NotFound,))
    async def application(
        application_id: ApplicationId,
        caller: Caller,
        response: Response,
        min_version: MinVersion = 0,
    ) -> dict[str, Any]:
        """One application, for officers and the agencies that have to do with it."""
        page = await read_model.application(application_id, min_version)
        _check_involved(caller, page.found)
        response.headers.update(page.headers())
        return dict(page.found)

    @found.query("/v1/applications/{application_id}/timeline", allow=_READERS, refusals=(NotFound,))
    async def timeline_of(
        application_id: ApplicationId,
        caller: Caller,
        response: Response,
        after: After = 0,
        limit: Limit = 500,
    ) -> Entries:
        """Everything that happened to one application."""
        _check_involved(caller, (await read_model.application(application_id)).found)
        return _page(await read_model.timeline_of(application_id, after, limit), response, after)

    @found.query("/v1/timeline", allow=requires("operator"))
    async def timeline(response: Response, after: After = 0, limit: Limit = 500) -> Entries:
        """Every entry in the order of positions, for comparison with the facts themselves."""
        return _page(await read_model.timeline(after, limit), response, after)

    @found.stream("/v1/stream", allow=WATCHERS, refusals=(NotFound,))
    async def stream(request: Request) -> Response:
        """Entries as they happen: all of them for offices, one application's for its applicant."""
        if request.state.code is None:
            return await hub.response(request)
        owner = await read_model.owner_of_code(codes.digest(request.state.code))
        return await hub.response(request, key=str(owner))


def _check_involved(caller: Principal, document: dict[str, Any]) -> None:
    """What an agency has nothing to do with does not exist for it."""
    if caller.roles & {"officer", "operator"}:
        return
    if caller.agency is None or not involves(document, caller.agency):
        raise NotFound


def _page(page: Page, response: Response, after: int) -> Entries:
    response.headers.update(page.headers())
    last = page.found[-1]["position"] if page.found else after
    return Entries(entries=page.found, position=page.position, next=last)
