"""Tracking under the sampler: `python -m bench.profiled` in place of `-m services.tracking`.

It writes `profile.json` into the home at SIGUSR1.
"""

from pathlib import Path

from bench import sampling
from chassis.service import run
from local import paths
from services.tracking.wiring import SERVICE

FILE = "profile.json"


def file_of(home: Path) -> Path:
    """Where the profile of the tracking service of this home lies."""
    return home / FILE


if __name__ == "__main__":
    sampling.install(file_of(paths.home()))
    run(SERVICE)
