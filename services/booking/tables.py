"""The tables of booking, as `migrations/` makes them; constraints and indexes stand there."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Time,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from chassis.database import ROW_TYPE

metadata = MetaData()
_TIME = DateTime(timezone=True)


def _needed(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


malls = Table(
    "malls",
    metadata,
    Column("code", Text, primary_key=True),
    _needed("zone", Text),
    _needed("agencies", JSONB),
    Column("policy", Text),
    _needed("bookings", JSONB),
    Column("opens_at", Time),
    Column("closes_at", Time),
    _needed("counters", JSONB),
    _needed("walking", JSONB),
)

services = Table(
    "services",
    metadata,
    Column("code", Text, primary_key=True),
    _needed("agency", Text),
    Column("minutes", Integer),
    _needed("after", Text),
)

policies = Table(
    "policies",
    metadata,
    Column("code", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    _needed("body", JSONB),
)

plans = Table(
    "plans",
    metadata,
    Column("mall", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    _needed("revision", Integer),
    _needed("body", JSONB),
    Column("due_at", _TIME),
)

days = Table(
    "days",
    metadata,
    Column("id", Uuid, primary_key=True),
    _needed("version", Integer),
    _needed("mall", Text),
    _needed("service", Text),
    _needed("service_date", Date),
    _needed("taken", Integer),
    _needed("waiting", Integer),
    _needed("free_online", Integer),
    Column("most", Integer),
    _needed("policy", Text),
    _needed("policy_version", Integer),
    _needed("mode", Text),
    Column("opens_at", _TIME),
    Column("closes_at", _TIME),
    _needed("spread_s", Integer),
    Column("seed_digest", Text),
    _needed("step", SmallInteger),
    Column("due_at", _TIME),
    _needed("parts", Text),
    info={ROW_TYPE: "days_row"},
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    _needed("version", Integer),
    _needed("day_id", Uuid),
    _needed("mall", Text),
    _needed("service", Text),
    _needed("service_date", Date),
    _needed("starts_at", _TIME),
    _needed("ends_at", _TIME),
    _needed("capacity", Integer),
    _needed("booked", Integer),
    _needed("held", Integer),
    _needed("overbook", Integer),
    Column("released", Integer),
    _needed("taken_online", Integer),
    _needed("taken_counter", Integer),
    _needed("taken_partner", Integer),
    Column("most_online", Integer),
    Column("most_counter", Integer),
    Column("most_partner", Integer),
    _needed("channels_open", Boolean),
    Column("closed_by", Uuid),
    _needed("approve", Boolean),
    Column("due_at", _TIME),
    info={ROW_TYPE: "sessions_row"},
)

appointments = Table(
    "appointments",
    metadata,
    Column("id", Uuid, primary_key=True),
    _needed("version", Integer),
    _needed("session_id", Uuid),
    _needed("person_id", Uuid),
    _needed("service", Text),
    _needed("service_date", Date),
    _needed("status", Text),
    _needed("channel", Text),
    _needed("also", Text),
    _needed("places", SmallInteger),
    Column("visit_id", Uuid),
    Column("wait_id", Uuid),
    _needed("moves", SmallInteger),
    Column("held_until", _TIME),
    Column("disturbed_by", Uuid),
    _needed("step", SmallInteger),
    Column("due_at", _TIME),
    Column("ended_at", _TIME),
    _needed("pardoned", Boolean),
    info={ROW_TYPE: "appointments_row"},
)

visits = Table(
    "visits",
    metadata,
    Column("id", Uuid, primary_key=True),
    _needed("version", Integer),
    _needed("mall", Text),
    _needed("service_date", Date),
    _needed("person_id", Uuid),
    _needed("status", Text),
    _needed("stops", JSONB),
)

closures = Table(
    "closures",
    metadata,
    Column("id", Uuid, primary_key=True),
    _needed("version", Integer),
    _needed("kind", Text),
    _needed("mall", Text),
    Column("agency", Text),
    Column("service", Text),
    _needed("from_at", _TIME),
    _needed("until_at", _TIME),
    _needed("reason", Text),
    _needed("declared_at", _TIME),
    Column("lifted_at", _TIME),
    _needed("told", Integer),
    Column("due_at", _TIME),
)

hours = Table(
    "hours",
    metadata,
    Column("mall", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    _needed("opens_at", Time),
    _needed("closes_at", Time),
    _needed("known_at", _TIME),
)

offices = Table(
    "offices",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    _needed("revision", Integer),
    _needed("body", JSONB),
)

claims = Table(
    "claims",
    metadata,
    Column("appointment_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    _needed("nth", SmallInteger),
    _needed("most", SmallInteger),
    _needed("live", Boolean),
    _needed("at", _TIME),
    info={ROW_TYPE: "claims_row"},
)

waits = Table(
    "waits",
    metadata,
    Column("id", Uuid, primary_key=True),
    _needed("version", Integer),
    _needed("day_id", Uuid),
    _needed("person_id", Uuid),
    _needed("kind", Text),
    Column("identity", LargeBinary),
    _needed("lane", SmallInteger),
    _needed("rank", BigInteger),
    _needed("status", Text),
    _needed("offers", SmallInteger),
    Column("appointment_id", Uuid),
    info={ROW_TYPE: "waits_row"},
)
