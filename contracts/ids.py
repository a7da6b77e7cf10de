"""Typed identifiers: a class per kind of thing, so no ticket id passes for an application id.

Opaque ids are UUIDs; names that people choose (agencies, malls, services) are checked strings.
"""

import os
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Self
from uuid import UUID, SafeUUID, uuid5

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

# Namespace for ids derived from names; fixed for ever, since derived ids must come out the same.
_NAMESPACE = UUID("6c6f6b65-7400-5000-8000-000000000001")
# Looking it up in the enumeration would cost more than the rest of making an id.
_SAFE_UNKNOWN = SafeUUID.unknown
_MASK_TIME = (1 << 48) - 1
# The slots themselves: UUID's own way to set them asks first whether one may.
_set_int: Callable[[UUID, int], None] = UUID.__dict__["int"].__set__
_set_safe: Callable[[UUID, SafeUUID], None] = UUID.__dict__["is_safe"].__set__


def uuid7() -> UUID:
    """A new time-ordered UUID (RFC 9562, version 7): index pages stay warm.

    Ids sort by birth to the millisecond; within one millisecond their order means nothing.
    """
    return UUID(int=_uuid7_number())


def _uuid7_number() -> int:
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & _MASK_TIME) << 80 | 7 << 76 | (random >> 68 & 0xFFF) << 64
    return value | 0b10 << 62 | random & ((1 << 62) - 1)


class Id(UUID):
    """Base of the opaque ids. Serialised as the canonical text form of a UUID."""

    __slots__ = ()

    def __init__(self, value: str | UUID) -> None:
        if isinstance(value, UUID):
            # What UUID's own constructor would do, without checking again what was checked.
            _set_int(self, value.int)
            _set_safe(self, _SAFE_UNKNOWN)
        else:
            super().__init__(value)

    @classmethod
    def new(cls) -> Self:
        """A fresh id. Called at the edges only: the domain draws no lots."""
        return cls.numbered(_uuid7_number())

    @classmethod
    def numbered(cls, number: int) -> Self:
        """The id with this number of 128 bits, which is not checked again."""
        made = cls.__new__(cls)
        _set_int(made, number)
        _set_safe(made, _SAFE_UNKNOWN)
        return made

    @classmethod
    def of(cls, *parts: str) -> Self:
        """The id that always belongs to these parts, for things that have a natural name."""
        return cls(uuid5(_NAMESPACE, f"{cls.__name__}\x1f" + "\x1f".join(parts)))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            partial(_typed, cls), core_schema.uuid_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "description": cls.__doc__}


def _typed(kind: type[Id], value: UUID) -> Id:
    return value if type(value) is kind else kind(value)


class AppointmentId(Id):
    """One booked place in a session."""


class ApplicationId(Id):
    """One citizen's matter, from submission to its end, through all agencies."""


class CheckpointId(Id):
    """One published size and digest of the ledger."""


class ClosureId(Id):
    """One closure or special opening of a mall, an agency or a service."""


class CounterId(Id):
    """One counter of a mall."""


class CounterSessionId(Id):
    """One officer's time at one counter; who takes it over elsewhere gets another."""


class DeviceId(Id):
    """One kiosk or board of a mall."""


class EntryId(Id):
    """One entry of the catalogue, whatever its revision."""


class EventId(Id):
    """One fact or report: the CloudEvents id."""


class LineId(Id):
    """The queue of one service in one mall on one service date."""


class NotificationId(Id):
    """One message to one recipient for one cause."""


class PersonId(Id):
    """A citizen, as facts may name one: random, never derived from personal data."""


class PresenceId(Id):
    """Whether one agency was there on one day in one mall."""


class ReportId(Id):
    """One report of an agency, chosen by the agency; a repeated report has the same id."""


class ServiceDayId(Id):
    """One service in one mall on one service date, over all of its sessions."""


class SessionId(Id):
    """A span of time of one service in one mall, with a capacity."""


class SurveyId(Id):
    """One answered survey: unguessable, and without a way back to the ticket."""


class TicketId(Id):
    """One place in a line."""


class VisitId(Id):
    """Appointments at several agencies that were booked together."""


class WaitId(Id):
    """One entry of a wait list or a draw by lot."""


class Name(str):
    """Base of the readable ids: a string that matches the pattern of its class."""

    __slots__ = ()
    pattern: ClassVar[str] = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
    max_length: ClassVar[int] = 40

    def __new__(cls, value: str) -> Self:
        """The checked name. Raises ValueError."""
        if len(value) > cls.max_length or re.fullmatch(cls.pattern, value) is None:
            raise ValueError(
                f"{cls.__name__} must match {cls.pattern}, at most {cls.max_length} long"
            )
        return super().__new__(cls, value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            # The schema has checked the form already.
            partial(str.__new__, cls),
            # The group keeps `^` and `$` around every alternative of the pattern.
            core_schema.str_schema(
                pattern=f"^(?:{cls.pattern})$", max_length=cls.max_length, strict=True
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "description": cls.__doc__}


class AgencyId(Name):
    """An agency that serves in malls, for example `dinkes`."""


class MallId(Name):
    """A public service mall, for example `mpp-nusantara`."""


class JourneyCode(Name):
    """A journey of the catalogue, for example `izin-praktik-dokter`."""


class StageCode(Name):
    """A stage inside a journey, for example `pemeriksaan-teknis`."""


class ServiceCode(Name):
    """A service of an agency, for example `DUK-KTP`."""

    pattern = r"[A-Z]{2,6}-[A-Z0-9]{2,8}"
    max_length = 15


class CounterCode(Name):
    """What the board and the voice call a counter, for example `Z1-04`."""

    pattern = r"[A-Z0-9]{1,4}(-[A-Z0-9]{1,4})?"
    max_length = 9


class DeviceCode(Name):
    """What a mall calls one of its kiosks or boards, for example `kios-1`."""


class PolicyCode(Name):
    """A rule by which lines are called or places are given out, for example `umum`."""


class Actor(Name):
    """Who acts: a kind and, except for `public`, an opaque name, for example `agency:dinkes`."""

    pattern = (
        r"public|(agency|board|citizen|kiosk|officer|operator|system):[a-z0-9][a-z0-9._-]{0,63}"
    )
    max_length = 73

    @property
    def kind(self) -> str:
        """The part before the colon."""
        return self.partition(":")[0]

    @property
    def name(self) -> str:
        """The part after the colon; empty for `public`."""
        return self.partition(":")[2]
