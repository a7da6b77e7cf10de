"""Bugs of deciding: the checker finds each, and nothing where nothing is planted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from chassis import failpoints, testing
from chassis.testing import Probe
from checker.capacity import capacity_is_kept
from checker.commands import no_ghosts, nothing_acknowledged_lost, one_effect_per_key
from checker.legal import histories_are_legal
from checker.places import tickets_count_without_gap
from contracts.ids import PersonId
from local.testing import Database
from services.booking.wiring import SERVICE as BOOKING
from tests.planted import bugs_of_decisions as bugs
from tests.planted.bugs_of_decisions import Meeting, Plant
from tests.planted.conftest import Files, Fresh, Tickets
from tests.planted.seen import Seen, all_of, judged
from tests.services.booking.conftest import Booking, mall_entry, service_entry

pytestmark = pytest.mark.integration
DECIDED = (nothing_acknowledged_lost, no_ghosts, one_effect_per_key, histories_are_legal)


async def a_rollback(tickets: Tickets) -> None:
    """One command fails before its commit, then another comes."""
    failpoints.arm("dispatch.before_commit=error@1")
    assert await tickets.take("key-first-1") == 500
    failpoints.arm("")
    assert await tickets.take("key-second-2") == 201


async def test_finds_ticket_number_from_a_sequence(
    tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs.ticket_number_from_a_sequence(monkeypatch)
    await a_rollback(tickets)
    evidence = await tickets.seen.evidence(("queue", tickets.database))
    judged(tickets_count_without_gap(evidence), "lost")


async def test_clean_rollback(tickets: Tickets) -> None:
    await a_rollback(tickets)
    evidence = await tickets.seen.evidence(("queue", tickets.database))
    all_of((*DECIDED, tickets_count_without_gap), evidence)


async def the_same_key_again(tickets: Tickets) -> None:
    """The client repeats, until it is answered and once more."""
    for _ in range(3):
        await tickets.take("key-of-one-ticket")


async def test_finds_idempotency_check_off(
    tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs.idempotency_check_off(monkeypatch)
    await the_same_key_again(tickets)
    evidence = await tickets.seen.evidence(("queue", tickets.database))
    judged(one_effect_per_key(evidence), "doubled")


async def test_finds_idempotency_row_in_another_transaction(
    tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs.idempotency_row_in_another_transaction(monkeypatch)
    await the_same_key_again(tickets)
    evidence = await tickets.seen.evidence(("queue", tickets.database))
    judged(no_ghosts(evidence), "illegal")


async def test_finds_event_log_after_the_commit(
    tickets: Tickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs.event_log_after_the_commit(monkeypatch)
    await the_same_key_again(tickets)
    evidence = await tickets.seen.evidence(("queue", tickets.database))
    judged(nothing_acknowledged_lost(evidence), "lost")


async def test_clean_the_same_key_again(tickets: Tickets) -> None:
    failpoints.arm("dispatch.after_commit=error@1")
    await the_same_key_again(tickets)
    evidence = await tickets.seen.evidence(("queue", tickets.database))
    all_of((*DECIDED, tickets_count_without_gap), evidence)


@asynccontextmanager
async def rivals(
    database: Database, folder: Path, *, locked: bool
) -> AsyncIterator[tuple[Probe, Probe, Meeting]]:
    """Two processes of booking with one database, and where their decisions meet."""
    meeting = Meeting(BOOKING.domain.load_many, locked=locked)
    service = replace(BOOKING, domain=replace(BOOKING.domain, load_many=meeting.load))
    code_key = folder / "code-key"
    code_key.write_bytes(b"k" * 32)
    async with (
        testing.running(service, database, code_key_file=code_key) as one,
        testing.running(service, database, code_key_file=code_key) as other,
    ):
        await one.deliver("booking.catalogue", *map(one.arrival, (mall_entry(), service_entry())))
        yield one, other, meeting


@pytest.mark.parametrize(
    "plant,kind",
    [(bugs.version_check_off, "lost"), (None, None)],
    ids=["test_finds_version_check_off", "test_clean_two_at_one_appointment"],
)
async def test_two_at_one_appointment(
    plant: Plant | None,
    kind: str | None,
    fresh_database: Fresh,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One process checks in what the other cancels, both having read the same state."""
    if plant is not None:
        plant(monkeypatch)
    seen, database = Seen("booking"), await fresh_database("booking")
    async with rivals(database, tmp_path, locked=plant is None) as (one, other, meeting):
        booking = Booking(one)
        made = (await booking.book(await booking.opened())).json()
        proof = {"Booking-Code": made["booking_code"]}
        path = f"/v1/appointments/{made['appointment_id']}"
        meeting.is_on = True
        await asyncio.gather(
            seen.ask("check_in", one.client, f"{path}/check-in", headers=proof, key="key-check-in"),
            seen.ask("cancel", other.client, f"{path}/cancel", headers=proof, key="key-cancel-1"),
        )
        evidence = await seen.evidence(("booking", database))
        judged(nothing_acknowledged_lost(evidence), kind)


@pytest.mark.parametrize(
    "plant,kind",
    [(bugs.capacity_read_then_write, "illegal"), (None, None)],
    ids=["test_finds_capacity_read_then_write", "test_clean_two_at_one_place"],
)
async def test_two_at_one_place(
    plant: Plant | None,
    kind: str | None,
    fresh_database: Fresh,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two processes give away the last place, both having read that it is free."""
    if plant is not None:
        plant(monkeypatch)
    seen, database = Seen("booking"), await fresh_database("booking")
    async with rivals(database, tmp_path, locked=plant is None) as (one, other, meeting):
        session = await Booking(one).opened(capacity=1)
        meeting.is_on = True
        await asyncio.gather(
            *(
                seen.ask(
                    "book",
                    probe.client,
                    "/v1/appointments",
                    headers={},
                    body={"session_id": session, "person_id": str(PersonId.new())},
                    key=f"key-of-a-booking-{number}",
                )
                for number, probe in enumerate((one, other))
            )
        )
        judged(capacity_is_kept(await seen.evidence(("booking", database))), kind)


async def reports_against_the_rules(files: Files) -> None:
    """An agency reports another's stage, and its own before its turn; then all goes on."""
    desk = files.desk
    application, _ = await desk.submit(journey="izin-bangunan")
    await desk.post("dlh", desk.stage(application, "kelengkapan", "accepted"))
    await desk.post("dlh", desk.stage(application, "lingkungan", "done"))
    await desk.post("dpmptsp", desk.stage(application, "kelengkapan", "done"))


async def test_finds_owner_check_off(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.owner_check_off(monkeypatch)
    await reports_against_the_rules(files)
    evidence = await files.seen.evidence(("tracking", files.database))
    judged(histories_are_legal(evidence), "illegal")


async def test_finds_turn_check_off(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs.turn_check_off(monkeypatch)
    await reports_against_the_rules(files)
    evidence = await files.seen.evidence(("tracking", files.database))
    judged(histories_are_legal(evidence), "illegal")


async def test_clean_reports_against_the_rules(files: Files) -> None:
    await reports_against_the_rules(files)
    evidence = await files.seen.evidence(("tracking", files.database))
    judged(histories_are_legal(evidence), None)
