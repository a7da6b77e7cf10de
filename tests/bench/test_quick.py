"""A quick run is shorter in everything, says so, and leaves the kept figures alone."""

import argparse
from pathlib import Path

import pytest

import bench.__main__ as command
from bench.ground import Settings
from bench.results import LATEST, Figure, judged, marked_quick


def settings(*, quick: bool, repetitions: int | None = None) -> Settings:
    chosen = argparse.Namespace(
        home=Path("home"),
        quick=quick,
        repetitions=repetitions,
        seconds=None,
        pipeline_seconds=None,
    )
    return command.settings_of(chosen, print)


def test_quick_is_shorter_in_everything() -> None:
    full, quick = settings(quick=False), settings(quick=True)
    assert (full.quick, quick.quick) == (False, True)
    assert full.repetitions == 5
    for name in ("repetitions", "leg_seconds", "load_seconds", "pipeline_seconds", "facts"):
        assert getattr(quick, name) < getattr(full, name)


def test_what_is_asked_for_counts_also_when_it_is_to_be_quick() -> None:
    assert settings(quick=True, repetitions=3).repetitions == 3


def test_a_quick_figure_says_so() -> None:
    row = judged("P3", "a wait", Figure(1, "ms"), None, checked=True)
    assert marked_quick(row).what == "a wait, quick"


def test_quick_figures_are_never_kept_as_the_latest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--quick", "--results", str(LATEST), "P3"])
    assert "not kept in latest.json" in capsys.readouterr().err
