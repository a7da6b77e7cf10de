"""The endpoints that every service has beside its own: health, metrics, and pages for developers.

The page at `/docs` lists what `/openapi.json` says. It loads nothing from elsewhere.
"""

from importlib.resources import files
from typing import Any

import orjson
from fastapi import Depends, FastAPI, Response
from fastapi.routing import APIRouter

from chassis import metrics
from chassis.auth import PUBLIC
from chassis.health import Health, Report

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILES = {
    "/docs": ("docs.html", "text/html; charset=utf-8"),
    "/docs/docs.js": ("docs.js", "text/javascript; charset=utf-8"),
    "/docs/docs.css": ("docs.css", "text/css; charset=utf-8"),
}


def router(app: FastAPI, health: Health) -> APIRouter:
    """All of them, public and outside the documented API."""
    found = APIRouter(include_in_schema=False, dependencies=[Depends(PUBLIC)])

    @found.get("/livez")
    async def livez() -> Response:
        return _health(health.live())

    @found.get("/readyz")
    async def readyz() -> Response:
        return _health(await health.ready())

    @found.get("/metrics")
    async def exposition() -> Response:
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    @found.get("/openapi.json")
    async def document() -> Response:
        return Response(orjson.dumps(app.openapi()), media_type="application/json")

    for path, (name, media_type) in _FILES.items():
        found.add_api_route(path, _page(name, media_type), name=name)
    return found


def _health(report: Report) -> Response:
    said: dict[str, Any] = {
        "status": "ok" if report.is_good else "failing",
        "parts": {name: reason or "ok" for name, reason in report.parts.items()},
    }
    if report.notes:
        said["notes"] = report.notes
    status = 200 if report.is_good else 503
    return Response(orjson.dumps(said), status_code=status, media_type="application/json")


def _page(name: str, media_type: str) -> Any:
    content = files("chassis").joinpath("static", name).read_bytes()

    async def page() -> Response:
        headers = {"content-security-policy": _CSP}
        return Response(content, media_type=media_type, headers=headers)

    return page
