"""The one page of tracking, served from `pages/`: nothing in it comes from elsewhere."""

from importlib.resources import files

from fastapi import Response

from chassis.auth import PUBLIC
from chassis.http import Router

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_page(found: Router) -> None:
    """Add the page and its two files."""

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


def _file(name: str, media_type: str) -> Response:
    content = files("services.tracking").joinpath("pages", name).read_bytes()
    headers = {"content-security-policy": _CSP}
    return Response(content, media_type=media_type, headers=headers)
