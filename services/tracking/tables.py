"""Tracking's own tables, as its code uses them; `migrations/` makes them."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from chassis.database import ROW_TYPE

METADATA = MetaData()
_TIME = DateTime(timezone=True)

APPLICATIONS = Table(
    "applications",
    METADATA,
    Column("application_id", UUID(as_uuid=True), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("journey", Text),
    Column("revision", Integer),
    Column("life", Text, nullable=False),
    Column("stages", JSONB, nullable=False),
    info={ROW_TYPE: "applications_row"},
)

TRACKING_CODES = Table(
    "tracking_codes",
    METADATA,
    Column("application_id", UUID(as_uuid=True), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
)

CATALOGUE_ENTRIES = Table(
    "catalogue_entries",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("body", JSONB, nullable=False),
    Column("arrived", BigInteger, Identity(always=True), nullable=False),
)

APPLICATION_VIEW = Table(
    "application_view",
    METADATA,
    Column("application_id", UUID(as_uuid=True), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("mall", Text),
    Column("service", Text),
    Column("journey", Text),
    Column("revision", Integer),
    Column("ticket_id", UUID(as_uuid=True)),
    Column("stages", JSONB, nullable=False),
    Column("agencies", JSONB, nullable=False),
    Column("submitted_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    Column("recorded_at", _TIME, nullable=False),
    info={ROW_TYPE: "application_view_row"},
)

TIMELINE = Table(
    "timeline",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", UUID(as_uuid=True), nullable=False, unique=True),
    Column("key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("aggregate_id", UUID(as_uuid=True), nullable=False),
    Column("version", Integer, nullable=False),
    Column("time", _TIME, nullable=False),
    Column("recorded_at", _TIME, nullable=False),
    Column("actor", Text),
    Column("agency", Text),
    Column("stage", Text),
    Column("journey", Text),
    Column("revision", Integer),
    Column("data", Text, nullable=False),
    Column("shown_at", _TIME, nullable=False, server_default=func.clock_timestamp()),
)

TIMELINE_HEAD = Table(
    "timeline_head",
    METADATA,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("as_of", _TIME),
)
