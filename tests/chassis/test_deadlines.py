"""Waits that take too long are given up, each at its own time; and rests that end early."""

import asyncio

import pytest

from chassis.deadlines import Deadlines
from chassis.errors import TooSlow
from chassis.pace import Pace

_BOUND = 10.0


def new_answer() -> "asyncio.Future[object]":
    return asyncio.get_running_loop().create_future()


async def test_what_is_not_answered_is_given_up_and_nothing_else() -> None:
    deadlines = Deadlines(0.02)
    answers = [new_answer() for _ in range(4)]
    instants = [deadlines.begin(answer) for answer in answers]
    assert instants == sorted(instants)
    answers[1].set_result("in time")
    answers[2].cancel()
    async with asyncio.timeout(_BOUND):
        for late in (answers[0], answers[3]):
            with pytest.raises(TooSlow):
                await late
    assert await answers[1] == "in time"
    assert answers[2].cancelled()


async def test_one_that_begins_after_the_others_have_ended_is_given_up_too() -> None:
    deadlines = Deadlines(0.02)
    for _ in range(2):
        answer = new_answer()
        deadlines.begin(answer)
        async with asyncio.timeout(_BOUND):
            with pytest.raises(TooSlow):
                await answer


async def test_a_later_one_is_given_up_although_the_timer_was_set_for_an_answered_one() -> None:
    deadlines = Deadlines(0.02)
    first, second = new_answer(), new_answer()
    deadlines.begin(first)
    await asyncio.sleep(0.01)
    deadlines.begin(second)
    first.set_result(None)
    async with asyncio.timeout(_BOUND):
        with pytest.raises(TooSlow):
            await second


async def test_a_rest_ends_when_enough_wait() -> None:
    pace = Pace(1000)
    pace.begin()
    rest = asyncio.create_task(pace.rest(2))
    await asyncio.sleep(0)
    pace.see(1)
    await asyncio.sleep(0)
    assert not rest.done()
    pace.see(100)
    async with asyncio.timeout(_BOUND):
        await rest


async def test_what_was_alone_does_not_rest() -> None:
    pace = Pace(1000)
    pace.begin()
    async with asyncio.timeout(_BOUND):
        await pace.rest(1)
