"""Programs that are started, watched, restarted and stopped, among them issuer and mailbox."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path

import aiosmtplib
import httpx
import psutil
import pytest

from local import clients, paths, processes
from local.errors import StartFailed
from local.supervisor import Pace, Program, Supervisor, delay

QUICK = Pace(first_delay=0.05, longest_delay=0.4, between_checks=0.1)


def program(
    module: str, home: Path, extra: Mapping[str, str] | None = None, name: str = "one"
) -> Program:
    port = processes.free_port()
    environment = {
        **os.environ,
        "LOKET_HOME": str(home),
        "LOKET_HTTP_PORT": str(port),
        **(extra or {}),
    }
    return Program(name, [sys.executable, "-m", module], environment, f"http://127.0.0.1:{port}")


def fake(home: Path, extra: Mapping[str, str] | None = None, name: str = "one") -> Program:
    return program("tests.local.fake_service", home, extra, name)


async def test_programs_are_started_watched_and_stopped(tmp_path: Path) -> None:
    changes: list[str] = []
    watched = Supervisor(
        [fake(tmp_path), fake(tmp_path, name="two")], tmp_path, lambda: changes.append("")
    )
    watched.start()
    await watched.ready(30)
    running = [psutil.Process(child.pid) for child in watched.children]
    await watched.stop()
    assert processes.wait_gone(running, 0)
    assert [child.state for child in watched.children] == ["stopped", "stopped"]
    assert [child.restarts for child in watched.children] == [0, 0]
    codes = {child.process.returncode for child in watched.children if child.process}
    assert codes <= {0, -signal.SIGTERM}  # stopped by itself, not killed
    assert changes


async def test_a_crashed_program_is_started_again(tmp_path: Path) -> None:
    watched = Supervisor([fake(tmp_path)], tmp_path, pace=QUICK)
    watched.start()
    try:
        await watched.ready(30)
        (child,) = watched.children
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert processes.wait_gone([psutil.Process(first)], 5)
        child.state = "unready"  # until the next look says so
        await watched.ready(30)
        assert child.restarts == 1
        assert child.pid not in {None, first}
    finally:
        await watched.stop()


async def test_a_program_that_crashes_again_and_again_is_named_with_its_log(
    tmp_path: Path,
) -> None:
    watched = Supervisor([fake(tmp_path, {"FAKE_CRASH": "always"})], tmp_path, pace=QUICK)
    watched.start()
    try:
        with pytest.raises(StartFailed, match=r"one ends again and again \(exit code 7\)") as told:
            await watched.ready(30)
        assert "crashing as told" in str(told.value)
        assert str(tmp_path / "logs" / "one.log") in str(told.value)
    finally:
        await watched.stop()


async def test_a_program_that_hangs_is_ended_and_started_again(tmp_path: Path) -> None:
    pace = Pace(first_delay=0.05, between_checks=0.1, check_timeout=0.2, failures=2, stop=0.2)
    watched = Supervisor([fake(tmp_path)], tmp_path, pace=pace)
    watched.start()
    try:
        await watched.ready(30)
        (child,) = watched.children
        first = psutil.Process(child.pid)
        first.suspend()
        child.state = "unready"
        await watched.ready(30)
        assert not first.is_running()
        assert child.restarts == 1
    finally:
        await watched.stop()


def test_waits_between_restarts_double_up_to_a_bound_and_differ() -> None:
    pace = Pace(first_delay=1, longest_delay=10)
    for crashes, longest in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (500, 10)):
        waits = {delay(pace, crashes) for _ in range(50)}
        assert all(longest / 2 <= wait <= longest for wait in waits)
        assert len(waits) > 1


def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux ties children to their parent")
    script = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from tests.local.test_supervisor import fake
        from local.supervisor import Supervisor

        async def main():
            watched = Supervisor([fake(Path(sys.argv[1]))], Path(sys.argv[1]))
            watched.start()
            await watched.ready(30)
            print(watched.children[0].pid, flush=True)
            await asyncio.sleep(60)

        asyncio.run(main())
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(paths.REPOSITORY)},
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert processes.wait_gone([child], 10)


async def test_the_issuer_logs_neither_secrets_nor_tokens(tmp_path: Path) -> None:
    secret = clients.register_client(tmp_path, "operator", ["operator"])
    served = program("local.identity", tmp_path, name="identity")
    watched = Supervisor([served], tmp_path)
    watched.start()
    try:
        await watched.ready(30)
        form = {"grant_type": "client_credentials", "client_id": "operator"}
        async with httpx.AsyncClient(base_url=served.url) as client:
            good = await client.post("/oauth/token", data={**form, "client_secret": secret})
            bad = await client.post("/oauth/token", data={**form, "client_secret": "guess-42"})
            in_address = await client.post(f"/oauth/token?client_secret={secret}", data=form)
    finally:
        await watched.stop()
    assert (good.status_code, bad.status_code, in_address.status_code) == (200, 401, 401)
    written = (tmp_path / "logs" / "identity.log").read_text()
    for word in (secret, "guess-42", good.json()["access_token"], clients.digest(secret)):
        assert word not in written


async def test_the_mailbox_keeps_what_is_sent_and_shows_it(tmp_path: Path) -> None:
    port = processes.free_port()
    served = program("local.mailbox", tmp_path, {"LOKET_SMTP_PORT": str(port)}, name="mailbox")
    watched = Supervisor([served], tmp_path)
    watched.start()
    try:
        await watched.ready(30)
        for number in (1, 2):
            await aiosmtplib.send(
                f"To: budi@example.org\r\nSubject: Giliran {number}\r\n"
                f"Message-ID: <{number}@loket>\r\n\r\nSilakan ke loket 3.\r\n",
                sender="loket@example.org",
                recipients=["budi@example.org"],
                hostname="127.0.0.1",
                port=port,
            )
        async with httpx.AsyncClient(base_url=served.url) as client:
            listed = (await client.get("/messages")).json()
            whole = await client.get(f"/messages/{listed[0]['id']}")
            outside = await client.get("/messages/..%2Fidentity%2Fsecrets")
    finally:
        await watched.stop()
    assert [one["subject"] for one in listed] == ["Giliran 2", "Giliran 1"]
    assert listed[0]["message_id"] == "<2@loket>"
    assert "Silakan ke loket 3." in whole.text
    assert outside.status_code == 404
    assert "budi" not in (tmp_path / "logs" / "mailbox.log").read_text()


def test_a_pid_that_was_given_to_another_process_is_not_ours() -> None:
    me = psutil.Process()
    assert processes.same(me.pid, me.create_time()) == me
    assert processes.same(me.pid, me.create_time() - 1) is None
    assert processes.find(me.pid, "a marker that is not in our command line") is None


def test_ports_are_chosen_below_those_of_clients_and_are_free() -> None:
    chosen = {processes.free_port() for _ in range(20)}
    assert all(20_000 <= port < 32_000 and processes.is_free(port) for port in chosen)


def test_waiting_is_bounded() -> None:
    begun = time.monotonic()
    assert not processes.wait_gone([psutil.Process()], 0.05)
    assert time.monotonic() - begun < 5
