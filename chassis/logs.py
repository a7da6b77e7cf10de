"""One JSON object per line on standard output: when, how bad, which service, what, which request.

Logs never carry payloads, and what looks personal is masked, whoever logs it. Which libraries may
talk, and how much, is decided here as well.
"""

import json
import logging
import sys
import time
import traceback
from collections.abc import MutableMapping
from contextvars import ContextVar
from datetime import date
from functools import cache
from pathlib import PurePath
from typing import Any
from uuid import UUID

import structlog
from typing_extensions import override

from chassis import telemetry

Event = MutableMapping[str, Any]

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that this task works for; also the correlation id of what follows from it."""

MASK = "***"
MAX_TEXT = 2000
MAX_DEPTH = 4
MAX_FRAMES = 12
# A key with one of these parts is personal or secret: `applicant_name`, `smtp_password` …
PERSONAL = frozenset(
    {"address", "alamat", "authorization", "birth", "body", "cookie", "email", "headers", "hp"}
    | {"nama", "name", "nik", "passwd", "password", "payload", "person", "phone", "secret"}
    | {"telepon", "token"}
)
# Keys that have such a part and are neither.
HARMLESS = frozenset({"person_id", "task_name"})

# An outage makes a client library write up to 75 lines a second; this many in a while are enough.
NOISY = ("aiokafka", "faststream", "httpx", "opentelemetry", "asyncio")
NOISY_LINES = 10
NOISY_SECONDS = 10.0


def configure(service: str, level: str = "info") -> None:
    """Set up logging for this process, ours and that of libraries. Call it once, first."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _naming(service),
        in_context,
        without_message,
        masked,
    ]
    line = structlog.processors.JSONRenderer(serializer=_line)
    structlog.configure(
        processors=[*shared, line],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(PerLibraryLimit())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_from_library, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, line],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper() if level != "debug" else "INFO")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines repeat whole addresses


def in_context(_logger: Any, _method: str, event: Event) -> Event:
    """Add the request and the trace that this task works for."""
    if (current := request_id.get()) is not None:
        event.setdefault("request_id", current)
    if (trace := telemetry.current_trace_id()) is not None:
        event["trace_id"] = trace
    return event


def without_message(_logger: Any, _method: str, event: Event) -> Event:
    """Turn an exception into classes and places; its message may quote what was sent or stored."""
    info = event.pop("exc_info", None)
    problem = info if isinstance(info, BaseException) else None
    if info and problem is None:
        problem = (info if isinstance(info, tuple) else sys.exc_info())[1]
    if problem is not None:
        event["exception"] = type(problem).__qualname__
        if (cause := problem.__cause__ or problem.__context__) is not None:
            event["because_of"] = type(cause).__qualname__
        event["at"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(problem.__traceback__)[-MAX_FRAMES:]
        ]
    return event


def masked(_logger: Any, _method: str, event: Event) -> Event:
    """Mask personal keys at any depth, whole objects, and the ends of long texts."""
    return {key: _clean(key, value, MAX_DEPTH) for key, value in event.items()}


class PerLibraryLimit(logging.Filter):
    """Lets each noisy library write a few lines at a time, and says how many it held back."""

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str, tuple[float, int]] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line may go out."""
        library = record.name.partition(".")[0]
        if library not in NOISY:
            return True
        now = time.monotonic()
        began, lines = self._windows.get(library, (now, 0))
        if now - began >= NOISY_SECONDS:
            record.held_back = max(0, lines - NOISY_LINES)
            began, lines = now, 0
        self._windows[library] = (began, lines + 1)
        return lines < NOISY_LINES


def _from_library(_logger: Any, _method: str, event: Event) -> Event:
    record: logging.LogRecord = event["_record"]
    event["logger"] = record.name
    if held_back := getattr(record, "held_back", 0):
        event["held_back_before"] = held_back
    return event


def _naming(service: str) -> Any:
    def add_service(_logger: Any, _method: str, event: Event) -> Event:
        event["service"] = service
        return event

    return add_service


@cache
def _is_personal(key: str) -> bool:
    return key not in HARMLESS and not PERSONAL.isdisjoint(key.lower().split("_"))


def _clean(key: str, value: Any, depth: int) -> Any:
    return MASK if _is_personal(key) else _plain(value, depth)


def _plain(value: Any, depth: int) -> Any:
    match value:
        case str():
            return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
        case None | int() | float() | logging.LogRecord():
            return value
        case dict() if depth:
            return {str(name): _clean(str(name), one, depth - 1) for name, one in value.items()}
        case list() | tuple() | set() | frozenset() if depth:
            return [_plain(one, depth - 1) for one in value]
        case UUID() | date() | PurePath():
            return str(value)
        case _:
            return MASK  # never bytes or a whole object: it would print what is inside


def _line(event: Event, **_: Any) -> str:
    return json.dumps(event)  # ASCII only: no character in it ends the line or moves a cursor
