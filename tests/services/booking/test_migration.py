"""What the migration to days, channels and claims makes of places that were taken before it."""

from collections.abc import Iterator
from datetime import date

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from chassis import migrations
from chassis.migrations import Migration, migrate, migrations_of
from contracts.ids import PersonId, ServiceCode
from services.booking.domain.claims import service_day
from tests.services.booking.conftest import Fresh

pytestmark = pytest.mark.integration
BEFORE = """
INSERT INTO sessions (id, version, mall, service, service_date, starts_at, ends_at, capacity,
                      booked)
SELECT gen_random_uuid(), 1, 'mpp-uji', service, '2026-03-02', now(), now() + interval '1 h',
       capacity, booked
FROM (VALUES ('DUK-KTP', 3, 2), ('DUK-KTP', 5, 0), ('DUK-KK', 2, 0))
     AS one (service, capacity, booked)
"""
PLACES = """
INSERT INTO appointments (id, version, session_id, person_id, service, service_date, status)
SELECT gen_random_uuid(), 1, id, person::uuid, service, service_date, status
FROM sessions, unnest($1::text[], ARRAY['booked', 'checked_in', 'cancelled'])
     AS one (person, status)
WHERE booked = 2
"""
SUMS = """
SELECT days.service, days.version, days.taken, days.free_online,
       sum(sessions.taken_online) AS online, count(*) AS sessions
FROM days JOIN sessions ON sessions.day_id = days.id GROUP BY days.id ORDER BY days.service
"""


async def test_what_was_taken_before_is_counted_and_seated(
    fresh_database: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = await fresh_database("booking")

    def older(service: str) -> Iterator[Migration]:
        new = "booking/0001_create_sessions_and_appointments"
        return (
            one for one in migrations_of(service) if one.name <= new or "booking/" not in one.name
        )

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "migrations_of", older)
        await migrate(addresses.owner_url, "booking")
    url = make_url(addresses.owner_url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    try:
        await connection.execute(BEFORE)
        persons = [PersonId.new() for _ in range(3)]
        await connection.execute(PLACES, [str(person) for person in persons])
        await migrate(addresses.owner_url, "booking")
        rows = [tuple(row) for row in await connection.fetch(SUMS)]
        assert rows == [("DUK-KK", 0, 0, 2, 0, 1), ("DUK-KTP", 0, 2, 6, 2, 2)]
        seats = {row["digest"] for row in await connection.fetch("SELECT * FROM claims WHERE live")}
        assert seats == {
            service_day(str(person), ServiceCode("DUK-KTP"), date(2026, 3, 2)).digest
            for person in persons[:2]
        }
    finally:
        await connection.close()
