"""Runs several things at once; the first failure ends them all and is raised as what it is."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_Work = Coroutine[Any, Any, None]


async def together(*work: _Work) -> None:
    """Run all to their end."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        await _end(*tasks)


async def beside(endless: _Work, work: Coroutine[Any, Any, T]) -> T:
    """Do the work while the other runs, which is cancelled in the end."""
    background, task = asyncio.create_task(endless), asyncio.create_task(work)
    try:
        await asyncio.wait({background, task}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await background
        return await task
    finally:
        await _end(task, background)


async def _end(*tasks: "asyncio.Task[Any]") -> None:
    # Once only: a second cancellation would interrupt what a task does to clean up.
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
