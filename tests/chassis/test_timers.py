"""What time causes is done once, by however many processes, whatever clock and database do."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chassis import clock, metrics, testing
from chassis.database import Tx
from chassis.lanes import Lanes
from chassis.service import Running, Service
from chassis.settings import ServiceSettings
from chassis.testing import Probe
from chassis.timers import LANE, MOST, Due, Timer
from contracts.ids import Actor
from local.testing import Database
from tests.chassis import toy
from tests.chassis.toy import AddCoin, PotId

pytestmark = pytest.mark.integration

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DUE = """
SELECT egg.pot_id, egg.due_at, egg.note FROM eggs AS egg LEFT JOIN pots ON pots.id = egg.pot_id
WHERE egg.due_at <= $1 AND pots.id IS NULL ORDER BY egg.due_at, egg.pot_id LIMIT $2
"""
LAY = """
INSERT INTO eggs (pot_id, due_at, note)
SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[])
"""


async def due_eggs(tx: Tx, now: datetime, most: int) -> Sequence[Due]:
    """A pot gets its first coin when its egg is done."""
    return [
        Due(
            row["due_at"],
            AddCoin(
                actor=Actor("system:toy"),
                at=now,
                key=f"egg:{row['pot_id']}",
                pot_id=PotId(row["pot_id"]),
                note=row["note"],
            ),
        )
        for row in await tx.fetch(DUE, now, most)
    ]


def with_eggs(_running: Running) -> Sequence[Timer]:
    return (Timer("eggs", due_eggs),)


SERVICE = Service("toy", ServiceSettings, toy.DOMAIN, toy.router, (toy.VIEW,), timers=with_eggs)


@pytest.fixture
async def database(toy_database: Database, as_owner: Callable[..., Awaitable[None]]) -> Database:
    await as_owner(
        toy_database,
        "CREATE TABLE eggs (pot_id uuid PRIMARY KEY, due_at timestamptz NOT NULL, "
        "note text NOT NULL);"
        f'GRANT SELECT, INSERT ON eggs TO "{toy_database.name}"',
    )
    return toy_database


@pytest.fixture
async def probe(database: Database) -> AsyncIterator[Probe]:
    async with testing.running(SERVICE, database) as probe:
        yield probe


async def lay(probe: Probe, *minutes: int, note: str = "") -> list[PotId]:
    """Eggs that are done so many minutes after the start."""
    pots = [PotId.new() for _ in minutes]
    times = [START + timedelta(minutes=one) for one in minutes]
    async with probe.running.database.transaction() as tx:
        await tx.execute(LAY, pots, times, [note] * len(pots))
    return pots


async def coins(probe: Probe) -> list[str]:
    """The pots that got a coin, in the order of the log; one that got two stands there twice."""
    return [str(fact["aggregate_id"]) for fact in await probe.facts()]


def gauge(name: str, timer: str = "eggs") -> float:
    families = text_string_to_metric_families(metrics.exposition().decode())
    (value,) = (
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and sample.labels == {"timer": timer}
    )
    return float(value)


async def test_what_is_due_is_done_and_what_is_not_yet_is_left(probe: Probe) -> None:
    first, second, _later = await lay(probe, 1, 2, 30)
    await probe.time_comes(START + timedelta(minutes=2))
    assert sorted(await coins(probe)) == sorted(map(str, (first, second)))
    facts = await probe.facts()
    assert {fact["actor"] for fact in facts} == {"system:toy"}
    assert {fact["time"] for fact in facts} == {START + timedelta(minutes=2)}


async def test_much_that_is_due_comes_in_bounded_sets(probe: Probe) -> None:
    pots = await lay(probe, *range(MOST + 30))
    assert await probe.running.timers.look(START + timedelta(days=1))
    assert len(await coins(probe)) == MOST
    assert not await probe.running.timers.look(START + timedelta(days=1))
    assert sorted(await coins(probe)) == sorted(map(str, pots))


async def test_several_processes_do_it_once(probe: Probe, database: Database) -> None:
    pots = await lay(probe, *range(50))
    async with (
        testing.running(SERVICE, database) as second,
        testing.running(SERVICE, database) as third,
    ):
        await asyncio.gather(
            *(one.time_comes(START + timedelta(hours=1)) for one in (probe, second, third))
        )
    assert sorted(await coins(probe)) == sorted(map(str, pots))


async def test_a_clock_that_is_set_back_repeats_nothing(probe: Probe) -> None:
    (pot,) = await lay(probe, 10)
    for minutes in (9, 10, 5, 10, 11):
        await probe.time_comes(START + timedelta(minutes=minutes))
    assert await coins(probe) == [str(pot)]


async def test_a_process_that_was_killed_leaves_the_rest_to_the_next(
    probe: Probe, database: Database, tmp_path: os.PathLike[str]
) -> None:
    """The killed one had committed a group that it never heard of."""
    pots = await lay(probe, *range(300))
    code = (
        "import asyncio, datetime\n"
        "from chassis import testing\n"
        "from chassis.failpoints import arm\n"
        "from local.testing import Database\n"
        "from tests.chassis.test_timers import SERVICE, START\n"
        "async def main():\n"
        f"    async with testing.running(SERVICE, {database!r}) as probe:\n"
        "        arm('dispatch.after_commit=crash@1')\n"
        "        await probe.time_comes(START + datetime.timedelta(days=1))\n"
        "asyncio.run(main())\n"
    )
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code],
        check=False,
        timeout=50,
    )
    assert killed.returncode == -signal.SIGKILL
    assert 0 < len(await coins(probe)) < len(pots)
    await probe.time_comes(START + timedelta(days=1))
    assert sorted(await coins(probe)) == sorted(map(str, pots))


async def test_commands_that_fail_hold_up_no_other(probe: Probe) -> None:
    await lay(probe, *([0] * (MOST + 20)), note="bug")
    good = await lay(probe, 1, 2)
    await probe.time_comes(START + timedelta(minutes=5))
    await probe.time_comes(START + timedelta(minutes=5))
    assert sorted(await coins(probe)) == sorted(map(str, good))
    assert gauge("loket_due_oldest_seconds") == 300


async def test_while_the_database_is_away_nothing_is_lost_and_the_service_goes_on(
    probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pot,) = await lay(probe, 1)
    looks = gauge("loket_timer_looks_total")
    with monkeypatch.context() as patched:

        def away() -> None:
            raise ConnectionRefusedError

        patched.setattr(probe.running.database, "transaction", away)
        assert not await probe.running.timers.look(START + timedelta(minutes=2))
    assert gauge("loket_timer_looks_total") == looks
    await probe.time_comes(START + timedelta(minutes=2))
    assert await coins(probe) == [str(pot)]
    assert gauge("loket_timer_looks_total") > looks


async def test_metrics_tell_how_much_is_due_and_since_when(probe: Probe) -> None:
    await lay(probe, 1, 3)
    await probe.time_comes(START + timedelta(minutes=4))
    assert (gauge("loket_due_commands"), gauge("loket_due_oldest_seconds")) == (2, 180)
    await probe.time_comes(START + timedelta(minutes=5))
    assert (gauge("loket_due_commands"), gauge("loket_due_oldest_seconds")) == (0, 0)


async def test_these_commands_wait_in_a_lane_of_their_own(probe: Probe) -> None:
    await lay(probe, 1)
    with mock.patch.object(Lanes, "put", autospec=True, side_effect=Lanes.put) as put:
        await probe.time_comes(START + timedelta(minutes=2))
    assert [call.args[1] for call in put.call_args_list] == [LANE]


async def test_the_task_looks_by_itself_and_ends_with_what_is_under_way(
    probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pot,) = await lay(probe, 1)
    monkeypatch.setattr(clock, "now", lambda: START + timedelta(minutes=2))
    timers, stopping = probe.running.timers, asyncio.Event()
    timers._seconds = 0.01
    done = asyncio.Event()
    probe.running.after_commit.append(done.set)
    task = asyncio.create_task(timers.run(stopping))
    async with asyncio.timeout(20):
        await done.wait()
        stopping.set()
        await task
    assert await coins(probe) == [str(pot)]
