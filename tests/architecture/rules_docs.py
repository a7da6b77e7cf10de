"""Rules about documents: links lead somewhere, and a linked name is defined where they lead."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import files, inside, parse

_LINK = re.compile(r"\[(?P<label>(?:[^\[\]]|\[[^\]]*\])+)\]\((?P<target>[^)\s]+)\)")
_NAME = re.compile(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\(\))?`")
_CODE_BLOCK = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)


def links_lead_somewhere(root: Path) -> Iterator[str]:
    """A relative link names a file that exists, and a heading of it where it has a fragment."""
    for page, _label, target in _links(root):
        path, _, fragment = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists():
            yield f"{inside(root, page)}: {target} does not exist"
        elif fragment and found.suffix == ".md" and fragment not in _anchors(found):
            yield f"{inside(root, page)}: {target} has no such heading"


def linked_names_are_defined_there(root: Path) -> Iterator[str]:
    """[`submit_application`](../services/tracking/api.py) needs that function in that file."""
    for page, label, target in _links(root):
        found = (page.parent / target.partition("#")[0]).resolve()
        name = _NAME.fullmatch(label)
        if name and found.suffix == ".py" and found.is_file() and name[1] not in _defined(found):
            yield f"{inside(root, page)}: {name[1]} is not defined in {inside(root, found)}"


def _links(root: Path) -> Iterator[tuple[Path, str, str]]:
    for page in files(root, "*.md"):
        text = _CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
        for match in _LINK.finditer(text):
            if not re.match(r"[a-z]+:", match["target"]):
                yield page, match["label"], match["target"]


def _anchors(page: Path) -> set[str]:
    text = _CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in kept}


def _defined(path: Path) -> set[str]:
    names = {path.stem}
    for node in parse(path).body:
        names |= _names_of(node)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{name}" for part in node.body for name in _names_of(part)}
    return names


def _names_of(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Assign():
            return {target.id for target in node.targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case _:
            return set()
