"""Whole replays of small logs through the running platform, once, again, and interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.paths import REPOSITORY
from simulator.logs.generate import write_csv
from simulator.logs.rows import Columns
from simulator.platform import Platform
from simulator.replay import ReplayOptions, main

pytestmark = [pytest.mark.journey, pytest.mark.integration, pytest.mark.timeout(240)]
DATA = Path(__file__).parents[1] / "data"
Run = Callable[[ReplayOptions], tuple[int, dict[str, Any]]]


@pytest.fixture
def run(platform: Platform, capsys: pytest.CaptureFixture[str]) -> Run:
    """Replays a log; returns exit code and verdict."""

    def replayed(options: ReplayOptions) -> tuple[int, dict[str, Any]]:
        code = main(replace(options, home=platform.home, as_json=True))
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else {"told": said.err}

    return replayed


def counts(verdict: dict[str, Any]) -> tuple[int, ...]:
    wanted = ("cases", "events", "lost", "doubled", "misordered", "refused")
    return tuple(verdict[name] for name in wanted)


@pytest.mark.parametrize("form", ["csv", "csv.gz", "xes", "xes.gz"])
def test_a_log_is_told_by_the_trail_whatever_its_form(run: Run, form: str) -> None:
    code, verdict = run(ReplayOptions(DATA / f"permits.{form}"))
    assert counts(verdict) == (12, 54, 0, 0, 0, 0)
    assert (verdict["http_events"], verdict["kafka_events"]) == (30, 24)
    assert code == 0


def test_a_log_with_malformed_rows_says_so_by_its_exit_code(run: Run) -> None:
    columns = Columns(case="kasus", activity="kegiatan", time="waktu", group="unit")
    code, verdict = run(ReplayOptions(DATA / "broken.csv", columns))
    assert counts(verdict) == (2, 3, 0, 0, 0, 0)
    assert verdict["malformed"] == 4
    assert code == 2


def test_a_second_run_repeats_answers_and_makes_no_facts(run: Run) -> None:
    options = ReplayOptions(DATA / "permits.csv", name="twice")
    first, second = run(options), run(options)
    assert counts(first[1]) == counts(second[1]) == (12, 54, 0, 0, 0, 0)


def test_a_second_run_through_the_other_doors_makes_no_facts_either(run: Run) -> None:
    options = ReplayOptions(DATA / "permits.csv", name="otherdoors")
    assert run(replace(options, http_share=1))[0] == 0
    code, verdict = run(replace(options, http_share=0))
    assert counts(verdict) == (12, 54, 0, 0, 0, 0)
    assert verdict["kafka_events"] == 54
    assert code == 0


def test_a_replay_that_was_killed_is_finished_by_the_next_and_nothing_is_doubled(
    run: Run, platform: Platform, tmp_path: Path
) -> None:
    log = tmp_path / "killed.csv"
    with log.open("w") as out:
        events = write_csv(out, 150)
    call = (
        "import pathlib, sys; from simulator.replay import ReplayOptions, main; "
        "sys.exit(main(ReplayOptions(pathlib.Path(sys.argv[1]), home=pathlib.Path(sys.argv[2]))))"
    )
    shown = tmp_path / "shown.txt"
    with shown.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", call, str(log), str(platform.home)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=output,
            stderr=output,
        )
        try:
            deadline = time.monotonic() + 60
            while b"sending" not in shown.read_bytes() and process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
    code, verdict = run(ReplayOptions(log))
    assert counts(verdict) == (150, events, 0, 0, 0, 0)
    assert code == 0
