"""Strict JSON at both doors, HTTP and Kafka: what two parsers could read differently is refused.

`check` looks at the text, `read` makes a model of it as well. Neither ever repeats a value that was
sent, only the place where it stood.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, TypeVar, cast

from pydantic import BaseModel, ValidationError

from chassis.errors import Flaw, Malformed

M = TypeVar("M", bound=BaseModel)

LIMIT_BYTES = 262_144
MAX_DEPTH = 32
MAX_DIGITS = 19  # more do not fit into 64 bits
MAX_FLAWS = 20

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


def read(
    model: type[M],
    raw: bytes,
    *,
    limit_bytes: int = LIMIT_BYTES,
    max_depth: int = MAX_DEPTH,
) -> M:
    """The model that this text describes, types taken strictly. Raises Malformed."""
    check(raw, limit_bytes=limit_bytes, max_depth=max_depth)
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as problem:
        raise Malformed("invalid_fields", flaws=flaws_of(problem)) from None


def read_own(model: type[M], raw: bytes) -> M:
    """The same for what our own programs wrote: looked at closely only when it cannot be read."""
    try:
        # What `model_validate_json` does, without a look at the options it has.
        return cast("M", model.__pydantic_validator__.validate_json(raw, strict=True))
    except ValidationError:
        return read(model, raw)


def check(raw: bytes, *, limit_bytes: int = LIMIT_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """The plain value of this text, if it can be read in one way only. Raises Malformed."""
    if len(raw) > limit_bytes:
        raise Malformed("body_too_large", f"at most {limit_bytes} bytes")
    if b"\0" in raw:
        raise Malformed("nul_character")
    try:
        text = raw.decode()
    except UnicodeDecodeError as problem:
        raise Malformed("not_utf8", f"at byte {problem.start}") from None
    # Few opening brackets cannot be many levels; only with more of them is the depth counted.
    if raw.count(b"{") + raw.count(b"[") > max_depth and _deeper_than(max_depth, raw):
        raise Malformed("too_deep", f"at most {max_depth} levels")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as problem:
        raise Malformed("not_json", f"at character {problem.pos}") from None
    # Without an escape there is no way left to write a NUL or half a surrogate pair.
    if "\\u" in text:
        for string in _strings(value):
            _check_string(string)
    return value


def flaws_of(problem: ValidationError) -> list[Flaw]:
    """What pydantic found, without the values; at most MAX_FLAWS of it."""
    return flaws(problem.errors(include_url=False, include_input=False))


def flaws(found: Sequence[Any]) -> list[Flaw]:
    """The same for a list of pydantic's error details."""
    return [
        Flaw(pointer(error["loc"]), error["type"], *_told(error)) for error in found[:MAX_FLAWS]
    ]


def pointer(location: tuple[int | str, ...]) -> str:
    """The JSON pointer of a place; an odd name, which could be anybody's data, becomes `?`."""
    return "".join(
        f"/{part if isinstance(part, int) or _PLAIN_NAME.fullmatch(part) else '?'}"
        for part in location
    )


# What to say about the commonest kinds of flaw; the rest get the last two lines.
_TOLD: dict[str, tuple[str, str]] = {
    "missing": ("wajib diisi", "is required"),
    "extra_forbidden": ("tidak dikenal; hapus isian ini", "is not known; leave it out"),
    "string_too_short": ("minimal {min_length} karakter", "at least {min_length} characters"),
    "string_too_long": ("maksimal {max_length} karakter", "at most {max_length} characters"),
    "too_long": ("maksimal {max_length} unsur", "at most {max_length} elements"),
    "too_short": ("minimal {min_length} unsur", "at least {min_length} elements"),
    "string_pattern_mismatch": ("harus sesuai pola {pattern}", "must match {pattern}"),
    "greater_than_equal": ("minimal {ge}", "at least {ge}"),
    "greater_than": ("harus lebih dari {gt}", "must be more than {gt}"),
    "less_than_equal": ("maksimal {le}", "at most {le}"),
    "less_than": ("harus kurang dari {lt}", "must be less than {lt}"),
    "literal_error": ("pilihannya: {expected}", "must be one of {expected}"),
    "enum": ("pilihannya: {expected}", "must be one of {expected}"),
    "string_type": ("harus berupa teks", "must be a string"),
    "int_type": ("harus berupa bilangan bulat", "must be a whole number"),
    "bool_type": ("harus true atau false", "must be true or false"),
    "list_type": ("harus berupa larik", "must be an array"),
    "model_type": ("harus berupa objek", "must be an object"),
    "uuid_parsing": ("harus berupa UUID", "must be a UUID"),
    "timezone_aware": ("harus menyertakan zona waktu", "must have a time zone offset"),
    "datetime_from_date_parsing": ("harus berupa waktu RFC 3339", "must be an RFC 3339 time"),
    "datetime_parsing": ("harus berupa waktu RFC 3339", "must be an RFC 3339 time"),
}
_TOLD_OTHERWISE = ("nilainya tidak sesuai", "the value does not fit")


def _told(error: Any) -> tuple[str, str]:
    # All that is put in here comes from our own model, not from the message.
    limits = error.get("ctx", {})
    indonesian, english = _TOLD.get(error["type"], _TOLD_OTHERWISE)
    return indonesian.format_map(limits), english.format_map(limits)


def _deeper_than(limit: int, raw: bytes) -> bool:
    depth = 0
    for bracket in _BRACKETS.finditer(_STRING.sub(b"", raw)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > limit:
            return True
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("duplicate_key")
    return members


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise Malformed("number_too_large", f"at most {MAX_DIGITS} digits")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Malformed("number_too_large")
    return value


def _constant(_text: str) -> NoReturn:
    raise Malformed("not_finite")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_number,
    parse_constant=_constant,
)


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for element in value:
                yield from _strings(element)
        case dict():
            yield from value
            for element in value.values():
                yield from _strings(element)
        case _:
            return  # numbers, booleans and null hold no text


def _check_string(string: str) -> None:
    if "\0" in string:
        raise Malformed("nul_character")
    try:
        string.encode()
    except UnicodeEncodeError:
        raise Malformed("lone_surrogate") from None
