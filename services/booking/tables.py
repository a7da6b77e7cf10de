"""The tables of booking, as `migrations/` makes them; constraints and indexes stand there."""

from sqlalchemy import Column, Date, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

malls = Table(
    "malls",
    metadata,
    Column("code", Text, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("agencies", JSONB, nullable=False),
)

services = Table(
    "services",
    metadata,
    Column("code", Text, primary_key=True),
    Column("agency", Text, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("mall", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("service_date", Date, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("booked", Integer, nullable=False),
)

appointments = Table(
    "appointments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("service", Text, nullable=False),
    Column("service_date", Date, nullable=False),
    Column("status", Text, nullable=False),
)
