"""Numbers begin anew at midnight on the wall of the mall, whatever the clocks elsewhere say."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from chassis import clock, testing
from chassis.testing import Probe
from services.queue.wiring import SERVICE
from tests.services.queue.conftest import KTP, Fresh, mall_entry

pytestmark = pytest.mark.integration

TICK = timedelta(milliseconds=1)
NEW_DAY = date(2026, 3, 2)
ZONES = {"mpp-barat": "Asia/Jakarta", "mpp-tengah": "Asia/Makassar", "mpp-timur": "Asia/Jayapura"}
_NUMBERS = """
SELECT line.mall, line.service_date, array_agg(ticket.number ORDER BY ticket.number) AS numbers
FROM tickets AS ticket JOIN lines AS line ON line.id = ticket.line_id
GROUP BY line.mall, line.service_date ORDER BY line.mall, line.service_date
"""


def midnight_in(zone: str) -> datetime:
    """The first instant of the new day there."""
    return datetime(NEW_DAY.year, NEW_DAY.month, NEW_DAY.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@contextmanager
def clocks(patch: pytest.MonkeyPatch, *instants: datetime) -> Iterator[None]:
    """Whoever asks for the time is told these in turn, as clocks of many machines would tell it."""
    told = itertools.cycle(instants)
    with patch.context() as patched:
        patched.setattr(clock, "now", lambda: next(told))
        yield


async def issue(probe: Probe, mall: str) -> None:
    """One more ticket."""
    headers = {
        "Idempotency-Key": uuid4().hex,
        **probe.bearer(f"kiosk-{mall}", "kiosk", mall=mall),
    }
    body = {"mall": mall, "service": KTP}
    answer = await probe.client.post("/v1/tickets", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


async def numbers(probe: Probe) -> dict[tuple[str, date], list[int]]:
    """The numbers of each line."""
    rows = await probe.rows(_NUMBERS)
    return {(row["mall"], row["service_date"]): row["numbers"] for row in rows}


async def test_each_zone_has_a_midnight_of_its_own_also_for_two_processes(
    fresh_database: Fresh, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = await fresh_database("queue")
    async with (
        testing.running(SERVICE, addresses, code_key_file=key_file) as one,
        testing.running(SERVICE, addresses, code_key_file=key_file) as other,
    ):
        for mall, zone in ZONES.items():
            await one.deliver("queue.catalogue", one.arrival(mall_entry(mall, zone=zone)))
        for mall, zone in ZONES.items():
            midnight = midnight_in(zone)
            both = itertools.islice(itertools.cycle((one, other)), 50)
            # Two machines, whose clocks stand on the two sides of midnight.
            with clocks(monkeypatch, midnight - TICK, midnight):
                await asyncio.gather(*(issue(probe, mall) for probe in both))
        found = await numbers(one)
    before = NEW_DAY - timedelta(days=1)
    assert set(found) == {(mall, day) for mall in ZONES for day in (before, NEW_DAY)}
    for mall in ZONES:
        assert len(found[mall, before]) + len(found[mall, NEW_DAY]) == 50
        for day in (before, NEW_DAY):
            assert found[mall, day] == list(range(1, len(found[mall, day]) + 1))


async def test_a_clock_that_is_set_back_over_midnight_leaves_no_gap_on_either_day(
    fresh_database: Fresh, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = await fresh_database("queue")
    mall, zone = "mpp-timur", "Asia/Jayapura"
    midnight = midnight_in(zone)
    hour = timedelta(hours=1)
    async with testing.running(SERVICE, addresses, code_key_file=key_file) as probe:
        await probe.deliver("queue.catalogue", probe.arrival(mall_entry(mall, zone=zone)))
        for at in (midnight - TICK, midnight, midnight - hour, midnight + hour, midnight - TICK):
            with clocks(monkeypatch, at):
                await issue(probe, mall)
        found = await numbers(probe)
    assert found == {
        (mall, NEW_DAY - timedelta(days=1)): [1, 2, 3],
        (mall, NEW_DAY): [1, 2],
    }
