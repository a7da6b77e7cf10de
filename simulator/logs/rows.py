"""One event of a process log, or the reason why a row is none. Reading files is elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

MAX_ACTIVITY = 200
DEFAULT_LIFECYCLE = "complete"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LIFECYCLE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:[.,]([0-9]{1,12}))?"
    r" ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


@dataclass(frozen=True, slots=True)
class Columns:
    """Under which names a log keeps what we need; the defaults are the standard keys of XES.

    In XES, a name that begins with `case:` is an attribute of the trace, any other of the event.
    """

    case: str = "case:concept:name"
    activity: str = "concept:name"
    time: str = "time:timestamp"
    group: str = "org:group"
    role: str = "org:role"
    resource: str = "org:resource"
    lifecycle: str = "lifecycle:transition"

    def names(self) -> dict[str, str]:
        """What we need -> the name that it has in the log."""
        return asdict(self)

    def wanted(self) -> dict[str, str]:
        """Those that must be there: the three without which there is no event, and chosen ones."""
        usual = Columns().names()
        return {
            part: name
            for part, name in self.names().items()
            if part in {"case", "activity", "time"} or name != usual[part]
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One event. `zoned` tells whether its time came with an offset; without one it is UTC."""

    line: int
    case: str
    activity: str
    time: datetime
    group: str | None = None
    role: str | None = None
    resource: str | None = None
    lifecycle: str = DEFAULT_LIFECYCLE
    zoned: bool = True


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no event. The reason never repeats what stands in the row."""

    line: int
    reason: str


class UnreadableLog(Exception):
    """The file as a whole cannot be read as a log; the message says why and what to do."""


def row_of(line: int, values: Mapping[str, str]) -> Row | BadRow:
    """The event that these values (by the names of `Row`) describe, or what is wrong with them."""
    try:
        time, zoned = time_of(_required(values, "time"))
        return Row(
            line=line,
            case=_required(values, "case"),
            activity=_activity(_required(values, "activity")),
            time=time,
            group=_optional(values, "group"),
            role=_optional(values, "role"),
            resource=_optional(values, "resource"),
            lifecycle=_lifecycle(_optional(values, "lifecycle")),
            zoned=zoned,
        )
    except ValueError as problem:
        return BadRow(line, str(problem))


def time_of(text: str) -> tuple[datetime, bool]:
    """A time in UTC, and whether it had an offset; digits below a microsecond are cut.

    Raises ValueError, which never repeats the text.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError("the time must look like 2026-03-02T08:30:00+07:00")
    day, minute, second, fraction, offset = match.groups()
    micros = (fraction or "0")[:6].ljust(6, "0")
    zone = (offset or "Z").replace("Z", "+00:00")
    try:
        time = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}.{micros}{zone}")
        return time.astimezone(UTC), offset is not None
    except (ValueError, OverflowError):
        raise ValueError("the time does not exist in the calendar") from None


def _required(values: Mapping[str, str], part: str) -> str:
    found = _optional(values, part)
    if found is None:
        raise ValueError(f"the {part} is missing")
    return found


def _optional(values: Mapping[str, str], part: str) -> str | None:
    found = values.get(part, "").strip()
    if not found:
        return None
    if _CONTROL.search(found):
        raise ValueError(f"the {part} has control characters or is not UTF-8")
    return found


def _activity(text: str) -> str:
    if len(text) > MAX_ACTIVITY:
        raise ValueError(f"the activity is longer than {MAX_ACTIVITY} characters")
    return text


def _lifecycle(text: str | None) -> str:
    code = re.sub(r"[^a-z0-9]+", "_", (text or DEFAULT_LIFECYCLE).lower()).strip("_")
    if _LIFECYCLE.fullmatch(code) is None:
        raise ValueError("the lifecycle must be a word such as start or complete")
    return code
