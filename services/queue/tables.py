"""The tables of queue, as `migrations/` makes them; constraints and indexes stand there."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from chassis.database import ROW_TYPE

metadata = MetaData()

malls = Table(
    "malls",
    metadata,
    Column("code", Text, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("counters", JSONB, nullable=False),
)

lines = Table(
    "lines",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("mall", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("service_date", Date, nullable=False),
    Column("last_number", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("called_number", Integer),
    Column("called_to", Text),
    info={ROW_TYPE: "lines_row"},
)

tickets = Table(
    "tickets",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("line_id", Uuid, nullable=False),
    Column("service", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("lane", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("appointment_id", Uuid),
    Column("counter_id", Uuid),
    info={ROW_TYPE: "tickets_row"},
)

counters = Table(
    "counters",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("mall", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("services", JSONB, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("ticket_id", Uuid),
)

board_head = Table(
    "board_head",
    metadata,
    Column("id", SmallInteger, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

board_feed = Table(
    "board_feed",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("mall", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("queue_id", Uuid),
    Column("kind", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("data", Text, nullable=False),
    Column("shown_at", DateTime(timezone=True), nullable=False),
)
