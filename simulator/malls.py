"""Malls that exist for a play only: their catalogue entry, officers and kiosk."""

import asyncio
from datetime import time

from catalogue.publish import publish_entries
from contracts.entries import Counter, Mall
from contracts.ids import AgencyId, CounterCode, MallId, ServiceCode, uuid7
from local import clients
from local.credentials import CATALOGUE
from simulator.platform import Answered, Calls

_KNOWN_SECONDS, _LOOK_SECONDS = 60.0, 0.2


def mall_with(code: str, name: str, counters: dict[str, tuple[str, ...]]) -> Mall:
    """A mall that is open round the clock, with these services at these counters."""
    return Mall(
        revision=1,
        code=MallId(code),
        name=name,
        zone="Asia/Jakarta",
        opens_at=time(0, 0),
        closes_at=time(23, 59),
        agencies=(AgencyId("dukcapil"),),
        counters=tuple(
            Counter(code=CounterCode(counter), services=tuple(map(ServiceCode, services)))
            for counter, services in counters.items()
        ),
    )


def officer_of(mall: str, counter: str) -> str:
    """The client who works at this counter: one officer for each."""
    return f"officer-{mall}-{counter.lower()}"


def kiosk_of(mall: str) -> str:
    """The client that issues tickets."""
    return f"kiosk-{mall}"


def supervisor_of(mall: str) -> str:
    """The client that approves what officers ask for."""
    return f"supervisor-{mall}"


async def found(calls: Calls, mall: Mall) -> None:
    """Return once queue knows the mall. Doing it again changes nothing.

    Raises NotPublished, or TimeoutError when queue takes no notice for a minute.
    """
    home = calls.platform.home
    for counter in mall.counters:
        officer = officer_of(mall.code, counter.code)
        clients.register_client(home, officer, ["officer"], mall=mall.code)
    clients.register_client(home, kiosk_of(mall.code), ["kiosk"], mall=mall.code)
    await publish_entries(calls.platform.kafka(CATALOGUE), [mall])
    async with asyncio.timeout(_KNOWN_SECONDS):
        while not await _is_known(calls, mall):  # noqa: ASYNC110 - another process reads it
            await asyncio.sleep(_LOOK_SECONDS)


async def _is_known(calls: Calls, mall: Mall) -> bool:
    """Whether its first counter can be opened; it is closed again."""
    counter = mall.counters[0].code
    headers = await calls.bearer(officer_of(mall.code, counter))
    try:
        for verb in ("open", "close"):
            path = f"/v1/counters/{counter}/{verb}"
            await calls.post("queue", path, {}, key=f"mall-{uuid7()}", headers=headers)
    except Answered as refused:
        if refused.code in {"mall_unknown", "counter_unknown"}:
            return False
        raise
    return True
