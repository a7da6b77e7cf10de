"""The tables of notify, as its migrations make them."""

from sqlalchemy import Column, DateTime, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import UUID

METADATA = MetaData()

RECIPIENTS = Table(
    "recipients",
    METADATA,
    Column("person_id", UUID, primary_key=True),
    Column("request", LargeBinary, nullable=False, unique=True),
    Column("fingerprint", LargeBinary),
    Column("language", Text, nullable=False),
    Column("address", LargeBinary),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("erased_at", DateTime(timezone=True)),
)
RECIPIENT_KEYS = Table(
    "recipient_keys",
    METADATA,
    Column("person_id", UUID, primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False),
)
APPLICANTS = Table(
    "applicants",
    METADATA,
    Column("application_id", UUID, primary_key=True),
    Column("recipient_id", UUID, nullable=False),
)
NOTIFICATIONS = Table(
    "notifications",
    METADATA,
    Column("notification_id", UUID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("application_id", UUID),
    Column("recipient_id", UUID, nullable=False),
    Column("cause_id", UUID, nullable=False),
    Column("template", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("queued_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("about_id", UUID),
)
DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("notification_id", UUID, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True)),
)
