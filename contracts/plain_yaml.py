"""JSON data written as YAML for people: blocks for structure, JSON for every text and number.

Writing only, and only this subset, so that the contracts need no YAML library.
"""

import json
import re

from pydantic import JsonValue

# What JSON may leave as it is and YAML may not.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\U00010000-\U0010ffff]")
_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.-]*")
# Several lines of printable ASCII, none of which begins or ends with a space.
_LINES = re.compile(r"[!-~]([ -~]*[!-~])?\n((?:[!-~]([ -~]*[!-~])?)?\n)*[!-~]([ -~]*[!-~])?\n")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def to_yaml(value: JsonValue) -> str:
    """The value as a YAML document; equal values give equal texts."""
    return "\n".join(_lines(value, "")) + "\n"


def _lines(value: JsonValue, pad: str) -> list[str]:
    if isinstance(value, dict) and value:
        return [line for key, inner in value.items() for line in _entry(key, inner, pad)]
    if isinstance(value, list) and value:
        return [line for inner in value for line in _item(inner, pad)]
    return [pad + _scalar(value)]


def _entry(key: str, value: JsonValue, pad: str) -> list[str]:
    plain = _PLAIN_KEY.fullmatch(key) and key.lower() not in _NOT_TEXT
    label = key if plain else _scalar(key)
    if isinstance(value, dict | list) and value:
        return [f"{pad}{label}:", *_lines(value, pad + "  ")]
    if isinstance(value, str) and _LINES.fullmatch(value):
        return [f"{pad}{label}: |", *(f"{pad}  {line}".rstrip() for line in value.splitlines())]
    return [f"{pad}{label}: {_scalar(value)}"]


def _item(value: JsonValue, pad: str) -> list[str]:
    first, *rest = _lines(value, pad + "  ")
    return [f"{pad}- {first.removeprefix(pad + '  ')}", *rest]


def _scalar(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\U{ord(found[0]):08x}", text)
