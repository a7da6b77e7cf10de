"""The pages of tracking and the event catalogue: nothing in them comes from elsewhere."""

from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import Response

from chassis.auth import PUBLIC
from chassis.http import Router

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_page(found: Router) -> None:
    """Add the page with its two files, and the event catalogue."""

    @found.query("/", allow=PUBLIC)
    async def index() -> Response:
        """The page: the live stream of the mall, and one application by its code."""
        return _file("index.html", "text/html; charset=utf-8")

    @found.query("/page.js", allow=PUBLIC)
    async def script() -> Response:
        """The page's script."""
        return _file("page.js", "text/javascript; charset=utf-8")

    @found.query("/page.css", allow=PUBLIC)
    async def style() -> Response:
        """The page's style."""
        return _file("page.css", "text/css; charset=utf-8")

    @found.query("/events", allow=PUBLIC)
    async def events() -> Response:
        """The event catalogue, for people."""
        return _answer(files("contracts") / "events.html", "text/html; charset=utf-8")

    @found.query("/asyncapi.yaml", allow=PUBLIC)
    async def asyncapi() -> Response:
        """The event catalogue, for machines."""
        return _answer(files("contracts") / "asyncapi.yaml", "application/yaml")


def _file(name: str, media_type: str) -> Response:
    return _answer(files("services.tracking") / "pages" / name, media_type)


def _answer(file: Traversable, media_type: str) -> Response:
    headers = {"content-security-policy": _CSP}
    return Response(file.read_bytes(), media_type=media_type, headers=headers)
