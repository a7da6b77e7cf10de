"""Sessions in their table."""

from collections.abc import Iterable, Sequence
from typing import Any

from chassis.database import Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import MallId, ServiceCode, SessionId
from services.booking import tables
from services.booking.domain.session import Session
from services.booking.store.kinds import of_kind

_row = row_of(Session)


async def lock(tx: Tx, ids: Iterable[SessionId]) -> list[Session]:
    """The sessions with these ids, locked in the order of ids."""
    return [_session(row) for row in await lock_rows(tx, tables.sessions, ids)]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the sessions among these states."""
    await save_rows(tx, tables.sessions, [_row(one) for one in of_kind(states, Session)])


def _session(row: Row) -> Session:
    return Session(
        SessionId(row["id"]),
        row["version"],
        MallId(row["mall"]),
        ServiceCode(row["service"]),
        row["service_date"],
        row["starts_at"],
        row["ends_at"],
        row["capacity"],
        row["booked"],
    )
