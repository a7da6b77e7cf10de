"""Connections that explain each statement with its own arguments, in its own place, and run it.

What the services send is seen here, however they send it: nobody lists statements by hand.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg
from typing_extensions import override

from chassis.testing import Probe

_EXPLAINED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_TYPES = "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = $1"
_numbers = count()
_looking: ContextVar[bool] = ContextVar("looking", default=False)
_EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "


@dataclass
class Cost:
    """The most that one statement did in any of its runs.

    `rows` were touched by any node of the plan, kept or thrown away; `pages` were looked at;
    `scanned` are the tables that were read from end to end.
    """

    rows: float = 0
    pages: int = 0
    scanned: set[str] = field(default_factory=set)

    def take(self, plan: dict[str, Any]) -> None:
        """One more run."""
        nodes = list(_nodes(plan))
        self.rows = max(self.rows, sum(map(_touched, nodes)))
        self.pages = max(self.pages, plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
        self.scanned |= {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}


class Watch:
    """What was sent while the block `watching` ran, by its text in one line."""

    def __init__(self) -> None:
        self.costs: dict[str, Cost] = defaultdict(Cost)

    async def explain(self, connection: Any, query: str, args: tuple[Any, ...]) -> None:
        """Do what the statement would do, note what that takes, and undo it.

        Twice: PostgreSQL plans the first runs of a statement for their arguments, and later ones
        for any arguments.
        """
        if _looking.get() or not _EXPLAINED.match(query):
            return
        for explained in (_for_these, _for_any):
            undo = connection.transaction()
            await undo.start()
            try:
                plan = await explained(connection, query, args)
            except asyncpg.PostgresError:
                continue  # the statement itself will say it again, to whom it concerns
            finally:
                await undo.rollback()
            self.costs[one_line(query)].take(plan)


async def _for_these(connection: Any, query: str, args: tuple[Any, ...]) -> dict[str, Any]:
    return _plan_of(await asyncpg.Connection.fetchval(connection, _EXPLAIN + query, *args))


async def _for_any(connection: Any, query: str, args: tuple[Any, ...]) -> dict[str, Any]:
    name = f"watched_{next(_numbers)}"
    fetchval, execute = asyncpg.Connection.fetchval, asyncpg.Connection.execute
    await execute(connection, "SET LOCAL plan_cache_mode = force_generic_plan")
    await execute(connection, f"PREPARE {name} AS {query}")
    types = await fetchval(connection, _TYPES, name)
    # The server writes its own literals.
    written = "".join(
        f", quote_nullable(${place}::{kind}::text) || '::{kind}'"
        for place, kind in enumerate(types, start=1)
    )
    literals = await fetchval(connection, f"SELECT ARRAY[''::text{written}]", *args)
    values = f"({', '.join(literals[1:])})" if types else ""
    return _plan_of(await fetchval(connection, f"{_EXPLAIN} EXECUTE {name}{values}"))


def _plan_of(explained: Any) -> dict[str, Any]:
    # SQLAlchemy teaches its connections to read JSON.
    (found,) = json.loads(explained) if isinstance(explained, str) else explained
    plan: dict[str, Any] = found["Plan"]
    return plan


def one_line(query: str) -> str:
    """The same statement, however it is laid out."""
    return " ".join(query.split())


@contextmanager
def watching(patch: Any) -> Iterator[Watch]:
    """Watch all connections that are made within the block."""
    watch = Watch()
    connect = asyncpg.connect

    async def connect_watched(*args: Any, **settings: Any) -> Any:
        connection = await connect(*args, **settings, connection_class=_Connection)
        connection.watch = watch
        return connection

    look = Probe.rows

    async def look_unwatched(*args: Any) -> Any:
        # What a test asks is no statement of the service.
        token = _looking.set(True)
        try:
            return await look(*args)
        finally:
            _looking.reset(token)

    with patch.context() as here:
        here.setattr(asyncpg, "connect", connect_watched)
        here.setattr(Probe, "rows", look_unwatched)
        yield watch


class _Connection(asyncpg.Connection):  # type: ignore[misc] # untyped without its stubs
    # The driver's class has slots; ours has a dictionary beside them.
    watch: Watch

    @override
    async def fetch(self, query: str, *args: Any, **settings: Any) -> Any:
        await self.watch.explain(self, query, args)
        return await super().fetch(query, *args, **settings)

    @override
    async def fetchrow(self, query: str, *args: Any, **settings: Any) -> Any:
        await self.watch.explain(self, query, args)
        return await super().fetchrow(query, *args, **settings)

    @override
    async def fetchval(self, query: str, *args: Any, **settings: Any) -> Any:
        await self.watch.explain(self, query, args)
        return await super().fetchval(query, *args, **settings)

    @override
    async def execute(self, query: str, *args: Any, **settings: Any) -> Any:
        await self.watch.explain(self, query, args)
        return await super().execute(query, *args, **settings)

    @override
    async def prepare(self, query: str, **settings: Any) -> Any:
        return _Prepared(self, query, await super().prepare(query, **settings))


class _Prepared:
    """What SQLAlchemy runs."""

    def __init__(self, connection: _Connection, query: str, prepared: Any) -> None:
        self._connection, self._query, self._prepared = connection, query, prepared

    def __getattr__(self, name: str) -> Any:
        return getattr(self._prepared, name)

    async def fetch(self, *args: Any, **settings: Any) -> Any:
        await self._connection.watch.explain(self._connection, self._query, args)
        return await self._prepared.fetch(*args, **settings)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _touched(node: dict[str, Any]) -> float:
    kept = node["Actual Rows"]
    thrown = sum(value for name, value in node.items() if name.startswith("Rows Removed by"))
    loops: float = node["Actual Loops"]
    return float((kept + thrown) * loops)
