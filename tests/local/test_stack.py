"""The whole stack with fake services: up, second up, crashes, down, and what goes wrong."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from rich.console import Console

from local import backends, clients, control, paths, plan, processes, stack, state, status
from local.errors import PortTaken, StackError, StartFailed
from local.plan import Options
from local.state import StackState

SERVICES = ("booking", "notify")
pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
QUIET = Console(quiet=True)


def options(home: Path) -> Options:
    """A stack that disturbs no other one on this machine."""
    ports: dict[str, int] = {}
    for name in plan.FRIENDLY:
        ports[name] = processes.free_port(frozenset(ports.values()))
    return Options(home, ports=ports, services=SERVICES, module="tests.local.fake_service")


def eventually(what: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def alive(found: StackState) -> list[psutil.Process]:
    same = (processes.same(one.pid, one.born) for one in found.processes)
    return [process for process in same if process is not None]


@pytest.fixture(scope="module")
def running(open_folder: Path) -> Iterator[StackState]:
    home = open_folder / "running"
    found, already = stack.up(options(home), console=QUIET)
    assert not already
    yield found
    stack.down(home)


def test_everything_is_ready_when_up_returns(running: StackState) -> None:
    seen = status.status(running.home)
    assert seen.healthy
    assert {one.name for one in seen.processes} == {
        "kafka-1",
        "postgres",
        "identity",
        "mailbox",
        *SERVICES,
    }
    assert all(one.memory_mb and one.memory_mb > 1 for one in seen.processes)


def test_the_figures_of_a_service_are_those_of_its_metrics(running: StackState) -> None:
    seen = {one.name: one for one in status.status(running.home).processes}
    assert seen["booking"].outbox_age_seconds == 1.5
    assert seen["booking"].lag_events == 7
    assert seen["postgres"].lag_events is None


def test_a_second_up_finds_it_running(running: StackState) -> None:
    again, already = stack.up(Options(running.home), console=QUIET)
    assert already
    assert again.pid == running.pid
    with pytest.raises(StackError, match="stop it first with `loket down`"):
        stack.up(Options(running.home), fresh=True, console=QUIET)


def test_services_get_their_own_doors_and_no_other(running: StackState) -> None:
    environment = httpx.get(f"{running.urls['booking']}/environment").json()
    assert environment["LOKET_DATABASE_URL"].startswith("postgresql+asyncpg://booking:")
    assert environment["LOKET_RELAY_DATABASE_URL"].startswith("postgresql+asyncpg://booking_relay:")
    assert environment["LOKET_KAFKA_BOOTSTRAP"] == running.bootstrap
    assert environment["LOKET_JWKS_URL"] == f"{running.urls['identity']}/jwks.json"
    assert "LOKET_OWNER_DATABASE_URL" not in environment
    assert "LOKET_SMTP_PORT" not in environment
    notify = httpx.get(f"{running.urls['notify']}/environment").json()
    assert f"{notify['LOKET_SMTP_HOST']}:{notify['LOKET_SMTP_PORT']}" == running.smtp


def test_everybody_of_the_catalogue_can_log_in(running: StackState) -> None:
    agencies, malls = backends.offices()
    names = [f"agency-{one.code}" for one in agencies]
    names += [f"officer-{one.code}-2" for one in malls] + ["operator", "system-ledger"]
    for name in names:
        form = {"grant_type": "client_credentials", "client_id": name}
        secret = clients.secret_of(running.home, name)
        answer = httpx.post(
            f"{running.urls['identity']}/oauth/token", data={**form, "client_secret": secret}
        )
        assert answer.status_code == 200, name


def test_no_secret_is_in_a_log_or_in_the_state(running: StackState) -> None:
    files = [*(running.home / "logs").glob("*.log"), state.file_of(running.home)]
    written = "".join(file.read_text() for file in files)
    postgres = running.home / "postgres"
    for name in ("operator", "agency-dinkes"):
        assert clients.secret_of(running.home, name) not in written
    assert (postgres / "superuser-password").read_text() not in written


def test_a_crashed_service_and_a_killed_server_come_back(running: StackState) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.post(f"{running.urls['notify']}/crash")
    postgres = next(one for one in running.processes if one.name == "postgres")
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)

    def back() -> bool:
        seen = {one.name: one for one in status.status(running.home).processes}
        names = ("notify", "postgres")
        return all(n in seen and seen[n].healthy and seen[n].restarts == 1 for n in names)

    eventually(back)


def test_a_program_is_restarted_but_no_server(running: StackState) -> None:
    before = control.find(running.home, "booking")
    control.restart(running.home, "booking")
    after = control.find(running.home, "booking")
    assert after.pid not in {None, before.pid}
    assert after.state == "ready"
    with pytest.raises(StackError, match="does not run as a program"):
        control.restart(running.home, "postgres")


def test_a_held_server_stays_down_until_it_is_released(running: StackState) -> None:
    control.hold(running.home, "kafka-1")
    before = control.find(running.home, "kafka-1")
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    time.sleep(4 * backends.BETWEEN_LOOKS)  # its keeper has looked more than once
    assert processes.same(before.pid, before.born) is None
    told = {one.name: one.pid for one in status.status(running.home).processes}
    assert told.get("kafka-1") in {None, before.pid}  # of the dead, or of nobody any more
    control.release(running.home, "kafka-1")

    def back() -> bool:
        names = {one.name: one for one in status.status(running.home).processes}
        return "kafka-1" in names and names["kafka-1"].pid not in {None, before.pid}

    eventually(back)


def test_logs_are_found_by_name_and_an_unknown_name_lists_the_known(running: StackState) -> None:
    lines = list(status.logs("daemon", home=running.home))
    assert any("everything is ready" in line for line in lines)
    with pytest.raises(StackError, match=r"no log of 'nothing'; there are logs of: booking, "):
        list(status.logs("nothing", home=running.home))


def test_following_a_log_gives_new_lines_as_they_come(running: StackState) -> None:
    lines = status.logs("mailbox", home=running.home, lines=1, follow=True)
    with (running.home / "logs" / "mailbox.log").open("a") as log:
        log.write("an old line\nthe last line\n")
        log.flush()
        assert next(lines) == "the last line"
        log.write("half a line, ")
        log.flush()
        log.write("and the rest\n")
    assert next(lines) == "half a line, and the rest"


def test_down_leaves_nothing_and_a_killed_daemon_leaves_nothing(running: StackState) -> None:
    found = state.read(running.home)
    assert found is not None
    everything = alive(found)
    assert len(everything) == len(found.processes)
    os.kill(running.pid, signal.SIGKILL)
    assert processes.wait_gone(everything, 30)
    assert status.status(running.home).phase == "stopped"

    again, already = stack.up(options(running.home), console=QUIET)
    assert not already
    everything = alive(again)
    assert stack.down(running.home)
    assert processes.wait_gone(everything, 0)
    assert not state.is_running(running.home)
    assert not stack.down(running.home)


def test_an_interrupted_up_leaves_nothing(open_folder: Path) -> None:
    home = open_folder / "interrupted"
    script = (
        # Whoever runs the tests in the background has SIGINT ignored, and so would the child.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from pathlib import Path; from local import stack; from local.plan import Options; "
        f"stack.up(Options(Path({str(home)!r}), module='tests.local.fake_service'))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(paths.REPOSITORY)},
    ) as starting:
        eventually(lambda: state.read(home) is not None)
        starting.send_signal(signal.SIGINT)
        assert starting.wait(60) != 0
    found = state.read(home)
    assert found is not None
    assert found.phase == "stopped"
    assert alive(found) == []
    assert not state.is_running(home)


def test_a_service_that_does_not_start_is_named_and_everything_is_stopped(
    open_folder: Path,
) -> None:
    home = open_folder / "failing"
    with pytest.raises(StartFailed, match=r"(?s)ends again and again .*no_such_service"):
        stack.up(
            Options(home, module="tests.local.no_such_service", services=("booking",)),
            console=QUIET,
        )
    assert not state.is_running(home)
    found = state.read(home)
    assert found is not None
    assert alive(found) == []


def test_a_used_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} for booking is used by another program"):
            plan.choose_ports({"booking": port})


def test_friendly_ports_give_way_to_any_that_were_asked_for() -> None:
    asked = processes.free_port()
    chosen = plan.choose_ports({"ledger": asked})
    assert chosen["ledger"] == asked
    assert len(set(chosen.values())) == len(chosen)


def test_ports_are_read_from_one_variable() -> None:
    assert plan.asked_ports("booking=9001, kafka=9092") == {"booking": 9001, "kafka": 9092}
    assert plan.asked_ports("") == {}
    for wrong in ("booking", "booking=x", "nobody=1", "booking=99999"):
        with pytest.raises(StackError, match="chooses no port: write NAME=NUMBER"):
            plan.asked_ports(wrong)
