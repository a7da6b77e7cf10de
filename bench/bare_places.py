"""A door that only keeps places from being sold twice: it locks the row, looks, counts, inserts.

`python -m bench.bare_places` prints its port and serves until its input ends. One transaction for
each try; no idempotency, no facts, no state of a person. PostgreSQL's own variables say where.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
import uvicorn
import uvloop

from local import paths
from local.databases import Server

DATABASE = "bench_places"
CREATE = """
CREATE TABLE IF NOT EXISTS places (id integer PRIMARY KEY, capacity integer NOT NULL,
    booked integer NOT NULL CHECK (booked BETWEEN 0 AND capacity));
CREATE TABLE IF NOT EXISTS taken (place integer NOT NULL, person text NOT NULL,
    PRIMARY KEY (place, person));
"""
_LOCK = "SELECT booked, capacity FROM places WHERE id = $1 FOR UPDATE"
_RAISE = "UPDATE places SET booked = booked + 1 WHERE id = $1"
_ADD = "INSERT INTO taken VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING place"
_CONNECTIONS = 32
_HOST = "127.0.0.1"
_END_SECONDS = 20
_HEADERS = [(b"content-type", b"application/json")]


class _Full(Exception):
    """The transaction ends without an effect."""


async def _take(pool: Any, place: int, person: str) -> bool:
    with contextlib.suppress(_Full):
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(_LOCK, place)
            if row["booked"] >= row["capacity"]:
                raise _Full
            if await connection.fetchval(_ADD, place, person) is None:
                raise _Full
            await connection.execute(_RAISE, place)
            return True
    return False


def _app(pool: Any) -> Any:
    async def answer(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", scope["type"] == "http"
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        asked = json.loads(body)
        won = await _take(pool, asked["place"], asked["person_id"])
        told = json.dumps({"code": "booked" if won else "session_full"}).encode()
        length = [(b"content-length", str(len(told)).encode())]
        status = 201 if won else 409
        await send(
            {"type": "http.response.start", "status": status, "headers": [*_HEADERS, *length]}
        )
        await send({"type": "http.response.body", "body": told})

    return answer


async def _serve() -> None:
    listening = socket.create_server((_HOST, 0), backlog=2048)
    async with asyncpg.create_pool(min_size=_CONNECTIONS, max_size=_CONNECTIONS) as pool:
        config = uvicorn.Config(_app(pool), lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        print(listening.getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await serving


@contextlib.contextmanager
def started(database: Server) -> Iterator[tuple[int, int]]:
    """Run it for as long as the block does: its process id and its port."""
    where = {
        "PGHOST": database.host,
        "PGPORT": str(database.port),
        "PGUSER": database.superuser,
        "PGPASSWORD": database.password,
        "PGDATABASE": DATABASE,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "bench.bare_places"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=paths.REPOSITORY,
        env={**os.environ, **where},
    ) as process:
        try:
            assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both were opened
            said = process.stdout.readline()
            if not said.strip().isdigit():
                raise RuntimeError("the reference of the benchmark did not start")
            yield process.pid, int(said)
            process.stdin.close()
            process.wait(_END_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()


if __name__ == "__main__":
    uvloop.run(_serve())
