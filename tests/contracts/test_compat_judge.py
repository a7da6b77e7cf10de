"""The judge of compatibility: right in each case of evolution, and never wrong when it says yes."""

import json
from itertools import permutations
from typing import Annotated, Any, Literal, Optional

import jsoncompat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, JsonValue, create_model

from contracts.compat import problems
from contracts.schemas import schema_files, schema_of

Schema = dict[str, Any]


def model(**fields: Any) -> type[BaseModel]:
    return create_model("Thing", **fields)


class Inner(BaseModel):
    x: str


class InnerWithMore(BaseModel):
    x: str
    y: str


class InnerWithMaybeMore(BaseModel):
    x: str
    y: str | None = None


class Tree(BaseModel):
    name: str
    children: "tuple[Tree, ...]" = ()


class TreeOfNumbers(BaseModel):
    name: int
    children: "tuple[TreeOfNumbers, ...]" = ()


def short(size: int) -> Any:
    return Annotated[str, Field(max_length=size)]


def like(pattern: str) -> Any:
    return Annotated[str, Field(pattern=pattern)]


ONE = model(a=(str, ...))
# old model, new model, (new readers take old writers, old readers take new writers)
CASES: dict[str, tuple[type[BaseModel], type[BaseModel], tuple[bool, bool]]] = {
    "nothing": (ONE, ONE, (True, True)),
    "add optional": (ONE, model(a=(str, ...), b=(str | None, None)), (True, True)),
    "add defaulted": (ONE, model(a=(str, ...), b=(int, 3)), (True, True)),
    "add required": (ONE, model(a=(str, ...), b=(str, ...)), (False, True)),
    "remove optional": (model(a=(str, ...), b=(str | None, None)), ONE, (True, True)),
    "remove required": (model(a=(str, ...), b=(str, ...)), ONE, (True, False)),
    "rename required": (ONE, model(b=(str, ...)), (False, False)),
    "optional to required": (model(a=(str | None, None)), ONE, (False, True)),
    "widen enum": (
        model(a=(Literal["x", "y"], ...)),
        model(a=(Literal["x", "y", "z"], ...)),
        (True, False),
    ),
    "narrow enum": (
        model(a=(Literal["x", "y"], ...)),
        model(a=(Literal["x"], ...)),
        (False, True),
    ),
    "enum to open text": (model(a=(Literal["x"], ...)), ONE, (True, False)),
    "enum to a code it fits": (
        model(a=(Literal["x"], ...)),
        model(a=(like("^[a-z]+$"), ...)),
        (True, False),
    ),
    "enum to a code it does not fit": (
        model(a=(Literal["X"], ...)),
        model(a=(like("^[a-z]+$"), ...)),
        (False, False),
    ),
    "optional enum widened": (
        model(a=(Optional[Literal["x"]], None)),  # noqa: UP045 - `|` needs a type here
        model(a=(Optional[Literal["x", "y"]], None)),  # noqa: UP045
        (True, False),
    ),
    "type": (ONE, model(a=(int, ...)), (False, False)),
    "integer to number": (model(a=(int, ...)), model(a=(float, ...)), (True, False)),
    "boolean to integer": (model(a=(bool, ...)), model(a=(int, ...)), (False, False)),
    "longer": (model(a=(short(5), ...)), model(a=(short(9), ...)), (True, False)),
    "shorter": (model(a=(short(9), ...)), model(a=(short(5), ...)), (False, True)),
    "bounded": (ONE, model(a=(short(5), ...)), (False, True)),
    "higher minimum": (
        model(a=(Annotated[int, Field(ge=1)], ...)),
        model(a=(Annotated[int, Field(ge=2)], ...)),
        (False, True),
    ),
    "other pattern": (model(a=(like("^a$"), ...)), model(a=(like("^b$"), ...)), (False, False)),
    "pattern added": (ONE, model(a=(like("^a$"), ...)), (False, True)),
    "optional with other pattern": (
        model(a=(like("^a$") | None, None)),
        model(a=(like("^b$") | None, None)),
        (False, False),
    ),
    "nested adds required": (
        model(a=(Inner, ...)),
        model(a=(InnerWithMore, ...)),
        (False, True),
    ),
    "nested adds optional": (
        model(a=(Inner, ...)),
        model(a=(InnerWithMaybeMore, ...)),
        (True, True),
    ),
    "nested in a list adds required": (
        model(a=(tuple[Inner, ...], ...)),
        model(a=(tuple[InnerWithMore, ...], ...)),
        (False, True),
    ),
    "items": (
        model(a=(tuple[str, ...], ...)),
        model(a=(tuple[int, ...], ...)),
        (False, False),
    ),
    "fewer items": (
        model(a=(Annotated[tuple[str, ...], Field(min_length=1)], ...)),
        model(a=(tuple[str, ...], ...)),
        (True, False),
    ),
    "open map to map of texts": (
        model(a=(dict[str, JsonValue], ...)),
        model(a=(dict[str, str], ...)),
        (False, True),
    ),
    "other default": (model(a=(int, 1)), model(a=(int, 2)), (False, False)),
    "form that holds itself": (Tree, Tree, (True, True)),
    "form that holds itself, other type": (Tree, TreeOfNumbers, (False, False)),
}
# Where the library is known to be blind (0.3.1): it does not look at patterns and formats.
BLIND = {"pattern", "default", "code"}


def judged(old: type[BaseModel], new: type[BaseModel]) -> tuple[bool, bool]:
    return (
        not problems(schema_of("t", old, "writer"), schema_of("t", new, "reader")),
        not problems(schema_of("t", new, "writer"), schema_of("t", old, "reader")),
    )


def without_id(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "$id"}


@pytest.mark.parametrize("name", CASES)
def test_each_case_of_evolution_is_judged_right_in_both_directions(name: str) -> None:
    old, new, expected = CASES[name]
    assert judged(old, new) == expected
    assert judged(new, old) == expected[::-1]


@pytest.mark.parametrize(
    "name", [name for name in CASES if not BLIND & set(name.split()) and "itself" not in name]
)
def test_a_library_made_for_it_agrees_where_it_can_see(name: str) -> None:
    old, new, (backward, forward) = CASES[name]
    for writer, reader, expected in ((old, new, backward), (new, old, forward)):
        said, taken = schema_of("t", writer, "writer"), schema_of("t", reader, "reader")
        # It takes an `$id` for a reference.
        texts = [json.dumps(without_id(schema)) for schema in (said, taken)]
        assert jsoncompat.check_compat(texts[0], texts[1], "deserializer") is expected


def test_a_problem_names_the_place_and_the_reason() -> None:
    old, new, _ = CASES["nested in a list adds required"]
    found = problems(schema_of("t", old, "writer"), schema_of("t", new, "reader"))
    assert found == ["$.a[].y: required by readers, not always written"]


@pytest.mark.parametrize("place", ["writer", "reader"])
@pytest.mark.parametrize(
    "unknown",
    [
        {"oneOf": [{"type": "string"}]},
        {"not": {"type": "string"}},
        {"type": "array", "prefixItems": [{"type": "string"}]},
        {"anyOf": [{"type": "string"}], "minLength": 2},
        {"enum": ["a"], "pattern": "b"},
        {"anyOf": [{"oneOf": []}]},
    ],
)
def test_what_the_judge_does_not_know_is_a_problem(place: str, unknown: Schema) -> None:
    schemas = {"writer": {"type": "string"}, "reader": {}} | {place: unknown}
    if place == "writer":
        schemas["reader"] = unknown
    found = problems(schemas["writer"], schemas["reader"])
    assert found
    assert found[0].startswith("$: cannot judge")


def test_every_contract_gets_on_with_itself() -> None:
    files = schema_files()
    for name, schema in files.items():
        if not name.endswith(".writer.json"):
            writer = files[name.replace(".json", ".writer.json")]
            assert problems(writer, schema) == []


# -- the judge is sound: whatever it lets pass, every document of the writer is one of the reader


def keywords(**choices: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    return st.fixed_dictionaries({}, optional=choices)


patterns = st.sampled_from(["^a*$", "^b*$", "^[ab]*$"])
strings = keywords(minLength=st.integers(0, 2), maxLength=st.integers(2, 4), pattern=patterns).map(
    lambda rest: {"type": "string", **rest}
)
numbers = st.builds(
    lambda kind, rest: {"type": kind, **rest},
    st.sampled_from(["integer", "number"]),
    keywords(minimum=st.integers(0, 2), maximum=st.integers(2, 4)),
)
listed = st.lists(st.sampled_from(["a", "b", 1, 2, True, None]), min_size=1, max_size=3).map(
    lambda values: {"enum": values}
)
plain = st.sampled_from([{}, {"type": "null"}, {"type": "boolean"}, {"const": "a"}])
leaves = strings | numbers | listed | plain


def bigger(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    arrays = keywords(items=inner, minItems=st.integers(0, 1), maxItems=st.integers(1, 2))
    properties = st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    objects = st.fixed_dictionaries(
        {"properties": properties},
        optional={
            "required": st.lists(st.sampled_from("ab"), unique=True),
            "additionalProperties": st.booleans() | inner,
        },
    )
    return (
        arrays.map(lambda rest: {"type": "array", **rest})
        | objects.map(lambda rest: {"type": "object", **rest})
        | st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"anyOf": parts})
    )


schemas = st.recursive(leaves, bigger, max_leaves=4)
anything = st.sampled_from(["", "a", "ab", "bbb", "aaaaa", 0, 1, 2.5, 5, True, None]) | st.lists(
    st.sampled_from(["a", 1]), max_size=2
)
documents = st.recursive(
    anything,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=5,
)


@settings(max_examples=50)
@given(st.lists(schemas, min_size=6, max_size=10), st.lists(documents, min_size=10, max_size=25))
def test_what_the_judge_lets_pass_really_passes(forms: list[Schema], candidates: list[Any]) -> None:
    for writer, reader in permutations(forms, 2):
        if problems(writer, reader):
            continue
        says, takes = Draft202012Validator(writer), Draft202012Validator(reader)
        for document in candidates:
            if says.is_valid(document):
                assert takes.is_valid(document), (writer, reader, document)


@settings(max_examples=150)
@given(schemas)
def test_no_form_is_at_odds_with_itself(schema: Schema) -> None:
    assert problems(schema, schema) == []
