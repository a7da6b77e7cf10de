"""The sampler finds where processor time goes, and its counts add up."""

import subprocess
import sys
from pathlib import Path

from bench import sampling, stages
from local.paths import REPOSITORY

BUSY = """
import os, signal, sys, time
from pathlib import Path
from bench import sampling, stages

def busy():
    ends_at = time.process_time() + 0.4
    while time.process_time() < ends_at:
        sum(range(500))

sampling.install(Path(sys.argv[1]))
busy()
os.kill(os.getpid(), signal.SIGUSR1)
"""


def test_a_busy_function_is_found_by_name(tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    subprocess.run([sys.executable, "-c", BUSY, str(file)], cwd=REPOSITORY, check=True, timeout=50)
    found = sampling.read(file)
    assert found.cpu > 0.3
    ((name, count),) = found.own().most_common(1)
    assert name == "__main__:busy"
    assert found.total()["__main__:busy"] >= count > 0


def test_a_function_counts_once_however_often_it_stands_on_a_stack() -> None:
    profile = sampling.Profile(1.0, [(("inner", "outer", "inner"), 3), (("outer",), 2)])
    assert profile.samples == 5
    assert profile.own() == {"inner": 3, "outer": 2}
    assert profile.total() == {"inner": 3, "outer": 5}


def test_the_innermost_known_frame_decides_the_stage() -> None:
    relay = ("uuid:UUID.__init__", "chassis.relay:_envelope", "asyncio:run")
    fold = (
        "x:y",
        "chassis.subscription:project.<locals>.apply",
        "chassis.batch:_apply",
        "faststream:z",
    )
    assert stages.stage_of(relay) == "relay"
    assert stages.stage_of(fold) == "read model: fold and save"
    assert stages.stage_of(("selectors:select",)) == stages.OTHER
    profile = sampling.Profile(1.0, [(relay, 3), (fold, 2), (relay, 1)])
    assert stages.by_stage(profile) == {"relay": 4, "read model: fold and save": 2}
