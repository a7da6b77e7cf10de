"""Bugs of consuming: the checker finds each in the read model or in what is parked."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from chassis import batch, failpoints
from chassis.arrivals import Arrival
from checker.poison import poison_is_parked
from checker.readmodel import read_model_is_the_fold, reads_never_go_back
from contracts.ids import ApplicationId
from services.tracking.stream import hub_of
from tests.planted import bugs_of_consumers as bugs
from tests.planted.bugs_of_decisions import Plant
from tests.planted.conftest import Files
from tests.planted.seen import as_owner, judged
from tests.services.tracking.desk import arrival_of_row
from tests.services.tracking.test_stream import frames

pytestmark = pytest.mark.integration
READER = "tracking.read_model"
SECOND_LOCK = "ALTER TABLE timeline DROP CONSTRAINT timeline_event_id_key"


async def a_journey(files: Files) -> ApplicationId:
    """An application with a few facts."""
    desk = files.desk
    application, _ = await desk.submit(journey="izin-bangunan")
    await desk.post("dpmptsp", desk.stage(application, "kelengkapan", "accepted"))
    await desk.post("dpmptsp", desk.stage(application, "kelengkapan", "done"))
    return application


async def on_kafka(files: Files) -> list[Arrival]:
    """Its facts, as the relay sends them."""
    rows = await files.desk.probe.rows(
        "SELECT * FROM event_log WHERE topic = 'tracking.applications.v1' ORDER BY seq"
    )
    return [arrival_of_row(files.desk.probe, row) for row in rows]


async def judge(files: Files, kind: str | None) -> None:
    evidence = await files.seen.evidence(("tracking", files.database))
    judged(read_model_is_the_fold(evidence), kind)


async def everything_twice(files: Files) -> None:
    """All records come again, at other offsets, and no constraint stands behind the inbox."""
    await as_owner(files.database, SECOND_LOCK)
    await a_journey(files)
    records = await on_kafka(files)
    await files.desk.probe.deliver(READER, *records)
    again = [replace(one, offset=one.offset + 100) for one in records]
    await files.desk.probe.deliver(READER, *again)


async def out_of_order(files: Files) -> None:
    """The third record comes before the second."""
    await a_journey(files)
    records = await on_kafka(files)
    moved = [records[0], records[2], records[1], *records[3:]]
    for offset, one in enumerate(moved):
        await files.desk.probe.deliver(READER, replace(one, offset=offset))


async def a_failure(files: Files) -> None:
    """The first try of a batch fails before its commit."""
    await a_journey(files)
    failpoints.arm("consume.in_transaction=error@1")
    await files.desk.probe.deliver(READER, *await on_kafka(files))
    failpoints.arm("")


async def one_batch_after_another(files: Files) -> None:
    """The submission, then all the rest at once."""
    await a_journey(files)
    first, *rest = await on_kafka(files)
    await files.desk.probe.deliver(READER, first)
    await files.desk.probe.deliver(READER, *rest)


async def spoilt_and_mended(files: Files) -> None:
    """The second record cannot be read; then it is mended, and what waits is applied."""
    await a_journey(files)
    records = await on_kafka(files)
    spoilt = replace(records[1], value=b"{")
    await files.desk.probe.deliver(READER, records[0], spoilt, *records[2:])
    probe = files.desk.probe
    await as_owner(
        files.database,
        f"UPDATE parked SET value = convert_to('{records[1].value.decode()}', 'UTF8')"  # noqa: S608 - our own text
        " WHERE reason = 'not_json'",
    )
    subscription = next(
        one.subscription for one in probe.running.runners if one.subscription.consumer == READER
    )
    await batch.redrive(probe.running.database, subscription, records[0].key, "operator:test")


async def test_finds_inbox_off(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.inbox_off(monkeypatch)
    await everything_twice(files)
    await judge(files, "doubled")


async def test_clean_everything_twice(files: Files) -> None:
    await everything_twice(files)
    await judge(files, None)


async def test_finds_gap_check_off(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.gap_check_off(monkeypatch)
    await out_of_order(files)
    await judge(files, "lost")


async def test_clean_out_of_order(files: Files) -> None:
    await out_of_order(files)
    await judge(files, None)


async def test_finds_acknowledge_on_error(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.acknowledge_on_error(monkeypatch)
    await a_failure(files)
    await judge(files, "lost")


async def test_finds_offset_committed_before_apply(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs.offset_committed_before_apply(monkeypatch)
    await a_failure(files)
    await judge(files, "lost")


async def test_finds_position_in_another_transaction(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs.position_in_another_transaction(monkeypatch)
    await a_failure(files)
    await judge(files, "lost")


async def test_clean_a_failure(files: Files) -> None:
    await a_failure(files)
    await judge(files, None)


async def test_finds_read_model_written_twice(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    await as_owner(files.database, SECOND_LOCK)
    bugs.read_model_written_twice(monkeypatch)
    await one_batch_after_another(files)
    await judge(files, "doubled")


async def test_finds_projection_out_of_order(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.projection_out_of_order(monkeypatch)
    await one_batch_after_another(files)
    await judge(files, "misordered")


async def test_clean_one_batch_after_another(files: Files) -> None:
    await one_batch_after_another(files)
    await judge(files, None)


async def test_finds_parked_key_does_not_block(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs.parked_key_does_not_block(monkeypatch)
    await spoilt_and_mended(files)
    await judge(files, "lost")


async def test_clean_spoilt_and_mended(files: Files) -> None:
    await spoilt_and_mended(files)
    await judge(files, None)


@pytest.mark.parametrize(
    "plant,kind",
    [(bugs.poison_dropped, "lost"), (None, None)],
    ids=["test_finds_poison_dropped", "test_clean_poison"],
)
async def test_poison(
    plant: Plant | None, kind: str | None, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that cannot be read, in front of another key."""
    if plant is not None:
        plant(monkeypatch)
    await a_journey(files)
    record = replace((await on_kafka(files))[0], value=b"{", offset=0)
    await files.desk.probe.deliver(READER, record)
    request = {"topic": record.topic, "key": record.key}
    place = {"partition": record.partition, "offset": record.offset}
    files.seen.add("poison", "ok", None, request, place, 0)
    evidence = await files.seen.evidence(("tracking", files.database))
    judged(poison_is_parked(evidence), kind)


@pytest.mark.parametrize(
    "plant,kind",
    [(bugs.stale_cache, "misordered"), (None, None)],
    ids=["test_finds_stale_cache", "test_clean_readings"],
)
async def test_readings(
    plant: Plant | None, kind: str | None, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One officer looks at one application after each change."""
    if plant is not None:
        plant(monkeypatch)
    application = await a_journey(files)
    officer = files.desk.probe.bearer("siti", "officer")
    for record in await on_kafka(files):
        await files.desk.probe.deliver(READER, record)
        path = f"/v1/applications/{application}"
        await files.seen.ask("read", files.desk.probe.client, path, headers=officer)
    judged(reads_never_go_back(await files.seen.evidence()), kind)


@pytest.mark.parametrize(
    "plant,kind",
    [(bugs.stream_forgets_resume, "lost"), (None, None)],
    ids=["test_finds_stream_forgets_resume", "test_clean_streams"],
)
async def test_streams(
    plant: Plant | None, kind: str | None, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader leaves, misses something, and comes back with the last position."""
    if plant is not None:
        plant(monkeypatch)
    hub, last = hub_of(files.desk.probe.running), 0
    for _ in range(3):
        await a_journey(files)
        await files.desk.replicate()
        async with aclosing(hub.frames(last)) as stream:
            await anext(stream)
            await a_journey(files)  # something new comes in any case
            await files.desk.replicate()
            for entry in await frames(stream, 1):
                last = entry["position"]
                answer = {"position": last, "event": "fact"}
                files.seen.add("stream", "ok", None, {}, answer, 0)
    judged(reads_never_go_back(await files.seen.evidence()), kind)
