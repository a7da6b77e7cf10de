"""Problem documents (RFC 9457), and which HTTP status each failure and refusal gets.

Every answer that is not a success has this form, whoever finds the problem. Indonesian first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from chassis.errors import (
    MALFORMED,
    Conflict,
    Failure,
    Flaw,
    KeyReused,
    Malformed,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from contracts.base import Refused

MEDIA_TYPE = "application/problem+json"

STATUS_OF_FAILURE: dict[type[Failure], HTTPStatus] = {
    Malformed: HTTPStatus.BAD_REQUEST,
    NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
STATUS_OF_MALFORMED = {
    "body_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
STATUS_OF_REFUSAL = {
    "conflict": HTTPStatus.CONFLICT,
    "invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "forbidden": HTTPStatus.FORBIDDEN,
    "not_found": HTTPStatus.NOT_FOUND,
}
# What routing itself says: a wrong address, a wrong method.
_TITLES_OF_STATUS = {
    HTTPStatus.NOT_FOUND: ("no_such_address", "Alamat ini tidak ada", "There is no such address"),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "method_not_allowed",
        "Metode ini tidak berlaku untuk alamat ini; lihat tajuk Allow",
        "This method does not apply here; see the Allow header",
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, for people (titles), for programs (code) and for this case (the rest)."""

    status: int
    code: str
    title_id: str
    title_en: str
    detail: str | None = None
    flaws: Sequence[Flaw] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, language: str = "id", request_id: str | None = None) -> dict[str, Any]:
        """The members of the problem document, for a reader of this language."""
        members: dict[str, Any] = {
            "type": f"urn:loket:problem:{self.code}",
            "title": self.title_en if language == "en" else self.title_id,
            "status": int(self.status),
            "code": self.code,
            "title_id": self.title_id,
            "title_en": self.title_en,
        }
        if self.detail:
            members["detail"] = self.detail
        if request_id:
            members["instance"] = f"urn:loket:request:{request_id}"
        if self.flaws:
            members["errors"] = [asdict(flaw) for flaw in self.flaws]
        if self.details:
            members["details"] = dict(self.details)
        return members

    def response(self, language: str = "id", request_id: str | None = None) -> JSONResponse:
        """The complete HTTP answer."""
        return JSONResponse(
            self.document(language, request_id),
            status_code=int(self.status),
            media_type=MEDIA_TYPE,
            headers={"content-language": language, "vary": "Accept-Language", **self.headers},
        )


UNEXPECTED = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "unexpected",
    "Terjadi kesalahan pada sistem; coba lagi, atau laporkan nomor permintaan ini",
    "Something went wrong on our side; try again, or report this request number",
)


def of(problem: Failure | Refused | type[Failure | Refused]) -> Problem:
    """The problem of an exception; of a class, its general form for documentation."""
    if isinstance(problem, Refused):
        said = problem.problem()
        details = said["details"]
        status = STATUS_OF_REFUSAL[said["kind"]]
        return Problem(status, said["code"], said["title_id"], said["title_en"], details=details)
    if isinstance(problem, type) and issubclass(problem, Refused):
        status = STATUS_OF_REFUSAL[problem.kind]
        return Problem(status, problem.code, problem.title_id, problem.title_en)
    headers = {}
    if problem.retry_after_seconds is not None:
        headers["retry-after"] = str(problem.retry_after_seconds)
    status = _status_of_failure(problem)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return Problem(
        status,
        problem.code,
        problem.title_id,
        problem.title_en,
        detail=_detail(problem),
        flaws=problem.flaws if isinstance(problem, Failure) else (),
        headers=headers,
    )


def of_malformed(code: str) -> Problem:
    """The general form of one way of being malformed, for documentation."""
    return of(Malformed(code))


def of_status(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """The problem of a bare HTTP status, as routing reports it."""
    known = HTTPStatus(status)
    code, title_id, title_en = _TITLES_OF_STATUS.get(
        known, (known.name.lower(), "Permintaan tidak dapat diproses", known.phrase)
    )
    return Problem(status, code, title_id, title_en, headers=headers or {})


def language_of(accept_language: str | None) -> str:
    """`en` for a reader who ranks English above Indonesian, else `id`."""
    ranks = dict(_ranked(accept_language or ""))
    return "en" if ranks.get("en", 0.0) > ranks.get("id", ranks.get("*", 0.0)) else "id"


def by_status(problems: Iterable[Problem]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an OpenAPI operation: each status with an example for each code."""
    grouped: dict[int, dict[str, Problem]] = {}
    for problem in [*problems, UNEXPECTED]:
        grouped.setdefault(int(problem.status), {})[problem.code] = problem
    return {
        status: {
            "description": ", ".join(f"`{code}`" for code in found),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {
                        code: {"summary": one.title_en, "value": one.document()}
                        for code, one in found.items()
                    },
                }
            },
        }
        for status, found in sorted(grouped.items())
    }


def _status_of_failure(problem: Failure | type[Failure]) -> HTTPStatus:
    if isinstance(problem, Malformed) and problem.code in STATUS_OF_MALFORMED:
        return STATUS_OF_MALFORMED[problem.code]
    family = problem if isinstance(problem, type) else type(problem)
    return next(STATUS_OF_FAILURE[base] for base in family.__mro__ if base in STATUS_OF_FAILURE)


def _detail(problem: Failure | type[Failure]) -> str | None:
    if isinstance(problem, type):
        return None
    where = problem.where if isinstance(problem, Malformed) else ""
    return ": ".join(part for part in (where, problem.detail) if part) or None


def _ranked(accept_language: str) -> Iterable[tuple[str, float]]:
    for part in accept_language[:200].split(","):
        name, _, quality = part.partition(";")
        try:
            rank = float(quality.partition("=")[2]) if quality else 1.0
        except ValueError:
            rank = 0.0
        yield name.strip().lower().partition("-")[0], rank


BODY_PROBLEMS: Sequence[Problem] = tuple(
    of_malformed(code)
    for code in MALFORMED
    if code not in {"invalid_parameters", "idempotency_key_missing"}
)
"""All that can be wrong with a request body."""

SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem document; `code` is stable, titles are for people.",
    "type": "object",
    "required": ["type", "title", "status", "code", "title_id", "title_en"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri"},
        "code": {"type": "string"},
        "title_id": {"type": "string"},
        "title_en": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["where", "code", "title_id", "title_en"],
                "properties": {
                    "where": {"type": "string", "description": "JSON pointer"},
                    "code": {"type": "string"},
                    "title_id": {"type": "string"},
                    "title_en": {"type": "string"},
                },
            },
        },
        "details": {"type": "object"},
    },
}
