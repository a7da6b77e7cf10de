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
    Time,
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
    Column("opens_at", Time),
    Column("closes_at", Time),
    Column("more", JSONB, nullable=False),
)

policies = Table(
    "policies",
    metadata,
    Column("code", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("body", JSONB, nullable=False),
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
    Column("version", Integer, nullable=False),
    Column("series", Text, nullable=False),
    Column("device_id", Uuid),
    Column("device_epoch", Integer),
    Column("granted_at", DateTime(timezone=True)),
    Column("most", Integer),
    Column("step", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("turn_of", Text),
    Column("wait_reguler", Integer, nullable=False),
    Column("wait_prioritas", Integer, nullable=False),
    Column("wait_janji", Integer, nullable=False),
    Column("wait_lanjutan", Integer, nullable=False),
    Column("wait_meant", Integer, nullable=False),
    Column("priority_issued", Integer, nullable=False),
    Column("priority_most", Integer),
    Column("last_place_at", DateTime(timezone=True)),
    Column("called_label", Text),
    Column("numbers_closed", Text),
    Column("day_closed", Boolean, nullable=False),
    Column("gap_ms", Integer),
    Column("width_pm", Integer),
    Column("last_call_at", DateTime(timezone=True)),
    Column("predicted", Integer, nullable=False),
    Column("inside", Integer, nullable=False),
    info={ROW_TYPE: "lines_row_2"},
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
    Column("queue_id", Uuid, nullable=False),
    Column("label", Text, nullable=False),
    Column("place_at", DateTime(timezone=True), nullable=False),
    Column("first_place_at", DateTime(timezone=True), nullable=False),
    Column("entered_step", Integer, nullable=False),
    Column("lane_reason", Text),
    Column("person_id", Uuid),
    Column("for_counter", Uuid),
    Column("device_id", Uuid),
    Column("occurred_at", DateTime(timezone=True)),
    Column("calls", Integer, nullable=False),
    Column("skips", Integer, nullable=False),
    Column("called_at", DateTime(timezone=True)),
    Column("held_until", DateTime(timezone=True)),
    Column("low_s", Integer),
    Column("high_s", Integer),
    Column("near_told", Boolean, nullable=False),
    Column("outcome", Text),
    info={ROW_TYPE: "tickets_row_2"},
)

steps = Table(
    "steps",
    metadata,
    Column("queue_id", Uuid, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
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
    Column("officer", Text),
    Column("session_id", Uuid),
    Column("paused_reason", Text),
    Column("paused_until", DateTime(timezone=True)),
    Column("asked", JSONB),
)

presences = Table(
    "presences",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("mall", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("service_date", Date, nullable=False),
    Column("expected_at", DateTime(timezone=True)),
    Column("absent_at", DateTime(timezone=True)),
    Column("present_at", DateTime(timezone=True)),
    Column("late_minutes", Integer),
)

offices = Table(
    "offices",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("body", JSONB, nullable=False),
)

board_head = Table(
    "board_head",
    metadata,
    Column("id", SmallInteger, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("kept_from", BigInteger, nullable=False),
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

devices = Table(
    "devices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("mall", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("locked_reason", Text),
)

surveys = Table(
    "surveys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("mall", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("service_date", Date, nullable=False),
    *(Column(f"u{place}", SmallInteger, nullable=False) for place in range(1, 10)),
)


survey_months = Table(
    "survey_months",
    metadata,
    Column("mall", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("respondents", Integer, nullable=False),
    *(Column(f"s{place}", Integer, nullable=False) for place in range(1, 10)),
    Column("shown", Integer, nullable=False),
    *(Column(f"p{place}", Integer, nullable=False) for place in range(1, 10)),
)
