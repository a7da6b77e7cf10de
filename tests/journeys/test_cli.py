"""The command line on the running platform: what it says, as text and as JSON, and how it ends."""

from pathlib import Path

import psutil
import pytest

from contracts.ids import ApplicationId
from local import processes, state
from simulator.audit import audit
from simulator.platform import Calls, Platform, find
from tests.journeys.cli import loket
from tests.journeys.doors import DLH, Doors
from tests.journeys.records import good_headers, put, waiting_at

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

SERVICES = ("booking", "queue", "tracking", "notify", "ledger")
PARTS = {"kafka-1", "postgres", "identity", "mailbox", *SERVICES}


async def test_status_names_every_process_and_says_that_all_is_well(
    environment: dict[str, str],
) -> None:
    for_programs = await loket(environment, "status", "--json")
    assert for_programs.code == 0, for_programs.out
    found = for_programs.json()
    assert (found["healthy"], found["running"], found["phase"]) == (True, True, "ready")
    assert {one["name"] for one in found["processes"]} == PARTS
    assert all(one["memory_mb"] > 0 for one in found["processes"])
    for_people = await loket(environment | {"COLUMNS": "200"}, "status")
    assert for_people.code == 0
    assert all(name in for_people.out for name in PARTS)


async def test_status_without_a_stack_says_what_to_do_and_ends_with_1(
    environment: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = environment | {"LOKET_HOME": str(tmp_path / "nothing")}
    for_people = await loket(elsewhere, "status")
    assert (for_people.code, "make up" in for_people.out) == (1, True)
    for_programs = await loket(elsewhere, "status", "--json")
    assert (for_programs.code, for_programs.json()["running"]) == (1, False)
    verified = await loket(elsewhere, "verify")
    assert (verified.code, verified.out) == (2, "")
    assert "make up" in verified.err
    assert "Traceback" not in verified.err
    stopped = await loket(elsewhere, "down", "--json")
    assert (stopped.code, stopped.json()) == (0, {"stopped": False})


async def test_a_second_up_says_what_runs_and_starts_nothing(
    platform: Platform, environment: dict[str, str]
) -> None:
    before = state.read(platform.home)
    again = await loket(environment, "up", "--json")
    assert again.code == 0, again.err
    assert again.json()["already_running"] is True
    for_people = await loket(environment | {"COLUMNS": "200"}, "up")
    assert for_people.code == 0
    assert "Already running" in for_people.out
    assert platform.urls["tracking"] in for_people.out
    after = state.read(platform.home)
    assert before is not None
    assert after is not None
    assert before.pid == after.pid


async def test_verify_says_that_everything_agrees(environment: dict[str, str]) -> None:
    for_programs = await loket(environment, "verify", "--json")
    assert for_programs.code == 0, for_programs.out
    assert for_programs.json()["good"] is True
    for_people = await loket(environment, "verify")
    assert for_people.code == 0
    assert "Everything agrees." in for_people.out


async def test_parked_lists_a_record_and_redrive_says_why_it_stays(
    doors: Doors, environment: dict[str, str]
) -> None:
    report = doors.activity(ApplicationId.new())
    place = await put(doors.producer, DLH, b"rusak", good_headers(DLH, report), report.key.encode())
    row = await waiting_at(doors, place)
    listed = await loket(environment, "parked", "list", "--json")
    assert listed.code == 1
    (found,) = [one for one in listed.json() if one["key"] == str(report.application_id)]
    assert (found["service"], found["id"], found["reason"]) == ("tracking", row["id"], "not_json")
    for_people = await loket(environment | {"COLUMNS": "200"}, "parked", "list")
    assert for_people.code == 1
    assert "not_json" in for_people.out
    assert "loket parked redrive" in for_people.out
    redriven = await loket(environment, "parked", "redrive", "tracking", str(row["id"]))
    assert redriven.code == 1
    assert "still_parked" in redriven.err
    assert "Traceback" not in redriven.err


async def test_redrive_of_nothing_is_told_apart(environment: dict[str, str]) -> None:
    nobody = await loket(environment, "parked", "redrive", "kantor", "1")
    assert (nobody.code, "no service" in nobody.err) == (2, True)
    nothing = await loket(environment, "parked", "redrive", "ledger", "987654321", "--json")
    assert (nothing.code, "not_parked" in nothing.err) == (1, True)


async def test_logs_print_each_programs_lines_and_nothing_of_what_was_sent(
    environment: dict[str, str], doors: Doors
) -> None:
    await doors.over_http(doors.activity(await doors.submit(), "Rahasia Pak Budi"))
    everything = await loket(environment, "logs", "--lines", "2000")
    assert everything.code == 0
    assert "daemon: " in everything.out
    assert "Pak Budi" not in everything.out
    one = await loket(environment, "logs", "daemon", "--lines", "1")
    assert (one.code, len(one.out.splitlines())) == (0, 1)
    nobody = await loket(environment, "logs", "kantor")
    assert nobody.code == 2
    assert "tracking" in nobody.err
    assert "Traceback" not in nobody.err


async def test_catalogue_check_finds_the_line_of_a_mistake(
    environment: dict[str, str], tmp_path: Path
) -> None:
    good = await loket(environment, "catalogue", "check", "--json")
    assert (good.code, good.json()) == (0, [])
    (tmp_path / "agencies").mkdir()
    (tmp_path / "agencies" / "x.yaml").write_text("revision: 1\ncode: [\n", encoding="utf-8")
    bad = await loket(environment, "catalogue", "check", str(tmp_path), "--json")
    assert bad.code == 1
    assert bad.json()[0]["file"].endswith("x.yaml")
    for_people = await loket(environment, "catalogue", "check", str(tmp_path))
    assert for_people.code == 1
    assert "x.yaml" in for_people.out


async def test_down_leaves_nothing_and_what_was_decided_is_there_after_the_next_up(
    platform: Platform, doors: Doors, environment: dict[str, str]
) -> None:
    application = await doors.submit()
    await doors.over_http(doors.activity(application))
    before = state.read(platform.home)
    assert before is not None
    alive = [psutil.Process(one.pid) for one in before.processes if one.pid is not None]
    alive += [child for one in alive for child in one.children(recursive=True)]
    alive.append(psutil.Process(before.pid))
    stopped = await loket(environment, "down", "--json")
    assert (stopped.code, stopped.json()) == (0, {"stopped": True})
    assert not [one for one in alive if one.is_running() and one.status() != "zombie"]
    for url in platform.urls.values():
        assert processes.is_free(int(url.rpartition(":")[2]))
    assert not list(platform.home.rglob("*.pid"))
    again = await loket(environment, "down")
    assert (again.code, again.out.strip()) == (0, "Nothing was running.")
    assert (await loket(environment, "status")).code == 1
    started = await loket(environment, "up", "--json")
    assert started.code == 0, started.err
    assert started.json()["already_running"] is False
    async with Calls(find(platform.home)) as calls:
        found = await audit(calls)
        assert found.is_good, found.as_json()
        assert len(await Doors(calls, doors.producer).told(application, 2)) == 2
