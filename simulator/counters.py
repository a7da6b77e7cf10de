"""The counters of a morning: opened, at work on one ticket after the other, and closed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from contracts.ids import uuid7
from simulator.known import once_known
from simulator.platform import Answered, Calls

_WAIT_SECONDS = 30.0


@dataclass
class Counters:
    """Counters with their officers, by code. `step` is called when one opens, serves or closes."""

    calls: Calls
    officers: Mapping[str, str]
    supervisor: str
    step: Callable[[], None]
    _ids: dict[str, str] = field(default_factory=dict)

    async def open(self) -> None:
        """Open all; one left open by an earlier morning is opened anew."""
        for counter, officer in self.officers.items():
            path = f"/v1/counters/{counter}/open"
            try:
                opened = await once_known(partial(self._post, path, {}, officer))
            except Answered as refused:
                if refused.code != "counter_already_open":
                    raise
                await self._close(counter)
                opened = await self._post(path, {}, officer)
            self._ids[counter] = opened["counter_id"]
            self.step()

    async def close(self) -> None:
        """Close all."""
        for counter in self.officers:
            await self._close(counter)
            self.step()

    async def serve(self, counter: str, tickets: int, *, sent_on_to: str | None = None) -> None:
        """Call and serve until that many were served; the checked-in ones arrive over Kafka.

        Where a service is named, the first one steps aside for a copy and comes back, and the
        second is sent on to that service.
        """
        served, sent = 0, sent_on_to is None
        async with asyncio.timeout(_WAIT_SECONDS):
            while served < tickets:
                called = await self._at(counter, f"/v1/counters/{self._ids[counter]}/call-next", {})
                if called["ticket"] is None:
                    await asyncio.sleep(0.1)
                    continue
                ticket = called["ticket"]["ticket_id"]
                if served == 1 and not sent:
                    sent = True
                    on = {"to_service": sent_on_to, "reason": "layanan_lanjutan"}
                    await self._with(counter, ticket, "transfer", on)
                    continue
                if served == 0 and not sent:
                    await self._with(counter, ticket, "hold", {"reason": "fotokopi", "minutes": 5})
                    await self._with(counter, ticket, "resume", {})
                await self._with(counter, ticket, "serve", {})
                await self._with(counter, ticket, "finish", {"outcome": "served"})
                served += 1
                self.step()

    async def _close(self, counter: str) -> None:
        """Close a counter; while people still wait there, a supervisor has to agree."""
        path = f"/v1/counters/{counter}"
        try:
            await self._at(counter, f"{path}/close", {})
        except Answered as refused:
            if refused.code != "approval_needed":
                raise
            await self._at(counter, f"{path}/ask", {"wants": "close", "reason": "akhir_hari"})
            await self._post(f"{path}/decide", {"approve": True}, self.supervisor)

    async def _with(self, counter: str, ticket: str, verb: str, more: Mapping[str, Any]) -> None:
        """A move of a ticket at the counter."""
        body = {"counter_id": self._ids[counter], **more}
        await self._at(counter, f"/v1/tickets/{ticket}/{verb}", body)

    async def _at(self, counter: str, path: str, body: Mapping[str, Any]) -> Any:
        return await self._post(path, body, self.officers[counter])

    async def _post(self, path: str, body: Mapping[str, Any], client: str) -> Any:
        headers = await self.calls.bearer(client)
        return await self.calls.post(
            "queue", path, body, key=f"counters-{uuid7()}", headers=headers
        )
