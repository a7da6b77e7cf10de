"""Run several things at once and report the first failure as what it is, not as a group."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from local.errors import StackError


async def together(*work: Coroutine[Any, Any, Any]) -> None:
    """Run all to their end; the first StackError cancels the others and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except* StackError as failed:
        raise failed.exceptions[0] from None
