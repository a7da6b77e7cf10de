"""Rules about who may come in: every endpoint says it, the public ones stand on a short list."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import called, inside, nodes, production

PUBLIC_ENDPOINTS = Path(__file__).with_name("public_endpoints.txt")
_DECLARES = {"command": "POST", "query": "GET", "stream": "GET"}
_BYPASSES = {
    "add_api_route",
    "add_route",
    "api_route",
    "delete",
    "get",
    "mount",
    "patch",
    "post",
    "put",
    "route",
    "websocket",
}


def public_endpoints_are_listed(root: Path) -> Iterator[str]:
    """Whoever opens a door to everybody changes the list as well, where a reviewer sees it."""
    known = listed()
    for path, line, endpoint in declared_public(root):
        if endpoint not in known:
            yield f"{path}:{line} {endpoint} is public; add it to {PUBLIC_ENDPOINTS.name}"


def endpoints_say_who_may_call(root: Path) -> Iterator[str]:
    """Endpoints are declared by the chassis's router, with `allow=`; there is no second way."""
    for path in production(root, "services"):
        for call, _endpoint in _decorators(path):
            if called(call) in _DECLARES and not _allowed(call):
                yield f"{inside(root, path)}:{call.lineno} does not say who may call it: allow=..."
            if called(call) in _BYPASSES:
                yield f"{inside(root, path)}:{call.lineno} goes around the chassis's router"


def listed() -> set[str]:
    """The endpoints that may be public, as `<service> <METHOD> <path>`; `every` means each one."""
    lines = PUBLIC_ENDPOINTS.read_text(encoding="utf-8").splitlines()
    return {line.partition("#")[0].strip() for line in lines} - {""}


def declared_public(root: Path) -> Iterator[tuple[str, int, str]]:
    """File, line and `<service> <METHOD> <path>` of each endpoint that everybody may call."""
    for path in production(root, "services"):
        owner = path.relative_to(root).parts[1]
        for call, address in _decorators(path):
            if called(call) in _DECLARES and _allowed(call).endswith("PUBLIC"):
                method = _text(_keyword(call, "method")) or _DECLARES[called(call)]
                yield inside(root, path), call.lineno, f"{owner} {method} {address}"


def _decorators(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """The calls above functions whose first argument is an address."""
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [
        *nodes(path, ast.FunctionDef),
        *nodes(path, ast.AsyncFunctionDef),
    ]
    for decorator in (one for function in functions for one in function.decorator_list):
        if isinstance(decorator, ast.Call) and decorator.args:
            address = _text(decorator.args[0])
            if address.startswith("/"):
                yield decorator, address


def _allowed(call: ast.Call) -> str:
    value = _keyword(call, "allow")
    return ast.unparse(value) if value else ""


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in call.keywords if one.arg == name), None)


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
