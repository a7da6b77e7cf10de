"""The feed of the boards: each call once, in order, to every reader, and never a person."""

import asyncio
import json
import random
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from chassis import failpoints, testing
from chassis.sse import Hub
from local.testing import Database
from services.queue.domain.shown import zone_of
from services.queue.stream import forget_some, hub_of
from services.queue.wiring import SERVICE
from tests.services.queue.conftest import KIA, KTP, MALL, Fresh, Queue, mall_entry, two_processes

pytestmark = pytest.mark.integration

# All that a board is ever told about a call: a new field has to be thought about here.
OF_A_CALL = {
    "kind",
    "mall",
    "zone",
    "at",
    "label",
    "counter",
    "service",
    "waiting",
    "policy",
    "policy_version",
    "spoken",
    "spoken_en",
}


@dataclass
class Reader:
    """A board that connects, reads some, is cut off, and comes back behind what it saw last."""

    last: int = 0
    seen: list[dict[str, Any]] = field(default_factory=list)
    snapshots: int = 0

    async def read(self, hub: Hub, count: int, key: str = MALL) -> None:
        """One connection: at least so many changes, and whatever came with them."""
        wanted = len(self.seen) + count
        async with asyncio.timeout(20), aclosing(hub.frames(self.last, key)) as stream:
            async for piece in stream:
                self._take(piece)
                if len(self.seen) >= wanted:
                    return

    def _take(self, piece: bytes) -> None:
        for frame in piece.decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in frame.splitlines() if ": " in line)
            if lines.get("event") == "snapshot":
                self.snapshots += 1
            if "id" in lines:
                self.last = int(lines["id"])
            if lines.get("event") == "change":
                self.seen.append({"position": self.last, **json.loads(lines["data"])})

    @property
    def positions(self) -> list[int]:
        return [one["position"] for one in self.seen]


async def board(queue: Queue, **parameters: str) -> dict[str, Any]:
    answer = await queue.probe.client.get(f"/v1/boards/{MALL}", params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def give_up(queue: Queue, counter_id: str) -> str:
    """Call one and end it at once; its label."""
    ticket = await queue.called(counter_id)
    ended = await queue.finish(ticket["ticket_id"], counter_id, "no_show")
    assert ended.status_code == 200
    label: str = ticket["label"]
    return label


async def test_a_board_shows_and_speaks_each_call_and_nothing_about_persons(queue: Queue) -> None:
    counter_id = await queue.opened("K-01")
    await queue.issued(3)
    reader = Reader()
    await queue.called(counter_id)
    await reader.read(hub_of(queue.probe.running), 2)
    opened, called = reader.seen
    assert opened["kind"] == "counter"
    assert (opened["counter"], opened["is_open"]) == ("K-01", True)
    assert set(called) == OF_A_CALL | {"position"}
    assert called["spoken"] == (
        "Nomor antrean, K T P, nol nol satu, silakan menuju loket K nol satu"
    )
    assert (called["zone"], called["waiting"]) == ("K", 2)
    shown = await board(queue)
    assert shown["position"] == called["position"]
    assert shown["lines"] == [{"service": KTP, "waiting": 2, "numbers_closed": False}]
    assert [(one["counter"], one["label"]) for one in shown["counters"]] == [("K-01", "KTP-001")]
    assert [one["spoken"] for one in shown["last"]] == [called["spoken"]]
    assert "lane" not in json.dumps([shown, reader.seen])


async def test_a_board_tells_of_pauses_and_of_the_end_of_numbers(queue: Queue) -> None:
    await queue.opened("K-01")
    await queue.issued(1)
    reader = Reader()
    await queue.post("/v1/counters/K-01/pause", {"reason": "istirahat"})
    why = {"reason": "akhir_hari"}
    await queue.post(f"/v1/lines/{KTP}/close-numbers", why, headers=queue.supervisor)
    await queue.post("/v1/counters/K-01/resume")
    await reader.read(hub_of(queue.probe.running), 4)
    said = [(one["kind"], one.get("pauses"), one.get("closed")) for one in reader.seen]
    assert said == [
        ("counter", False, None),
        ("counter", True, None),
        ("numbers", None, True),
        ("counter", False, None),
    ]
    shown = await board(queue)
    assert [one["pauses"] for one in shown["counters"]] == [False]
    assert [one["numbers_closed"] for one in shown["lines"]] == [True]


async def test_a_zone_has_its_own_counters_only(queue: Queue) -> None:
    counter_id = await queue.opened("K-01")
    await queue.issued(1)
    await queue.called(counter_id)
    assert (await board(queue, zone="K"))["last"]
    other = await board(queue, zone="Z9")
    assert (other["last"], other["counters"]) == ([], [])
    here = Reader()
    await here.read(hub_of(queue.probe.running), 2, f"{MALL}/K")
    assert [one["zone"] for one in here.seen] == ["K", "K"]
    assert [zone_of(code) for code in ("Z1-04", "4", "K-10")] == ["Z1", "", "K"]


async def test_tickets_alone_show_nothing_and_take_no_position(queue: Queue) -> None:
    await queue.issued(20)
    assert (await board(queue))["position"] == 0


async def test_a_reader_that_resumes_often_misses_nothing_and_repeats_nothing(
    queue: Queue,
) -> None:
    counter_ids = [await queue.opened(f"K-{number:02d}") for number in range(1, 5)]
    await queue.issued(120)
    hub, dice, reader = hub_of(queue.probe.running), random.Random(7), Reader()
    labels: list[str] = []

    async def work(counter_id: str) -> None:
        labels.extend([await give_up(queue, counter_id) for _ in range(30)])

    working = asyncio.gather(*(work(one) for one in counter_ids))
    connections = 0
    while len(reader.seen) < 4 + 120:
        await reader.read(hub, 1)
        connections += 1
        if dice.random() < 0.2:
            await asyncio.sleep(0)
    await working
    assert reader.positions == list(range(1, 125))
    calls = [one["label"] for one in reader.seen if one["kind"] == "called"]
    assert sorted(calls) == sorted(labels)
    assert connections > 10
    # Once more, three hundred times, without any of it live.
    again = Reader()
    for _ in range(300):
        await again.read(hub, 1)
        if again.last >= 124:
            again = Reader(last=dice.randrange(124))
        assert again.positions == sorted(set(again.positions))


async def test_what_was_not_committed_was_never_shown(queue: Queue) -> None:
    counter_id = await queue.opened()
    await queue.issued(2)
    failpoints.arm("dispatch.before_commit=error@1")
    try:
        refused = await queue.call_next(counter_id, key="call-that-fails")
    finally:
        failpoints.arm("")
    assert refused.status_code >= 500
    assert (await board(queue))["position"] == 1
    await queue.call_next(counter_id, key="call-that-fails")
    shown = await board(queue)
    assert (shown["position"], len(shown["last"])) == (2, 1)
    reader = Reader()
    await reader.read(hub_of(queue.probe.running), 2)
    assert reader.positions == [1, 2]


async def test_two_processes_show_one_order_to_the_readers_of_both(
    fresh_database: Fresh, key_file: Path
) -> None:
    async with two_processes(fresh_database, key_file) as both:
        await both[0].issued(60)
        readers = [Reader(), Reader()]
        reading = [
            asyncio.create_task(reader.read(hub_of(queue.probe.running), 66))
            for reader, queue in zip(readers, both, strict=True)
        ]

        async def work(queue: Queue, code: str) -> None:
            counter_id = await queue.opened(code)
            for _ in range(10):
                await give_up(queue, counter_id)

        await asyncio.gather(*(work(both[n % 2], f"K-{n + 1:02d}") for n in range(6)))
        await asyncio.gather(*reading)
    assert readers[0].positions == readers[1].positions == list(range(1, 67))
    assert readers[0].seen == readers[1].seen


async def test_a_holder_follows_the_queue_of_the_own_ticket(queue: Queue) -> None:
    counter_id = await queue.opened("K-01")
    (mine,) = await queue.issued(1, KIA)
    await queue.issued(2, KTP)
    rows = await queue.probe.rows("SELECT line_id FROM tickets WHERE id = $1", mine)
    for _ in range(3):
        await give_up(queue, counter_id)
    reader = Reader()
    await reader.read(hub_of(queue.probe.running), 1, str(rows[0]["line_id"]))
    assert [one["label"] for one in reader.seen] == ["KIA-001"]


async def test_what_is_old_is_forgotten_and_a_late_reader_is_told_so(
    fresh_database: Fresh, key_file: Path
) -> None:
    addresses = await fresh_database("queue")
    async with testing.running(SERVICE, addresses, code_key_file=key_file) as probe:
        await probe.deliver("queue.catalogue", probe.arrival(mall_entry()))
        queue, database, hub = Queue(probe), probe.running.database, hub_of(probe.running)
        counter_id = await queue.opened()
        await queue.issued(5)
        for _ in range(4):
            await give_up(queue, counter_id)
        assert await forget_some(database, 48) == 0
        assert await forget_some(database, 0) == 0  # no setting makes it younger than an hour
        await grow_old(addresses, 3)
        assert await forget_some(database, 48) == 3
        late, narrow, in_time = Reader(last=1), Reader(), Reader(last=3)
        await late.read(hub, 2)
        await narrow.read(hub, 2, f"{MALL}/K")
        await in_time.read(hub, 2)
        assert [one.snapshots for one in (late, narrow, in_time)] == [1, 1, 0]
        assert late.positions == narrow.positions == in_time.positions == [4, 5]
        await grow_old(addresses, 5)
        assert await forget_some(database, 48) == 2
        await give_up(queue, counter_id)
        gone = Reader(last=4)
        await gone.read(hub, 1)
        assert (gone.snapshots, gone.positions) == (1, [6])


async def grow_old(addresses: Database, position: int) -> None:
    """Make what was shown up to this position three days old."""
    connection = await asyncpg.connect(addresses.owner_url.replace("+asyncpg", ""))
    try:
        await connection.execute(
            "UPDATE board_feed SET shown_at = now() - interval '3 days' WHERE position <= $1",
            position,
        )
    finally:
        await connection.close()


async def test_boards_tell_who_is_called_again_and_who_goes_to_another_counter(
    queue: Queue,
) -> None:
    await queue.issued(1)
    first, _ = await queue.opened("K-01"), await queue.opened("K-02")
    ticket = (await queue.called(first))["ticket_id"]
    aside = {"reason": "bayar", "minutes": 5}
    on = {"to_counter": "K-02", "hand_over": True, "reason": "petugas_khusus"}
    for verb, counter, more in (
        ("recall", first, {}),
        ("hold", first, aside),
        ("resume", first, {}),
        ("transfer", first, on),
    ):
        body = {"counter_id": counter, **more}
        officer = queue.officers[counter]
        answer = await queue.post(f"/v1/tickets/{ticket}/{verb}", body, headers=officer)
        assert answer.status_code == 200, answer.text
    reader = Reader()
    await reader.read(hub_of(queue.probe.running), 6)
    told = [(one["kind"], one["counter"]) for one in reader.seen if "label" in one]
    assert told == [
        ("called", "K-01"),
        ("recalled", "K-01"),
        ("called", "K-01"),
        ("called", "K-02"),
    ]
    again = reader.seen[-1]
    assert again["spoken"] == "Nomor antrean, K T P, nol nol satu, silakan menuju loket K nol dua"
    told_of_it = set(again) - {"position"}
    assert told_of_it == OF_A_CALL - {"waiting", "policy", "policy_version"}
