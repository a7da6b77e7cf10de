"""One sender's flood is nobody else's wait."""

import asyncio
from datetime import UTC, datetime

from chassis import metrics
from chassis.database import Database
from chassis.dispatch import Dispatcher
from chassis.errors import Unavailable
from chassis.eventlog import Cause
from chassis.lanes import Lanes, lane_of
from chassis.testing import Probe
from contracts.base import Command
from contracts.ids import Actor, MallId
from tests.chassis.toy import DOMAIN, AddCoin, PotId


class InMall(Command):
    mall: MallId


class ByStaff(Command):
    staff_mall: MallId | None


def add(actor: str, number: int) -> AddCoin:
    key = f"{actor}-{number}"
    return AddCoin(actor=Actor(actor), at=datetime.now(UTC), key=key, pot_id=PotId.of("pot", key))


def test_a_flood_of_one_lane_costs_the_others_one_place_each() -> None:
    lanes: Lanes[tuple[str, int]] = Lanes(limit=10_000, lane_limit=5_000)
    for number in range(2560):
        lanes.put("flood", ("flood", number))
    for number in range(100):
        lanes.put("calm", ("calm", number))
    first = lanes.take(256)
    assert [first.index(("calm", number)) for number in range(100)] == list(range(1, 200, 2))
    assert len(first) == 256, "the rest of the group is filled by whoever waits"
    served = first + lanes.take(10_000)
    assert [number for lane, number in served if lane == "flood"] == list(range(2560))
    assert (len(lanes), lanes.count) == (0, 0)


def test_turns_go_on_in_the_next_group() -> None:
    lanes: Lanes[str] = Lanes(limit=100, lane_limit=100)
    for lane in ("a", "b", "c"):
        for number in range(2):
            lanes.put(lane, f"{lane}{number}")
    assert [lanes.take(2) for _ in range(3)] == [["a0", "b0"], ["c0", "a1"], ["b1", "c1"]]


def test_each_lane_and_all_together_are_bounded() -> None:
    lanes: Lanes[int] = Lanes(limit=3, lane_limit=2)
    lanes.put("a", 1)
    assert lanes.full("a") is None
    lanes.put("a", 2)
    assert (lanes.full("a"), lanes.full("b")) == ("lane", None)
    lanes.put("b", 3)
    assert (lanes.full("a"), lanes.full("b")) == ("queue", "queue")


def test_a_lane_is_a_mall_else_an_agency_else_a_kind_of_actor() -> None:
    now = datetime.now(UTC)
    officer, mall = Actor("officer:sari"), MallId("mpp-nusantara")
    lane = "mall:mpp-nusantara"
    assert lane_of(InMall(actor=officer, at=now, key="k", mall=mall)) == lane
    assert lane_of(ByStaff(actor=officer, at=now, key="k", staff_mall=mall)) == lane
    assert lane_of(ByStaff(actor=officer, at=now, key="k", staff_mall=None)) == "officer"
    assert lane_of(add("agency:dinkes", 1)) == "agency:dinkes"
    assert lane_of(add("citizen:made-up", 1)) == "citizen"


async def test_a_full_lane_turns_its_own_away_and_serves_the_others(probe: Probe) -> None:
    database: Database = probe.running.database
    dispatcher = Dispatcher(database, DOMAIN, lane_limit=5, deadline_seconds=30)
    rejected = metrics.QUEUE_REJECTED("lane")
    before = rejected._value.get()
    flood = [
        asyncio.create_task(dispatcher.dispatch(add("agency:flood", number), Cause("test")))
        for number in range(50)
    ]
    calm = asyncio.create_task(dispatcher.dispatch(add("agency:calm", 1), Cause("test")))
    await asyncio.sleep(0)  # all have asked, and nobody is served yet
    dispatcher.start()
    assert (await calm).answer == '{"coins":1}'
    results = await asyncio.gather(*flood, return_exceptions=True)
    turned_away = [result for result in results if isinstance(result, Unavailable)]
    assert len(turned_away) == 45
    assert {problem.retry_after_seconds for problem in turned_away} == {1}
    assert rejected._value.get() == before + 45
    assert len(await probe.facts()) == 6
    await dispatcher.stop()
