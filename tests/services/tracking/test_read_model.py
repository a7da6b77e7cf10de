"""What people read: equal to the facts, in one order without gaps, and for the right eyes only."""

import asyncio
import json
from dataclasses import asdict
from typing import Any

from contracts.ids import ApplicationId
from contracts.samples import payload
from services.tracking.domain.words import SENTENCES
from services.tracking.wiring import READ_MODEL
from tests.services.tracking.desk import Desk, arrival_of_row, busy_morning


def folded(facts: list[dict[str, Any]]) -> dict[str, Any]:
    """An application's row by another hand: from the log alone, without the projection's code."""
    states = {
        "stage_opened": "open",
        "stage_resubmitted": "open",
        "stage_accepted": "accepted",
        "stage_returned": "returned",
        "stage_done": "done",
        "stage_refused": "refused",
    }
    row: dict[str, Any] = {"state": "running", "stages": {}, "agencies": []}
    for fact in facts:
        kind, body = fact["type"].split(".")[1], fact["payload"]
        row["version"] = fact["version"]
        row["updated_at"] = fact["time"]
        if kind in states:
            row["stages"][body["stage"]] = (body["agency"], states[kind])
        if kind in {"application_completed", "application_refused"}:
            row["state"] = kind.removeprefix("application_")
        if body.get("agency") and body["agency"] not in row["agencies"]:
            row["agencies"].append(body["agency"])
    return row


async def test_the_read_model_equals_an_independent_fold_of_the_log(desk: Desk) -> None:
    await busy_morning(desk)
    await desk.replicate()
    facts = [
        fact for fact in await desk.probe.facts() if fact["topic"] == "tracking.applications.v1"
    ]
    for row in await desk.probe.rows("SELECT * FROM application_view"):
        own = [fact for fact in facts if fact["aggregate_id"] == row["application_id"]]
        expected = folded(own)
        assert row["version"] == expected["version"] == len(own)
        assert row["state"] == expected["state"]
        assert row["updated_at"] == expected["updated_at"]
        assert row["agencies"] == expected["agencies"]
        found = {one["stage"]: (one["agency"], one["state"]) for one in row["stages"]}
        assert found == expected["stages"]
    timeline = await desk.probe.rows("SELECT * FROM timeline ORDER BY position")
    assert [row["position"] for row in timeline] == list(range(1, len(facts) + 1))
    assert [(row["type"], row["aggregate_id"], row["version"]) for row in timeline] == [
        (fact["type"], fact["aggregate_id"], fact["version"]) for fact in facts
    ]
    assert [json.loads(row["data"]) for row in timeline] == [fact["payload"] for fact in facts]


async def test_the_decided_state_equals_the_read_model_and_a_second_delivery_changes_nothing(
    desk: Desk,
) -> None:
    await busy_morning(desk)
    await desk.replicate()
    before = await snapshot(desk)
    await desk.replicate()
    assert await snapshot(desk) == before
    joined = await desk.probe.rows(
        "SELECT a.version = v.version AND a.life = v.state AS same, a.stages AS decided,"
        " v.stages AS seen FROM applications a JOIN application_view v USING (application_id)"
    )
    assert len(joined) == 3
    for row in joined:
        assert row["same"]
        decided = {one["code"]: one["state"] for one in row["decided"] if one["state"] != "waiting"}
        assert decided == {one["stage"]: one["state"] for one in row["seen"]}


async def snapshot(desk: Desk) -> list[list[dict[str, Any]]]:
    """All rows of the read model, without the moment at which each entry was written."""
    queries = (
        "SELECT * FROM application_view ORDER BY application_id",
        "SELECT * FROM timeline ORDER BY position",
        "SELECT * FROM timeline_head",
    )
    found = [[dict(row) for row in await desk.probe.rows(query)] for query in queries]
    for entry in found[1]:
        del entry["shown_at"]
    return found


async def test_a_rebuild_from_the_log_gives_the_same_rows(desk: Desk) -> None:
    await busy_morning(desk)
    await desk.replicate()
    before = await snapshot(desk)
    await desk.probe.rows("DELETE FROM timeline")
    await desk.probe.rows("DELETE FROM application_view")
    await desk.probe.rows("UPDATE timeline_head SET position = 0, as_of = NULL")
    await desk.probe.rows("DELETE FROM inbox WHERE consumer = 'tracking.read_model'")
    await desk.probe.rows("DELETE FROM positions WHERE consumer = 'tracking.read_model'")
    await desk.replicate()
    assert await snapshot(desk) == before


async def test_positions_are_gapless_when_several_batches_commit_at_once(desk: Desk) -> None:
    applications = [await desk.submit() for _ in range(8)]
    rows = await desk.probe.rows("SELECT * FROM event_log ORDER BY seq")
    assert len(rows) == len(applications)
    deliveries = [
        desk.probe.deliver(READ_MODEL.consumer, in_partition(arrival_of_row(desk.probe, row), at))
        for at, row in enumerate(rows)
    ]
    await asyncio.gather(*deliveries)
    timeline = await desk.probe.rows("SELECT position FROM timeline ORDER BY position")
    assert [row["position"] for row in timeline] == list(range(1, len(rows) + 1))


def in_partition(arrival: Any, partition: int) -> Any:
    return type(arrival)(**{**asdict(arrival), "partition": partition, "headers": arrival.headers})


async def test_facts_of_others_stand_on_the_timeline_under_their_own_key(desk: Desk) -> None:
    assert READ_MODEL.reading.events is not None
    wanted = {
        wire_type: event
        for wire_type, event in READ_MODEL.reading.events.items()
        if event.aggregate != "application"
    }
    facts = [
        event.model_validate(payload(wire_type, "fullest")) for wire_type, event in wanted.items()
    ]
    versions: dict[Any, int] = {}
    arrivals = []
    for fact in facts:
        versions[fact.aggregate_id] = versions.get(fact.aggregate_id, 0) + 1
        arrivals.append(desk.probe.arrival(fact, version=versions[fact.aggregate_id]))
    await desk.probe.deliver(READ_MODEL.consumer, *arrivals)
    assert await desk.parked() == []
    page = await desk.probe.client.get(
        "/v1/timeline", headers=desk.probe.bearer("budi", "operator")
    )
    entries = page.json()["entries"]
    assert [entry["key"] for entry in entries] == [fact.key for fact in facts]
    for entry in entries:
        assert entry["id"] != "Kejadian dicatat"
        assert "{" not in entry["id"] + entry["en"]


def test_every_event_that_is_shown_has_a_sentence_of_its_own() -> None:
    assert READ_MODEL.reading.events is not None
    assert set(SENTENCES) == set(READ_MODEL.reading.events)


async def test_pages_of_the_timeline_join_without_gap_or_repeat(desk: Desk) -> None:
    await busy_morning(desk)
    await desk.replicate()
    operator = desk.probe.bearer("budi", "operator")
    whole = (await desk.probe.client.get("/v1/timeline", headers=operator)).json()["entries"]
    assert whole[0]["actor"] == "officer:siti"
    pages, after = [], 0
    while True:
        answer = await desk.probe.client.get(
            "/v1/timeline", params={"after": after, "limit": 4}, headers=operator
        )
        assert answer.headers["Loket-Position"] == str(len(whole))
        assert answer.headers["Loket-As-Of"]
        if not answer.json()["entries"]:
            break
        pages.extend(answer.json()["entries"])
        after = answer.json()["next"]
    assert pages == whole


async def test_only_those_who_have_to_do_with_an_application_may_read_it(desk: Desk) -> None:
    (_, _), (refused, _), (free, _) = await busy_morning(desk)
    await desk.replicate()
    get, bearer = desk.probe.client.get, desk.probe.bearer

    async def status(path: str, headers: dict[str, str]) -> int:
        return int((await get(path, headers=headers)).status_code)

    for path in (f"/v1/applications/{free}", f"/v1/applications/{free}/timeline"):
        assert await status(path, desk.agency("dlh")) == 200
        assert await status(path, bearer("siti", "officer")) == 200
        assert await status(path, desk.agency("dpmptsp")) == 404
        assert await status(path, bearer("kios-1", "kiosk")) == 403
        assert await status(path, {}) == 401
    # Its stage is still to come, and never will: it has to do with it all the same.
    assert await status(f"/v1/applications/{refused}", desk.agency("dinas-teknis")) == 200
    assert await status("/v1/timeline", bearer("siti", "officer")) == 403
    unknown = f"/v1/applications/{ApplicationId.new()}"
    assert await status(unknown, bearer("siti", "officer")) == 404


async def test_a_reader_may_wait_for_what_it_wrote(desk: Desk) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    officer = desk.probe.bearer("siti", "officer")
    path = f"/v1/applications/{application_id}"
    reading = asyncio.create_task(
        desk.probe.client.get(path, params={"min_version": 2}, headers=officer)
    )
    await desk.replicate()
    assert (await reading).json()["version"] == 2
    late = await desk.probe.client.get(path, params={"min_version": 3}, headers=officer)
    assert (late.status_code, late.headers["retry-after"]) == (503, "1")


async def test_a_fact_that_arrives_too_early_waits_for_its_predecessor(desk: Desk) -> None:
    await desk.submit(journey="izin-bangunan")
    rows = await desk.probe.rows("SELECT * FROM event_log ORDER BY seq")
    first, second = (arrival_of_row(desk.probe, row) for row in rows)
    late, early = in_partition(first, 1), in_partition(second, 0)
    await desk.probe.deliver(READ_MODEL.consumer, early)
    assert await desk.parked() == ["gap"]
    await desk.probe.deliver(READ_MODEL.consumer, late)
    (row,) = await desk.probe.rows("SELECT version FROM application_view")
    assert row["version"] == 2
