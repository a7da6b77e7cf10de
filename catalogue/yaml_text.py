"""YAML as the catalogue uses it: plain data, each key once, and the line of everything.

Narrower than YAML 1.1 on purpose: `15:00`, `no` and `2026-01-01` stay text, anchors are refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml
from pydantic import JsonValue
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Location = tuple[str | int, ...]
"""Where something stands in a document: keys and positions from the top, as pydantic names it."""


class BrokenYaml(Exception):
    """The text is not YAML in the catalogue's sense; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class DuplicateKey(BrokenYaml):
    """A key stands twice in one mapping, so that one of the two values would be lost."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The data, and the line of each key and item."""

    data: JsonValue
    lines: Mapping[Location, int]

    def line_of(self, location: Location) -> int:
        """The line of the place itself or, where it is missing, of the nearest thing around it."""
        for length in range(len(location), 0, -1):
            if (line := self.lines.get(location[:length])) is not None:
                return line
        return 1


def parse(text: str) -> Parsed:
    """Read one document. Raises BrokenYaml or DuplicateKey."""
    try:
        node = yaml.compose(text, Loader=_Loader)
        lines: dict[Location, int] = {}
        return Parsed(None if node is None else _plain(node, (), lines), lines)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = 1 if mark is None else mark.line + 1
        raise BrokenYaml(line, problem.problem or "not YAML") from None
    except RecursionError:
        raise BrokenYaml(1, "nested too deeply") from None
    except yaml.YAMLError as problem:
        raise BrokenYaml(1, str(problem).splitlines()[0]) from None


class _Loader(yaml.SafeLoader):
    """Composes nodes only; knows as few kinds of scalars as JSON does."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - the name and form that PyYAML wants

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            raise BrokenYaml(self.line + 1, "references (*name) are not used here")
        return super().compose_node(parent, index)


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^-?(0|[1-9][0-9]{0,17})$"), list("-0123456789")
)


def _plain(node: Node, at: Location, lines: dict[Location, int]) -> JsonValue:
    match node:
        case MappingNode():
            return _mapping(node, at, lines)
        case SequenceNode():
            return _sequence(node.value, at, lines)
        case ScalarNode():
            return _scalar(node)
        case _:
            raise BrokenYaml(
                node.start_mark.line + 1, "only mappings, lists and values are used here"
            )


def _mapping(node: MappingNode, at: Location, lines: dict[Location, int]) -> JsonValue:
    found: dict[str, JsonValue] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise BrokenYaml(line, "a key must be a plain word")
        key = key_node.value
        if key in found:
            raise DuplicateKey(line, f"{key!r} stands twice: keep one of them")
        lines[(*at, key)] = line
        found[key] = _plain(value_node, (*at, key), lines)
    return found


def _sequence(nodes: Sequence[Node], at: Location, lines: dict[Location, int]) -> JsonValue:
    found: list[JsonValue] = []
    for index, node in enumerate(nodes):
        lines[(*at, index)] = node.start_mark.line + 1
        found.append(_plain(node, (*at, index), lines))
    return found


def _scalar(node: ScalarNode) -> JsonValue:
    match node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return bool(node.value == "true")
        case "int":
            return int(node.value)
        case "str":
            return str(node.value)
        case _:
            raise BrokenYaml(node.start_mark.line + 1, f"the tag {node.tag} is not used here")
