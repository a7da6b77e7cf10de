"""Agencies that open, open late, or do not open: told once, by calendar and the mall's hours."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chassis import clock, testing
from chassis.testing import Probe
from local.testing import Database
from services.queue.wiring import SERVICE
from tests.services.queue.conftest import KTP, MALL, Fresh, Queue, mall_entry, published

pytestmark = pytest.mark.integration

ZONE = ZoneInfo("Asia/Jayapura")
MONDAY = date(2026, 3, 2)
POLICY = "jam-kantor"
"""Agencies may open five minutes late."""


def at(hour: int, minute: int = 0, second: int = 0, day: date = MONDAY) -> datetime:
    return datetime.combine(day, time(hour, minute, second), ZONE).astimezone(UTC)


@pytest.fixture
async def addresses(fresh_database: Fresh) -> Database:
    return await fresh_database("queue")


@pytest.fixture
async def queue(addresses: Database, key_file: Path) -> AsyncIterator[Queue]:
    """A mall that minds its hours, with two agencies: one of them works on Saturdays."""
    async with testing.running(SERVICE, addresses, code_key_file=key_file) as probe:
        counters = [{"code": "K-01", "services": [KTP]}, {"code": "K-02", "services": ["KUA-NKH"]}]
        mall = mall_entry(policy=POLICY, agencies=["dukcapil", "kua"], counters=counters)
        named = [
            ("queue_policy", POLICY),
            ("agency", "dukcapil"),
            ("agency", "kua"),
            ("service", KTP),
            ("service", "KUA-NKH"),
            ("calendar", "nasional-2026"),
        ]
        arrivals = [probe.arrival(one) for one in (*published(*named), mall)]
        await probe.deliver("queue.catalogue", *arrivals)
        yield Queue(probe)


async def opens(queue: Queue, code: str, when: datetime, patch: pytest.MonkeyPatch) -> None:
    with patch.context() as patched:
        patched.setattr(clock, "now", lambda: when)
        await queue.opened(code)


async def told(probe: Probe) -> list[tuple[str, str, int | None]]:
    """What was told of agencies, in order: kind, agency, minutes late."""
    return [
        (
            fact["type"].removeprefix("queue.agency_").removesuffix(".v1"),
            fact["payload"]["agency"],
            fact["payload"].get("late_minutes"),
        )
        for fact in await probe.facts()
        if fact["type"].startswith("queue.agency_")
    ]


async def test_who_has_not_opened_five_minutes_after_the_hour_is_told_absent_once(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opens(queue, "K-01", at(7, 55), monkeypatch)
    await queue.probe.time_comes(at(8, 4, 59))
    assert await told(queue.probe) == [("present", "dukcapil", 0)]
    for moment in (at(8, 5), at(8, 5, 1), at(8, 4), at(9)):
        await queue.probe.time_comes(moment)
    await opens(queue, "K-02", at(8, 17, 59), monkeypatch)
    assert await told(queue.probe) == [
        ("present", "dukcapil", 0),
        ("absent", "kua", None),
        ("present", "kua", 17),
    ]
    (fact,) = [one for one in await queue.probe.facts() if "absent" in one["type"]]
    assert fact["payload"]["expected_at"] == at(8).astimezone(ZONE).isoformat()


async def test_who_opens_a_second_counter_or_again_is_told_once(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opens(queue, "K-01", at(8, 2), monkeypatch)
    await queue.post("/v1/counters/K-01/close", headers=queue.officer_of("K-01"))
    await opens(queue, "K-01", at(10), monkeypatch)
    await queue.probe.time_comes(at(11))
    assert [one for one in await told(queue.probe) if one[1] == "dukcapil"] == [
        ("present", "dukcapil", 2)
    ]


@pytest.mark.parametrize(
    "day,expected",
    [
        (date(2026, 3, 7), {"dukcapil"}),  # Saturday: its own week
        (date(2026, 3, 8), set()),  # Sunday
        (date(2026, 3, 19), set()),  # a holiday on a Thursday
        (date(2026, 3, 3), {"dukcapil", "kua"}),
        (date(2027, 3, 6), {"dukcapil"}),  # no calendar: the week alone
    ],
)
async def test_nobody_is_missed_on_a_day_without_work(
    queue: Queue, day: date, expected: set[str]
) -> None:
    await queue.probe.time_comes(at(8, 5, day=day))
    assert {agency for _, agency, _ in await told(queue.probe)} == expected


async def test_nobody_is_missed_before_the_mall_opens_or_after_it_has_closed(queue: Queue) -> None:
    for moment in (at(0, 5), at(7, 59), at(15), at(23, 59)):
        await queue.probe.time_comes(moment)
    assert await told(queue.probe) == []


async def test_two_processes_tell_it_once(
    queue: Queue, addresses: Database, key_file: Path
) -> None:
    async with testing.running(SERVICE, addresses, code_key_file=key_file) as second:
        probes = [queue.probe, second, second, queue.probe]
        await asyncio.gather(*(probe.time_comes(at(8, 6)) for probe in probes))
    assert sorted(await told(queue.probe)) == [
        ("absent", "dukcapil", None),
        ("absent", "kua", None),
    ]


async def test_opening_and_being_missed_at_the_same_instant_agree(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One patch for both: two that overlap would put back each other's clock, and it would stay.
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: at(8, 5))
        await asyncio.gather(
            queue.opened("K-01"), queue.opened("K-02"), queue.probe.time_comes(at(8, 5))
        )
    of_kua = [kind for kind, agency, _ in await told(queue.probe) if agency == "kua"]
    assert of_kua in (["present"], ["absent", "present"])


async def test_a_mall_that_minds_no_hours_misses_nobody(queue: Queue) -> None:
    await queue.probe.deliver("queue.catalogue", queue.probe.arrival(mall_entry(), version=2))
    await queue.probe.time_comes(at(9))
    assert await told(queue.probe) == []


async def test_everybody_can_see_who_came(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    await opens(queue, "K-01", at(8, 1), monkeypatch)
    await queue.probe.time_comes(at(8, 6))
    answer = await queue.probe.client.get(
        "/v1/presence", params={"mall": MALL, "date": MONDAY.isoformat()}
    )
    shown = {one["agency"]: one for one in answer.json()}
    assert (shown["dukcapil"]["late_minutes"], shown["dukcapil"]["absent_at"]) == (1, None)
    assert shown["kua"]["present_at"] is None
    assert datetime.fromisoformat(shown["kua"]["absent_at"]) == at(8, 6)
    today = await queue.probe.client.get("/v1/presence", params={"mall": MALL})
    unknown = await queue.probe.client.get("/v1/presence", params={"mall": "mpp-lain"})
    assert (today.status_code, unknown.json()) == (200, [])
