"""A day in a mall on a clock of its own: right, told in one line and a picture, and repeatable."""

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.journeys.cli import loket
from tests.journeys.conftest import own_ports
from tests.journeys.own import own_home

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]
RIGHT = {"gaps": "0", "repeats": "0", "double_calls": "0", "oversold": "0", "off_rule": "0"}


async def play(home: Path, visits: int) -> dict[str, str]:
    """The words of the last line of a day."""
    environment = {**os.environ, "LOKET_PORTS": own_ports()}
    words = ("day", "--seed", "3", "--visits", str(visits), "--home", str(home))
    ended = await loket(environment, *words)
    assert ended.code == 0, ended.out + ended.err
    name, _, rest = ended.out.strip().splitlines()[-1].partition(": ")
    assert name == "day"
    return dict(word.split("=") for word in rest.split())


async def test_a_day_is_right_drawn_and_the_same_again() -> None:
    with own_home("loket-day-") as home:
        first = await play(home, 120)
        picture = ET.parse(home / "day-2026-03-02-3.svg")  # noqa: S314 - the play has just drawn it
        again = await play(home, 120)
    assert RIGHT.items() <= first.items()
    assert (first["absent"], first["late"]) == ("1", "1")
    for counted in ("tickets", "booked", "stayed_away", "offline", "answered"):
        assert int(first[counted]) > 0, counted
    assert again == first
    assert picture.getroot().get("aria-label", "").startswith("MPP Sehari")
