"""Kiosks and boards: identity, sessions and locks; series printed without a link, told later."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from chassis import clock, testing
from contracts.ids import TicketId
from services.queue.wiring import SERVICE
from tests.services.queue.conftest import KIA, KTP, MALL, Fresh, Queue, mall_entry, today

pytestmark = pytest.mark.integration

DEVICES = [
    {"code": "kios-1", "kind": "kiosk", "client": "kiosk-1"},
    {"code": "kios-2", "kind": "kiosk", "client": "kiosk-2"},
    {"code": "papan-1", "kind": "board", "client": "board-1"},
]


def refused(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["title_id"] != body["title_en"]
    return answer.status_code, body["code"]


class Kiosk:
    """A kiosk with a log of what it has printed."""

    def __init__(self, queue: Queue, number: int = 1) -> None:
        self.queue, self.code = queue, f"kios-{number}"
        self.headers = queue.probe.bearer(f"kiosk-{number}", "kiosk", mall=MALL)
        self.epoch, self.grant = 0, dict[str, Any]()
        self.printed: list[dict[str, Any]] = []

    async def ask(self, what: str, body: Any = None) -> httpx.Response:
        path = f"/v1/devices/{self.code}/{what}"
        return await self.queue.post(path, body, headers=self.headers)

    async def begin(self) -> "Kiosk":
        answer = await self.ask("session")
        assert answer.status_code == 200, answer.text
        self.epoch = answer.json()["epoch"]
        return self

    async def series(self, service: str = KTP) -> "Kiosk":
        answer = await self.ask("series", {"service": service, "epoch": self.epoch})
        assert answer.status_code == 201, answer.text
        self.grant, self.service = answer.json(), service
        return self

    def print(self, count: int, **changes: Any) -> list[dict[str, Any]]:
        new = [
            {
                "ticket_id": str(TicketId.new()),
                "number": len(self.printed) + 1 + step,
                "printed_at": clock.now().isoformat(),
                **changes,
            }
            for step in range(count)
        ]
        self.printed += new
        return new

    async def merge(self, slips: list[dict[str, Any]], **changes: Any) -> httpx.Response:
        body = {
            "service": self.service,
            "service_date": self.grant["service_date"],
            "series": self.grant["series"],
            "epoch": self.epoch,
            "slips": slips,
            **changes,
        }
        return await self.ask("merge", body)


async def listed(queue: Queue) -> None:
    """The mall lists its devices from now on."""
    mall = mall_entry(devices=DEVICES).model_copy(update={"revision": 2})
    await queue.probe.deliver("queue.catalogue", queue.probe.arrival(mall, version=2))


async def supervise(queue: Queue, code: str, what: str, body: Any = None) -> httpx.Response:
    return await queue.post(f"/v1/devices/{code}/{what}", body, headers=queue.supervisor)


async def tickets(queue: Queue) -> list[str]:
    rows = await queue.probe.rows("SELECT label FROM tickets ORDER BY line_id, number")
    return [row["label"] for row in rows]


def outcomes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [slip["outcome"] for slip in answer.json()["slips"]]


# --- who a device is


async def test_a_session_ends_the_one_before_of_the_same_identity(queue: Queue) -> None:
    await listed(queue)
    first, copy = await Kiosk(queue).begin(), Kiosk(queue)
    await copy.begin()
    assert (first.epoch, copy.epoch) == (1, 2)
    wish = {"service": KTP, "epoch": first.epoch}
    assert refused(await first.ask("series", wish)) == (409, "device_replaced")
    form = {"mall": MALL, "service": KTP}
    for epoch, status in ((1, 409), (2, 201)):
        headers = {**first.headers, "Device-Epoch": str(epoch)}
        assert (await queue.post("/v1/tickets", form, headers=headers)).status_code == status


async def test_only_the_listed_client_is_a_device(queue: Queue) -> None:
    await listed(queue)
    other = Kiosk(queue, 2)
    other.code = "kios-1"
    assert refused(await other.ask("session")) == (404, "device_unknown")
    stranger = Kiosk(queue, 7)
    assert refused(await stranger.ask("session")) == (404, "device_unknown")
    form = {"mall": MALL, "service": KTP}
    answer = await queue.post("/v1/tickets", form, headers=stranger.headers)
    assert refused(answer) == (404, "device_unknown")
    board = queue.probe.bearer("board-1", "board", mall=MALL)
    assert (await queue.post("/v1/devices/papan-1/session", headers=board)).is_success


async def test_a_mall_without_a_list_takes_each_client_as_a_device_of_its_name(
    queue: Queue,
) -> None:
    kiosk = Kiosk(queue)
    assert refused(await kiosk.ask("session")) == (404, "device_unknown")
    kiosk.code = "kiosk-1"
    assert (await kiosk.begin()).epoch == 1
    assert (await queue.issue()).is_success


async def test_a_locked_device_gives_no_new_numbers_and_what_it_printed_is_honoured(
    queue: Queue,
) -> None:
    await listed(queue)
    kiosk = await (await Kiosk(queue).begin()).series()
    slips = kiosk.print(2)
    assert (await supervise(queue, "kios-1", "lock", {"reason": "hilang"})).is_success
    again = await supervise(queue, "kios-1", "lock", {"reason": "hilang"})
    assert refused(again) == (403, "device_locked")
    for answer in (
        await kiosk.ask("session"),
        await kiosk.ask("series", {"service": KTP, "epoch": 1}),
        await queue.issue(),
    ):
        assert refused(answer) == (403, "device_locked")
    assert outcomes(await kiosk.merge(slips)) == ["issued", "issued"]
    shown = await queue.probe.client.get("/v1/devices", headers=queue.supervisor)
    assert [(one["device"], one["locked_reason"]) for one in shown.json()] == [("kios-1", "hilang")]
    assert (await supervise(queue, "kios-1", "unlock")).is_success
    assert refused(await supervise(queue, "kios-1", "unlock")) == (409, "device_not_locked")
    assert (await queue.issue()).is_success
    assert (await kiosk.begin()).epoch == 2
    assert refused(await supervise(queue, "kios-9", "lock", {"reason": "x"})) == (
        404,
        "device_unknown",
    )


async def test_of_twenty_sessions_at_once_each_has_an_epoch_of_its_own(queue: Queue) -> None:
    await listed(queue)
    answers = await asyncio.gather(*(Kiosk(queue).ask("session") for _ in range(20)))
    assert sorted(one.json()["epoch"] for one in answers) == list(range(1, 21))
    with pytest.raises(asyncpg.CheckViolationError, match="devices_only_go_on"):
        await queue.probe.rows("UPDATE devices SET epoch = epoch - 1")


# --- series


async def test_series_are_granted_by_letter_and_never_twice(queue: Queue) -> None:
    await listed(queue)
    kiosks = [await Kiosk(queue, number).begin() for number in (1, 2)]
    answers = await asyncio.gather(
        *(kiosks[turn % 2].ask("series", {"service": KTP, "epoch": 1}) for turn in range(26))
    )
    letters = sorted(one.json()["series"] for one in answers)
    assert letters == [chr(ord("A") + step) for step in range(26)]
    last = await kiosks[0].ask("series", {"service": KTP, "epoch": 1})
    assert refused(last) == (409, "no_series_left")
    other = (await kiosks[0].ask("series", {"service": KIA, "epoch": 1})).json()
    assert (other["series"], other["prefix"], other["next"], other["most"]) == ("A", "KIA", 1, 200)
    assert (await queue.board())[-1]["issued"] == 0  # granted and unused is shown nowhere
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="lines_series_of_a_device"):
        await queue.probe.rows("UPDATE lines SET device_id = NULL")
    with pytest.raises(asyncpg.UniqueViolationError, match="lines_once"):
        await queue.probe.rows("UPDATE lines SET series = 'A' WHERE series <> ''")


async def test_no_series_where_numbers_were_stopped(queue: Queue) -> None:
    await listed(queue)
    kiosk = await Kiosk(queue).begin()
    why = {"reason": "akhir_hari"}
    await queue.post(f"/v1/lines/{KTP}/close-numbers", why, headers=queue.supervisor)
    wish = {"service": KTP, "epoch": 1}
    assert refused(await kiosk.ask("series", wish)) == (409, "numbers_closed")


async def test_what_was_printed_waits_where_it_would_have_stood(queue: Queue) -> None:
    await listed(queue)
    kiosk = await (await Kiosk(queue).begin()).series()
    (offline,) = kiosk.print(1)
    await asyncio.sleep(0.002)
    (online,) = await queue.issued(1)
    assert outcomes(await kiosk.merge([offline])) == ["issued"]
    counter_id = await queue.opened()
    first = await queue.called(counter_id)
    assert (first["ticket_id"], first["label"]) == (offline["ticket_id"], "KTP-A001")
    await queue.finish(first["ticket_id"], counter_id, "no_show")
    assert (await queue.called(counter_id))["ticket_id"] == online
    facts = [fact["payload"] for fact in await queue.probe.facts()]
    (told,) = (one for one in facts if one.get("series") == "A" and "number" in one)
    assert told["occurred_at"] == told["place_at"]
    assert told["queue_id"] != told["line_id"]


async def test_a_clock_that_lies_gains_no_place(queue: Queue) -> None:
    await listed(queue)
    kiosk = await (await Kiosk(queue).begin()).series()
    granted = datetime.fromisoformat(kiosk.grant["granted_at"])
    long_ago = kiosk.print(1, printed_at="2020-01-01T00:00:00+00:00")
    to_come = kiosk.print(1, printed_at=(granted + timedelta(days=9)).isoformat())
    assert outcomes(await kiosk.merge([*long_ago, *to_come])) == ["issued"] * 2
    rows = await queue.probe.rows("SELECT place_at FROM tickets ORDER BY number")
    assert rows[0]["place_at"] == granted
    assert granted < rows[1]["place_at"] <= datetime.now(UTC)


# --- telling it


async def test_the_same_merge_twenty_times_at_once_makes_each_ticket_once(
    fresh_database: Fresh, key_file: Path
) -> None:
    addresses = await fresh_database("queue")
    async with (
        testing.running(SERVICE, addresses, code_key_file=key_file) as one,
        testing.running(SERVICE, addresses, code_key_file=key_file) as other,
    ):
        both = [Queue(one), Queue(other)]
        await one.deliver("queue.catalogue", one.arrival(mall_entry()))
        await listed(both[0])
        kiosk = await (await Kiosk(both[0]).begin()).series()
        twin = Kiosk(both[1])
        twin.epoch, twin.grant, twin.service = kiosk.epoch, kiosk.grant, kiosk.service
        slips = kiosk.print(30)
        answers = await asyncio.gather(
            *((kiosk, twin)[turn % 2].merge(slips) for turn in range(20)),
            *(both[turn % 2].issue() for turn in range(30)),
        )
        told = Counter(outcome for answer in answers[:20] for outcome in outcomes(answer))
        assert told == {"issued": 30, "known": 19 * 30}
        rows = await one.rows("SELECT series, last_number, waiting, step FROM lines ORDER BY 1")
        assert [tuple(row) for row in rows] == [("", 30, 60, 60), ("A", 30, 0, 0)]
        steps = await one.rows("SELECT step FROM steps ORDER BY step")
        assert [row["step"] for row in steps] == list(range(1, 61))


async def test_parts_in_the_wrong_order_wait_for_what_is_missing(queue: Queue) -> None:
    await listed(queue)
    kiosk = await (await Kiosk(queue).begin()).series()
    slips = kiosk.print(6)
    gap = await kiosk.merge(slips[2:4])
    assert refused(gap) == (409, "series_gap")
    assert gap.json()["details"]["expected"] == 1
    assert outcomes(await kiosk.merge(slips[:2])) == ["issued"] * 2
    assert refused(await kiosk.merge(slips[4:])) == (409, "series_gap")
    assert outcomes(await kiosk.merge(slips[1:5])) == ["known", *["issued"] * 3]
    backwards = await kiosk.merge([slips[5], slips[0], slips[5]])
    assert outcomes(backwards) == ["issued", "known"]
    assert await tickets(queue) == [f"KTP-A{number:03d}" for number in range(1, 7)]
    assert backwards.json()["next"] == 7


async def test_a_copied_disk_takes_no_number_that_is_out(queue: Queue) -> None:
    await listed(queue)
    kiosk = await (await Kiosk(queue).begin()).series()
    clone = Kiosk(queue)
    clone.epoch, clone.grant, clone.service = kiosk.epoch, kiosk.grant, kiosk.service
    mine, theirs = kiosk.print(3), clone.print(3)
    assert outcomes(await kiosk.merge(mine[:2])) == ["issued"] * 2
    cloned = await clone.merge(theirs)
    assert outcomes(cloned) == ["disputed", "disputed", "issued"]
    labels = [slip["label"] for slip in cloned.json()["slips"]]
    assert labels == ["KTP-001", "KTP-002", "KTP-A003"]
    assert outcomes(await kiosk.merge(mine)) == ["known", "known", "disputed"]
    assert outcomes(await clone.merge(theirs)) == ["known"] * 3  # told again, nothing happens
    facts = [fact for fact in await queue.probe.facts() if fact["type"].endswith("disputed.v1")]
    claims = [(fact["payload"]["label"], fact["payload"]["claim"]) for fact in facts]
    assert claims == [(f"KTP-00{number}", "number_taken") for number in (1, 2, 3)]
    papers = [
        fact["payload"]["paper_label"]
        for fact in await queue.probe.facts()
        if fact["payload"].get("paper_label")
    ]
    assert papers == ["KTP-A001", "KTP-A002", "KTP-A003"]


async def test_what_does_not_belong_to_the_device_is_refused(queue: Queue) -> None:
    await listed(queue)
    kiosk = await (await Kiosk(queue).begin()).series()
    other = await Kiosk(queue, 2).begin()
    other.grant, other.service = kiosk.grant, kiosk.service
    assert refused(await other.merge(other.print(1))) == (404, "series_unknown")
    slips = kiosk.print(1)
    for changes in ({"epoch": 2}, {"series": "Z"}, {"service": KIA}):
        answer = await kiosk.merge(slips, **changes)
        assert refused(answer) == (404, "series_unknown"), changes
    (online,) = await queue.issued(1)
    taken = await kiosk.merge([{**slips[0], "ticket_id": online}])
    assert refused(taken) == (409, "ticket_id_taken")
    twice = [slips[0], {**slips[0], "number": 2}]
    assert refused(await kiosk.merge(twice)) == (409, "ticket_id_taken")
    mute = await kiosk.merge([{**slips[0], "lane": "prioritas"}])
    assert refused(mute) == (422, "priority_reason_missing")
    assert await tickets(queue) == ["KTP-001"]


async def test_a_series_has_as_many_numbers_as_were_granted(queue: Queue) -> None:
    await queue.ruled(offline={"most_numbers": 2})
    kiosk = Kiosk(queue)
    kiosk.code = "kiosk-1"
    await (await kiosk.begin()).series()
    slips = kiosk.print(3)
    assert refused(await kiosk.merge(slips)) == (409, "series_too_long")
    assert outcomes(await kiosk.merge(slips[:2])) == ["issued"] * 2
    with pytest.raises(asyncpg.CheckViolationError, match="lines_within_their_cap"):
        await queue.probe.rows("UPDATE lines SET last_number = 3 WHERE series = 'A'")


async def test_papers_are_honoured_behind_every_bound_of_the_day(queue: Queue) -> None:
    await queue.ruled(cut_off={"most": 1}, priority={"reasons": ["lansia"], "most_per_day": 1})
    kiosk = Kiosk(queue)
    kiosk.code = "kiosk-1"
    await (await kiosk.begin()).series()
    await queue.issued(1)
    why = {"reason": "akhir_hari"}
    await queue.post(f"/v1/lines/{KTP}/close-numbers", why, headers=queue.supervisor)
    slips = kiosk.print(3, lane="prioritas", reason="lansia")
    assert outcomes(await kiosk.merge(slips)) == ["issued"] * 3
    assert str(today()) == kiosk.grant["service_date"]
