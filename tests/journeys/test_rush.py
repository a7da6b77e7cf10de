"""A small crowd rushes for the places of a day, with a waiting room and without."""

from io import StringIO

import pytest
from rich.console import Console

from simulator.platform import Platform
from simulator.rush.run import MODES, Options, play


@pytest.mark.journey
@pytest.mark.timeout(240)
async def test_a_small_rush_sells_every_place_once(platform: Platform) -> None:
    told = StringIO()
    options = Options(seed=5, places=21, people=300, spread_seconds=2)
    outcomes = await play(platform, options, Console(file=told))
    assert [one.mode for one in outcomes] == list(MODES)
    for one in outcomes:
        assert one.verdict.faults == []
        assert (one.verdict.sold, one.verdict.oversold) == (21, 0)
        assert one.verdict.is_good
        assert one.line.startswith("rush: places=21 people=300 tries=")
    room, lottery, first_come = outcomes
    assert room.told.entered == 300
    assert lottery.told.entered == 300
    assert first_come.told.entered == 0
    assert "all groups have the same chance" in told.getvalue()
