"""Sending: cases side by side, within a case strictly one after the other, failures at once."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator

import pytest

from contracts.ids import AgencyId, ReportId
from simulator.replay.book import Case, Report
from simulator.replay.lanes import AHEAD, Lanes


def report(seq: int, case: int) -> Report:
    number = Case(case, f"key-{case}", "http")
    return Report(seq, number, ReportId.new(), AgencyId("a"), "step", "complete", "time")


async def test_a_case_is_sent_in_its_order_and_never_twice_at_once() -> None:
    sent: dict[int, list[int]] = defaultdict(list)
    under_way: set[int] = set()

    async def deliver(one: Report) -> None:
        assert one.case.number not in under_way
        under_way.add(one.case.number)
        for _ in range(1 + one.seq % 3):
            await asyncio.sleep(0)
        under_way.remove(one.case.number)
        sent[one.case.number].append(one.seq)

    reports = [report(seq, seq * 7 % 13) for seq in range(500)]
    lanes = Lanes(deliver, 8)
    await lanes.run(reports)
    assert lanes.done == 500
    for case, order in sent.items():
        assert order == [one.seq for one in reports if one.case.number == case]
    assert len(sent) == 13


async def test_a_case_that_is_stuck_holds_back_no_other() -> None:
    others = asyncio.Event()
    done: set[int] = set()

    async def deliver(one: Report) -> None:
        if one.case.number == 0:
            await others.wait()
        done.add(one.case.number)
        if len(done) == 20:
            others.set()

    long_case = [report(seq, 0) for seq in range(30)]
    rest = [report(30 + case, case) for case in range(1, 21)]
    async with asyncio.timeout(10):
        await Lanes(deliver, 4).run([*long_case, *rest])
    assert done == set(range(21))


async def test_no_more_is_read_ahead_than_there_is_room() -> None:
    read = 0
    go_on = asyncio.Event()

    def reports() -> Iterator[Report]:
        nonlocal read
        for seq in range(1000):
            read += 1
            yield report(seq, seq)

    async def deliver(_one: Report) -> None:
        await go_on.wait()

    running = asyncio.create_task(Lanes(deliver, 2).run(reports()))
    for _ in range(20):
        await asyncio.sleep(0)
    assert read <= 2 * AHEAD + 1
    go_on.set()
    await running
    assert read == 1000


async def test_a_failure_ends_everything_and_is_raised_as_it_is() -> None:
    async def deliver(one: Report) -> None:
        if one.seq == 3:
            raise ValueError("this one")
        await asyncio.sleep(0)

    with pytest.raises(ValueError, match="this one"):
        await Lanes(deliver, 4).run(report(seq, seq) for seq in range(100))


async def test_nothing_to_send_ends_at_once() -> None:
    async def deliver(_one: Report) -> None:
        raise AssertionError

    assert await Lanes(deliver, 4).run([]) < 60
