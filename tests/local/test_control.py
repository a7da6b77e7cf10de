"""Wishes to the daemon: a program held down, started differently once, restarted gracefully."""

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from local import control, processes
from local.errors import StackError
from local.supervisor import Child, Supervisor
from tests.local.test_supervisor import QUICK, fake


def test_a_wish_for_the_next_start_is_granted_once(tmp_path: Path) -> None:
    control.ask_next_start(tmp_path, "one", {"A": "1"})
    assert control.take_next_start(tmp_path, "two") == {}
    assert control.take_next_start(tmp_path, "one") == {"A": "1"}
    assert control.take_next_start(tmp_path, "one") == {}


def test_wishes_to_an_earlier_daemon_are_forgotten(tmp_path: Path) -> None:
    control.hold(tmp_path, "one")
    control.ask_next_start(tmp_path, "one", {"A": "1"})
    control.forget(tmp_path)
    assert not control.is_held(tmp_path, "one")
    assert control.take_next_start(tmp_path, "one") == {}


async def test_a_held_program_stays_down_until_it_is_released(tmp_path: Path) -> None:
    watched = Supervisor([fake(tmp_path)], tmp_path, pace=QUICK)
    watched.start()
    try:
        await watched.ready(30)
        (child,) = watched.children
        control.hold(tmp_path, "one")
        await _kill(child)
        await asyncio.sleep(3 * QUICK.longest_delay)  # longer than any wait before a restart
        assert child.pid is None
        control.release(tmp_path, "one")
        await watched.ready(30)
        assert child.restarts == 1
    finally:
        await watched.stop()


async def test_only_the_next_start_has_the_variables_that_were_asked_for(tmp_path: Path) -> None:
    watched = Supervisor([fake(tmp_path)], tmp_path, pace=QUICK)
    watched.start()
    try:
        await watched.ready(30)
        (child,) = watched.children
        control.ask_next_start(tmp_path, "one", {"WISH": "granted"})
        seen = []
        for _ in range(2):
            await _kill(child)
            await watched.ready(30)
            assert child.pid is not None
            seen.append(psutil.Process(child.pid).environ().get("WISH"))
        assert seen == ["granted", None]
    finally:
        await watched.stop()


def test_what_does_not_run_cannot_be_restarted(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="There is no 'booking' in the running stack"):
        control.restart(tmp_path, "booking")


async def _kill(child: Child) -> None:
    assert child.pid is not None
    process = psutil.Process(child.pid)
    os.kill(child.pid, signal.SIGKILL)
    assert processes.wait_gone([process], 5)
    child.state = "unready"  # until the next look says so
