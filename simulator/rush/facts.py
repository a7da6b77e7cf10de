"""The facts of booking, in the order of its log."""

import json
from collections.abc import AsyncIterator
from typing import Any

from simulator.platform import Calls

_PAGE = 1000


async def last_fact(calls: Calls, after: int = 0) -> int:
    """The number of booking's last fact."""
    while page := await _page(calls, after):
        after = page[-1]["seq"]
    return after


async def facts_of(calls: Calls, after: int) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Type and payload of all facts behind this one."""
    while page := await _page(calls, after):
        after = page[-1]["seq"]
        for fact in page:
            yield fact["type"], json.loads(fact["payload"])


async def _page(calls: Calls, after: int) -> list[dict[str, Any]]:
    headers = await calls.bearer("operator")
    page: list[dict[str, Any]] = await calls.get(
        "booking", "/v1/facts", headers=headers, after=after, limit=_PAGE
    )
    return page
