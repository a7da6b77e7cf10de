"""How an endpoint is called: straight, where it needs nothing but parameters, body and caller.

FastAPI's general way (a tree of dependencies, exit stacks for each, telemetry hooks) costs several
times what these endpoints do with it. The parameters are still FastAPI's own, so that what OpenAPI
says and what is checked cannot differ; an endpoint that wants more is called the general way.
"""

from typing import Any

from fastapi import Request
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, serialize_response
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chassis.auth import Access


class Route(APIRoute):
    """A route that calls its endpoint straight, if that is all it takes."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        needs = self.dependant
        self._access = [one.call for one in needs.dependencies if isinstance(one.call, Access)]
        plain = len(self._access) == len(needs.dependencies) == 1 and not (
            needs.cookie_params
            or needs.body_params
            or needs.response_param_name
            or needs.background_tasks_param_name
            or needs.security_scopes_param_name
            or needs.http_connection_param_name
            or needs.websocket_param_name
        )
        if plain:
            self.app = self._straight

    async def _straight(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        await self._access[0](request)
        given = self._parameters(request)
        answer = await self.endpoint(**given)
        if not isinstance(answer, Response):
            answer = await self._written(answer)
        await answer(scope, receive, send)

    def _parameters(self, request: Request) -> dict[str, Any]:
        needs = self.dependant
        given: dict[str, Any] = {}
        flaws: list[Any] = []
        for fields, received in (
            (needs.path_params, request.path_params),
            (needs.query_params, request.query_params),
            (needs.header_params, request.headers),
        ):
            if fields:
                values, found = request_params_to_args(fields, received)
                given.update(values)
                flaws.extend(found)
        if flaws:
            raise RequestValidationError(flaws)
        if needs.request_param_name:
            given[needs.request_param_name] = request
        return given

    async def _written(self, answer: Any) -> Response:
        body = await serialize_response(
            field=self.response_field, response_content=answer, dump_json=True
        )
        status = self.status_code or 200
        return Response(body, status_code=status, media_type="application/json")
