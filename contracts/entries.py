"""What the catalogue says: malls, agencies, services with their standard, journeys, calendars.

These are the bodies of `EntryPublished`. Whether entries fit together is for the checker.
"""

from collections.abc import Mapping
from datetime import date, time
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue

from contracts.base import Code, ShortText
from contracts.booking_entries import BookingPolicy, MallBooking, SessionPlan, Walk
from contracts.entry_base import Entry, Part, Text, Texts, Weekday
from contracts.ids import (
    AgencyId,
    CounterCode,
    JourneyCode,
    MallId,
    PolicyCode,
    ServiceCode,
    StageCode,
)
from contracts.queue_entries import Device, MallLine, QueuePolicy

CalendarCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
TimeUnit = Literal["working_days", "calendar_days", "hours", "minutes"]
Zone = Literal["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]

ZONE_LABELS: Mapping[Zone, str] = MappingProxyType(
    {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
)


class PromisedTime(Part):
    """How long it may take. Hours and minutes count in opening hours only."""

    value: Annotated[int, Field(ge=1, le=1000)]
    unit: TimeUnit


class Counter(Part):
    """One counter of a mall, and the services that may be had there."""

    code: CounterCode
    services: Annotated[tuple[ServiceCode, ...], Field(min_length=1)]


class Mall(Entry):
    """A public service mall. Opening hours are local times of its `zone`.

    Its lines go by `policy`, where `lines` names no other; without one by what is built in. A mall
    that lists no `devices` takes any kiosk that logs in for it; otherwise those alone. Its places
    are given out by `booking_policy`, where `bookings` names no other.
    """

    kind: ClassVar[str] = "mall"

    code: MallId
    name: ShortText
    zone: Zone
    opens_at: time
    closes_at: time
    agencies: Annotated[tuple[AgencyId, ...], Field(min_length=1)]
    counters: Annotated[tuple[Counter, ...], Field(min_length=1)]
    policy: PolicyCode | None = None
    lines: tuple[MallLine, ...] = ()
    devices: tuple[Device, ...] = ()
    booking_policy: PolicyCode | None = None
    bookings: tuple[MallBooking, ...] = ()
    walking: tuple[Walk, ...] = ()


class Agency(Entry):
    """An agency. `open_days` is its week where that differs from the calendar's."""

    kind: ClassVar[str] = "agency"

    code: AgencyId
    name: ShortText
    short_name: Annotated[str, Field(min_length=1, max_length=40)]
    open_days: Annotated[tuple[Weekday, ...], Field(min_length=1)] | None = None


class Fee(Part):
    """What the citizen pays. Without `rupiah` it depends on the case; `note_id` then says how."""

    rupiah: Annotated[int, Field(ge=0)] | None = None
    note_id: Text | None = None


class PublishedStandard(Part):
    """The six components of the service standard that everybody may read (UU 25/2009)."""

    requirements: Texts
    procedure: Texts
    promised_time: PromisedTime
    fee: Fee
    product: Text
    complaints: Text


class ManagedStandard(Part):
    """The eight components of the service standard for those who run and supervise the service."""

    legal_basis: Texts
    facilities: Text
    staff_competence: Text
    internal_supervision: Text
    number_of_staff: Annotated[int, Field(ge=1)]
    service_guarantee: Text
    safety_guarantee: Text
    performance_evaluation: Text


class Service(Entry):
    """A service of an agency with all 14 components of its standard, in Indonesian.

    `journey` is the way of an application through agencies; absent where the counter does it all.
    `minutes` is how long it takes at a counter, as a rule; in one visit it comes `after` others.
    """

    kind: ClassVar[str] = "service"

    code: ServiceCode
    agency: AgencyId
    name_id: ShortText
    name_en: ShortText
    published: PublishedStandard
    managed: ManagedStandard
    journey: JourneyCode | None = None
    minutes: Annotated[int, Field(ge=1, le=480)] | None = None
    after: tuple[ServiceCode, ...] = ()


class Requirement(Part):
    """Something the file must fulfil; `mend_id` and `mend_en` say how to repair it."""

    code: Code
    text_id: Text
    text_en: Text
    mend_id: Text
    mend_en: Text


class RefusalReason(Part):
    """A reason for which a stage may refuse."""

    code: Code
    text_id: Text
    text_en: Text


class Stage(Part):
    """What one agency does. It opens when all stages named in `after` are done, or at once."""

    code: StageCode
    agency: AgencyId
    name_id: ShortText
    name_en: ShortText
    after: tuple[StageCode, ...] = ()
    promised_time: PromisedTime
    may_return: bool = False
    requirements: tuple[Requirement, ...] = ()
    reasons: tuple[RefusalReason, ...] = ()


class Journey(Entry):
    """The way of an application through agencies: a directed graph of stages without a circle."""

    kind: ClassVar[str] = "journey"

    code: JourneyCode
    name_id: ShortText
    name_en: ShortText
    promised_time: PromisedTime
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]


class Holiday(Part):
    """A day on which offices are closed."""

    date: date
    name: ShortText
    kind: Literal["national", "joint_leave"]


class Calendar(Entry):
    """The working days of one year."""

    kind: ClassVar[str] = "calendar"

    code: CalendarCode
    year: Annotated[int, Field(ge=2000, le=2100)]
    working_days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    holidays: tuple[Holiday, ...]


_MODELS: tuple[type[Entry], ...] = (
    Mall,
    Agency,
    Service,
    Journey,
    Calendar,
    QueuePolicy,
    BookingPolicy,
    SessionPlan,
)
ENTRY_KINDS: Mapping[str, type[Entry]] = MappingProxyType({model.kind: model for model in _MODELS})


def entry_of(kind: str, body: Mapping[str, JsonValue]) -> Entry:
    """The typed entry of a published body. Raises KeyError (unknown kind) or ValidationError."""
    return ENTRY_KINDS[kind].model_validate(body)
