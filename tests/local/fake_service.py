"""A service for tests of the supervisor and the stack: answers health checks, crashes when told.

`python -m tests.local.fake_service`; POST /crash ends it, FAKE_CRASH=always ends it at once.
"""

import os
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

METRICS = 'loket_outbox_age_seconds 1.5\nloket_consumer_lag_events{consumer="a"} 7\n'


async def _ok(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _metrics(_: Request) -> Response:
    return PlainTextResponse(METRICS)


async def _environment(_: Request) -> Response:
    return JSONResponse({k: v for k, v in os.environ.items() if k.startswith("LOKET_")})


async def _crash(_: Request) -> Response:
    os._exit(7)


def main() -> None:
    """Serve on LOKET_HTTP_PORT until SIGTERM."""
    if os.environ.get("FAKE_CRASH") == "always":
        print("crashing as told", flush=True)  # noqa: T201 - goes to the log that a test reads
        sys.exit(7)
    app = Starlette(
        routes=[
            Route("/livez", _ok),
            Route("/readyz", _ok),
            Route("/metrics", _metrics),
            Route("/environment", _environment),
            Route("/crash", _crash, methods=["POST"]),
        ]
    )
    uvicorn.run(app, port=int(os.environ["LOKET_HTTP_PORT"]), log_level="warning")


if __name__ == "__main__":
    main()
