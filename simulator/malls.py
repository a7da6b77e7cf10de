"""Malls that exist for a play only: their catalogue entry, officers and kiosk."""

from datetime import time
from functools import partial

from catalogue.publish import publish_entries
from contracts.entries import Counter, Mall
from contracts.ids import AgencyId, CounterCode, MallId, ServiceCode, uuid7
from local import clients
from local.credentials import CATALOGUE
from simulator.known import once_known
from simulator.platform import Calls


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
    first = mall.counters[0].code
    headers = await calls.bearer(officer_of(mall.code, first))

    async def ask(verb: str) -> None:
        """Open the first counter, and close it again."""
        path = f"/v1/counters/{first}/{verb}"
        await calls.post("queue", path, {}, key=f"mall-{uuid7()}", headers=headers)

    await once_known(partial(ask, "open"))
    await ask("close")
