"""Answers without an application: what a connection itself says, and to whom at first sight.

Under a rush most requests find no place, and what each of them costs is taken from those that do.
So a whole ordinary request is recognised by its text. Everything else is parsed first, as ever.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chassis import problems
from chassis.edge import HEADERS, request_id_of
from chassis.gate import OVERLOADED

Headers = Iterable[tuple[bytes, bytes]]

_LINE = re.compile(rb"([A-Z]{3,7}) (/[!->@-~]*)(?:\?[!-~]*)? HTTP/1\.1\r\n")
# What may end the connection or frame the body in another way, and what is no proper head.
_SPECIAL = re.compile(
    rb"\r\n(?:transfer-encoding|expect|upgrade|connection:(?![ \t]*keep-alive[ \t]*\r\n)|[ \t])"
    rb"|(?<!\r)\n|\r(?!\n)|\0"
)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*(?=\r\n)")
_REQUEST_ID = re.compile(rb"\r\nx-request-id:[ \t]*([^\r\n]*?)[ \t]*\r\n", re.IGNORECASE)
_LANGUAGE = re.compile(rb"\r\naccept-language:[ \t]*([^\r\n]*?)[ \t]*\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer needs to know of a request; texts as they were sent."""

    method: str
    path: str
    request_id: str | None
    accept_language: str | None


def whole(data: bytes, head_limit_bytes: int) -> Asked | None:
    """The request that these bytes are from first to last; None when they are anything else."""
    end = data.find(b"\r\n\r\n", 0, head_limit_bytes)
    line = _LINE.match(data)
    if end < 0 or line is None:
        return None
    head = data[: end + 2]
    small = head.lower()
    lengths = _LENGTH.findall(small)
    if small.count(b"content-length") != len(lengths) or len(lengths) > 1:
        return None
    body = int(lengths[0]) if lengths else 0
    if end + 4 + body != len(data) or _SPECIAL.search(small) is not None:
        return None
    method, path = line.groups()
    return Asked(method.decode(), path.decode(), _found(_REQUEST_ID, head), _found(_LANGUAGE, head))


def _found(what: "re.Pattern[bytes]", head: bytes) -> str | None:
    found = what.search(head)
    return found[1].decode("latin-1") if found is not None else None


def answer_of(status: int, headers: Headers, document: Mapping[str, Any]) -> bytes:
    """A whole answer with a problem document, as it stands on the wire."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return b"%bcontent-length: %d\r\n\r\n%b" % (_head(status, headers), len(body), body)


def no_place(asked: Asked, usual: Headers, *, keeps_alive: bool) -> bytes:
    """What whoever finds no place is told; `usual` are the headers that all answers have."""
    language = problems.language_of(asked.accept_language) if asked.accept_language else "id"
    request_id = request_id_of(asked.request_id).encode()
    before, middle, after = _NO_PLACE[language]
    return b"%b%bx-request-id: %b\r\nconnection: %b\r\ncontent-length: %d\r\n\r\n%b%b%b" % (
        before,
        _lines(usual),
        request_id,
        b"keep-alive" if keeps_alive else b"close",
        len(middle) + len(request_id) + len(after),
        middle,
        request_id,
        after,
    )


def _head(status: int, headers: Headers) -> bytes:
    """The status line and what stands behind it, the length of the body still to come."""
    lines = _lines([*headers, (b"content-type", problems.MEDIA_TYPE.encode())])
    return b"HTTP/1.1 %d %b\r\n%b" % (status, HTTPStatus(status).phrase.encode(), lines)


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def _no_place(language: str) -> tuple[bytes, bytes, bytes]:
    """Head, and the body before and behind the id of the request."""
    problem = problems.of(OVERLOADED)
    headers = (
        (b"vary", b"Accept-Language"),
        (b"retry-after", problem.headers["retry-after"].encode()),
        *HEADERS,
        (b"content-language", language.encode()),
    )
    mark = "the-id-of-the-request"
    body = json.dumps(problem.document(language, mark), ensure_ascii=False).encode()
    middle, _, after = body.partition(mark.encode())
    return _head(problem.status, headers), middle, after


_NO_PLACE = {language: _no_place(language) for language in ("id", "en")}
