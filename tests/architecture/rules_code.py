"""Rules about what code does that import-linter cannot see.

Each yields one sentence per violation: where, what, and what to do instead.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import (
    called,
    comments,
    imported,
    inside,
    nodes,
    production,
)

_CLOCKS_AND_LOTS = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid7", "urandom", "new"}
_NOT_IN_DOMAIN = {"os", "random", "secrets", "socket", "subprocess", "time"}
_SQL_CALLS = {
    "cursor",
    "exec_driver_sql",
    "execute",
    "executemany",
    "fetch",
    "fetchmany",
    "fetchrow",
    "fetchval",
    "prepare",
    "text",
}
_CONNECTIONS = {
    "AIOKafkaAdminClient",
    "AIOKafkaConsumer",
    "AIOKafkaProducer",
    "KafkaBroker",
    "create_async_engine",
    "create_engine",
    "create_pool",
    "subscriber",
}
_MAY_CONNECT = ("chassis/", "local/", "checker/")
_MAY_TOUCH_KAFKA = (*_MAY_CONNECT, "simulator/", "catalogue/publish.py")
_ENGINES = ("asyncpg", "sqlalchemy.ext.asyncio", "psycopg")
_VAGUE_CLASS = re.compile(r".*(Manager|Helper|Helpers|Util|Utils|Processor)$")
_SILENCE = re.compile(r"#\s*(noqa|type:\s*ignore)")
_REASONED = re.compile(r"#\s*(noqa: [A-Z0-9, ]+?|type: ignore\[[a-z0-9, -]+\]) *(#|-) *\S{2,}")

BLIND_EXCEPTS = Path(__file__).with_name("blind_excepts.txt")


def _rules_of_services(root: Path) -> Iterator[Path]:
    for path in production(root, "services"):
        parts = path.relative_to(root).parts
        if len(parts) > 2 and parts[2].removesuffix(".py") in {"commands", "domain"}:
            yield path


def domain_reads_no_clock_and_draws_no_lots(root: Path) -> Iterator[str]:
    """The command carries its time and its fresh ids, so that a decision can be replayed."""
    for path in _rules_of_services(root):
        where = inside(root, path)
        for line, name in imported(path):
            if name.partition(".")[0] in _NOT_IN_DOMAIN:
                yield f"{where}:{line} imports {name}; the command carries what is needed"
        for node in nodes(path, ast.Attribute):
            if node.attr in _CLOCKS_AND_LOTS:
                yield f"{where}:{node.lineno} uses .{node.attr}; the command carries time and ids"
        for call in nodes(path, ast.Call):
            if isinstance(call.func, ast.Name) and call.func.id in _CLOCKS_AND_LOTS | {"open"}:
                yield f"{where}:{call.lineno} calls {call.func.id}; the command carries the result"


def sql_is_never_put_together(root: Path) -> Iterator[str]:
    """Values go in as parameters. A statement built from our own names says so: `# sql: why`."""
    for path in production(root):
        allowed = {line for line, text in comments(path) if re.match(r"# sql: \S{3,}", text)}
        for call in nodes(path, ast.Call):
            lines = set(range(call.lineno, (call.end_lineno or call.lineno) + 1))
            built = called(call) in _SQL_CALLS and call.args and _is_built(call.args[0])
            if built and not lines & allowed:
                yield f"{inside(root, path)}:{call.lineno} builds SQL; pass parameters instead"


def _is_built(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return True
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"format", "replace", "join"}
    )


def only_the_chassis_opens_connections(root: Path) -> Iterator[str]:
    """Its runner, relay and database hold the promises; a second client would hold none."""
    for path in production(root):
        where = inside(root, path)
        if where.startswith(_MAY_TOUCH_KAFKA):
            continue
        for call in nodes(path, ast.Call):
            if called(call) in _CONNECTIONS:
                yield f"{where}:{call.lineno} makes a {called(call)}; the chassis does that"


def only_the_chassis_touches_engines(root: Path) -> Iterator[str]:
    """Transactions begin and end in one place."""
    for path in production(root):
        where = inside(root, path)
        if where.startswith(_MAY_CONNECT):
            continue
        for line, name in imported(path):
            if any(name == engine or name.startswith(f"{engine}.") for engine in _ENGINES):
                yield f"{where}:{line} imports {name}; use chassis.database"


def blind_excepts_are_at_listed_edges(root: Path) -> Iterator[str]:
    """Catching everything is the work of an edge, which parks or answers; the list is short."""
    listed = {
        line.split()[0]
        for line in BLIND_EXCEPTS.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    }
    for path in production(root):
        where = inside(root, path)
        for handler in nodes(path, ast.ExceptHandler):
            if _is_blind(handler) and where not in listed:
                yield f"{where}:{handler.lineno} catches everything; name what can be handled"


def _is_blind(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False  # it cleans up and lets the exception go on
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})
        for kind in kinds
    )


def contracts_need_pydantic_only(root: Path) -> Iterator[str]:
    """An agency installs them alone."""
    allowed = sys.stdlib_module_names | {"contracts", "pydantic", "pydantic_core"}
    for path in production(root, "contracts"):
        for line, name in imported(path):
            if name.partition(".")[0] not in allowed:
                yield f"{inside(root, path)}:{line} imports {name}; contracts need pydantic only"


def nobody_changes_the_path(root: Path) -> Iterator[str]:
    """`services/queue` on the path would hide the standard library's queue."""
    for path in production(root):
        for node in nodes(path, ast.Attribute):
            if node.attr == "path" and isinstance(node.value, ast.Name) and node.value.id == "sys":
                yield f"{inside(root, path)}:{node.lineno} touches sys.path; import from the root"


def classes_say_what_they_are(root: Path) -> Iterator[str]:
    """A manager or a processor is a class whose job was not found."""
    for path in production(root):
        for node in nodes(path, ast.ClassDef):
            if _VAGUE_CLASS.match(node.name):
                yield f"{inside(root, path)}:{node.lineno} {node.name}: name it after what it does"


def every_silenced_warning_has_a_reason(root: Path) -> Iterator[str]:
    """`# noqa: S608 - names of our own tables`: the rule that is silenced, and why."""
    for path in production(root):
        for line, comment in comments(path):
            if _SILENCE.search(comment) and not _REASONED.search(comment):
                yield f"{inside(root, path)}:{line} silences a tool without saying why"
