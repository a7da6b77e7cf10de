"""Its tables: what it decides on, its outbox, and its read model."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_TIME = DateTime(timezone=True)


class Base(DeclarativeBase):
    """All tables."""


class Application(Base):
    """What commands decide on."""

    __tablename__ = "applications"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    state: Mapped[str]


class Report(Base):
    """A report that was taken; its id makes it safe to repeat."""

    __tablename__ = "reports"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id"))
    activity: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(_TIME, server_default=func.now())


class OutboxMessage(Base):
    """What is to be published, written in the transaction of its command."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("application_id", "version"),
        Index("outbox_unpublished", "id", postgresql_where=text("published_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    application_id: Mapped[UUID]
    version: Mapped[int]
    type: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(_TIME, server_default=func.now())
    published_at: Mapped[datetime | None] = mapped_column(_TIME)


class InboxMessage(Base):
    """A message that was applied: the next time it is a repeat."""

    __tablename__ = "inbox"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)


class ApplicationView(Base):
    """The read model: one row per application."""

    __tablename__ = "application_view"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    last_activity: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(
        _TIME, server_default=func.now(), onupdate=func.now()
    )


class TimelineEntry(Base):
    """The read model: one row per message."""

    __tablename__ = "timeline"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    application_id: Mapped[UUID] = mapped_column(index=True)
    version: Mapped[int]
    type: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
