"""Things that run at once: the first failure ends all, and cleaning up is never interrupted."""

import asyncio

import pytest

from simulator.replay.together import beside, together


async def test_the_first_failure_is_raised_as_it_is_and_ends_the_others() -> None:
    ended = False

    async def endless() -> None:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            ended = True

    async def failing() -> None:
        await asyncio.sleep(0)
        raise ValueError("this one")

    with pytest.raises(ValueError, match="this one"):
        await together(endless(), failing())
    assert ended


async def test_whoever_is_cancelled_may_finish_cleaning_up() -> None:
    cleaned: list[int] = []

    async def careful(steps: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(steps):
                await asyncio.sleep(0)
            cleaned.append(steps)

    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    assert await beside(together(careful(1), careful(20)), work()) == "done"
    assert cleaned == [1, 20]


async def test_a_failure_in_the_background_ends_the_work() -> None:
    async def failing() -> None:
        await asyncio.sleep(0)
        raise ValueError("behind the scenes")

    async def work() -> None:
        await asyncio.Event().wait()

    with pytest.raises(ValueError, match="behind the scenes"):
        await beside(failing(), work())
