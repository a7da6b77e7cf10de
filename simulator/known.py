"""Just after a start a service may not have read of a mall yet: asking again helps, for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from simulator.platform import Answered

T = TypeVar("T")
_NOT_YET = frozenset({"mall_unknown", "policy_unknown", "service_unknown"})
_PATIENCE_SECONDS, _LOOK_SECONDS = 60.0, 0.2


async def once_known(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer once the mall is known. `ask` must use a key of its own each time it is called.

    Raises Answered for every other refusal, TimeoutError when it stays unknown for a minute.
    """
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            try:
                return await ask()
            except Answered as refused:
                if refused.code not in _NOT_YET:
                    raise
            await asyncio.sleep(_LOOK_SECONDS)
