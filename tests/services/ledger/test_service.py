"""The ledger as a service: every fact once, in order per key, numbers without gap."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from chassis import testing
from chassis.arrivals import Arrival
from chassis.migrations import migrate
from chassis.testing import Probe
from contracts.ids import ApplicationId
from local.testing import Database
from services.ledger.queries import verify
from services.ledger.wiring import SERVICE
from tests.services.ledger.told import story, three_stories

pytestmark = pytest.mark.integration


async def numbers(ledger: Probe) -> list[int]:
    return [row["seq"] for row in await ledger.rows("SELECT seq FROM entries ORDER BY seq")]


async def test_the_same_batch_twice_and_doubles_within_a_batch_add_nothing(ledger: Probe) -> None:
    arrivals = story(ledger, ApplicationId.new())
    await ledger.deliver("ledger", *arrivals, *arrivals)
    await ledger.deliver("ledger", *arrivals)
    again = [replace(arrival, offset=arrival.offset + 100) for arrival in arrivals]
    await ledger.deliver("ledger", *again)
    assert await numbers(ledger) == [1, 2, 3, 4]
    assert (await verify(ledger.running.database)).is_good


async def test_a_fact_that_overtook_another_waits_for_it(ledger: Probe) -> None:
    first, second, third, _ = story(ledger, ApplicationId.new())
    await ledger.deliver("ledger", first, replace(third, offset=1))
    assert await numbers(ledger) == [1]
    await ledger.deliver("ledger", replace(second, offset=2))
    rows = await ledger.rows("SELECT position, type FROM entries ORDER BY seq")
    assert [(row["position"], row["type"].split(".")[1]) for row in rows] == [
        (1, "application_submitted"),
        (2, "stage_opened"),
        (3, "stage_accepted"),
    ]
    assert (await verify(ledger.running.database)).is_good


async def test_a_record_without_a_number_is_parked_with_its_reason(ledger: Probe) -> None:
    arrival = story(ledger, ApplicationId.new())[0]
    headers = tuple(pair for pair in arrival.headers if pair[0] != "ce_aggregateversion")
    await ledger.deliver("ledger", replace(arrival, headers=headers))
    (row,) = await ledger.rows("SELECT reason, detail FROM parked")
    assert "unnumbered_fact" in f"{row['reason']} {row['detail']}"
    assert await numbers(ledger) == []


async def test_numbers_have_no_gap_however_many_write_at_once(
    ledger: Probe, database: Database
) -> None:
    async with testing.running(SERVICE, database) as second:
        await asyncio.gather(
            *(
                probe.deliver(consumer, *story_on(probe, place))
                for place, (probe, consumer) in enumerate(
                    [(ledger, "ledger"), (second, "ledger.catalogue")] * 20
                )
            )
        )
    assert await numbers(ledger) == list(range(1, 161))
    assert (await verify(ledger.running.database)).is_good


def story_on(probe: Probe, partition: int) -> list[Arrival]:
    return [replace(arrival, partition=partition) for arrival in story(probe, ApplicationId.new())]


async def test_a_value_that_is_no_json_is_kept_byte_for_byte(ledger: Probe) -> None:
    arrival = replace(story(ledger, ApplicationId.new())[0], value=b"\x00\xff not json")
    await ledger.deliver("ledger", arrival)
    answer = await ledger.client.get(
        f"/v1/chains/{arrival.key}", headers=ledger.bearer("budi", "officer")
    )
    assert base64.b64decode(answer.json()[0]["value"]) == b"\x00\xff not json"
    assert (await verify(ledger.running.database)).is_good


async def test_the_trail_of_one_key_is_linked_and_paged(ledger: Probe) -> None:
    ids = await three_stories(ledger)
    allowed = ledger.bearer("agency-dinkes", "agency")
    path = f"/v1/chains/{ids[1]}"
    trail = (await ledger.client.get(path, headers=allowed)).json()
    assert [entry["seq"] for entry in trail] == [2, 5, 8, 11]
    links = [entry["previous_hash"] for entry in trail]
    assert links == ["00" * 32, *(entry["hash"] for entry in trail[:3])]
    page = await ledger.client.get(path, params={"after": 2, "limit": 1}, headers=allowed)
    assert page.json() == [trail[2]]
    end = await ledger.client.get(path, params={"after": 4}, headers=allowed)
    assert end.json() == []


async def test_the_operator_reads_everything_in_pages(ledger: Probe) -> None:
    await three_stories(ledger)
    seen: list[int] = []
    while True:
        answer = await ledger.client.get(
            "/v1/entries",
            params={"after": seen[-1] if seen else 0, "limit": 5},
            headers=ledger.bearer("op", "operator"),
        )
        page = [entry["seq"] for entry in answer.json()]
        if not page:
            break
        seen += page
    assert seen == list(range(1, 13))


async def test_a_checkpoint_is_made_once_per_key_and_everybody_may_read_it(ledger: Probe) -> None:
    assert (await ledger.client.get("/v1/checkpoint")).status_code == 404
    await three_stories(ledger)
    headers = ledger.bearer("op", "operator") | {"Idempotency-Key": "noon-of-today"}
    answers = await asyncio.gather(
        *(ledger.client.post("/v1/checkpoints", headers=headers) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    (fact,) = await ledger.facts()
    assert (fact["type"], fact["topic"]) == (
        "ledger.checkpoint_recorded.v1",
        "ledger.checkpoints.v1",
    )
    newest = (await ledger.client.get("/v1/checkpoint")).json()
    assert (newest["size"], newest["digest"]) == (12, fact["payload"]["digest"])
    assert (await verify(ledger.running.database)).checkpoints == 1


TURNED_AWAY: list[tuple[str, str, str | None, int]] = [
    ("GET", "/v1/chains/x", None, 401),
    ("GET", "/v1/chains/x", "citizen", 403),
    ("GET", "/v1/chains/x", "officer", 404),
    ("GET", "/v1/chains/" + "x" * 201, "officer", 400),
    ("GET", "/v1/entries", "officer", 403),
    ("GET", "/v1/entries?limit=501", "operator", 400),
    ("GET", "/v1/entries?after=9223372036854775808", "operator", 400),
    ("POST", "/v1/checkpoints", "officer", 403),
    ("POST", "/v1/checkpoints", "operator", 400),
]


async def test_others_are_turned_away(ledger: Probe) -> None:
    for method, path, role, status in TURNED_AWAY:
        headers = ledger.bearer("budi", role) if role else {}
        answer = await ledger.client.request(method, path, headers=headers)
        assert answer.status_code == status, (method, path, role, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_migrating_twice_changes_nothing(
    fresh_database: Callable[[str], Awaitable[Database]],
) -> None:
    database = await fresh_database("ledger")
    assert await migrate(database.owner_url, "ledger") > 0
    assert await migrate(database.owner_url, "ledger") == 0
