"""The kiosk at the door: it gives out numbers, with a link and without one.

In the morning it asks for a series of its own for each service. While the link is down it numbers
from these, and tells the platform as soon as the link is back.
"""

from dataclasses import dataclass, field
from typing import Any

from contracts.ids import TicketId
from simulator.day.stage import Present, Stage
from simulator.day.visits import Visit
from simulator.malls import kiosk_of
from simulator.platform import Answered

CODE = "kios-1"


@dataclass
class Kiosk:
    """One machine. `_printed` are the slips of the hours without a link, by service."""

    stage: Stage
    _epoch: int = 0
    _series: dict[str, dict[str, Any]] = field(default_factory=dict)
    _printed: dict[str, list[tuple[Visit, dict[str, Any]]]] = field(default_factory=dict)

    async def begin(self) -> None:
        """A session for today, and a series for each service."""
        began = await self._post(f"/v1/devices/{CODE}/session", {})
        self._epoch = began["epoch"]
        for service in self.stage.script.opening.services:
            wish = {"service": service, "epoch": self._epoch}
            self._series[service] = await self._post(f"/v1/devices/{CODE}/series", wish)

    async def issue(self, service: str, priority: str | None) -> tuple[str, str]:
        """A ticket and the code on its slip. Raises Answered when there are no numbers."""
        body: dict[str, Any] = {"mall": self.stage.script.mall, "service": service}
        if priority is not None:
            body |= {"lane": "prioritas", "reason": priority}
        issued = await self._post("/v1/tickets", body)
        self.stage.labels.append(issued["label"])
        return issued["ticket_id"], issued["code"]

    def print(self, visit: Visit) -> None:
        """A number without a link: the next of the kiosk's own series."""
        slips = self._printed.setdefault(visit.service, [])
        slip = {
            "ticket_id": str(TicketId.of("day", str(self.stage.seed), str(visit.number))),
            "number": len(slips) + 1,
            "printed_at": self.stage.now.isoformat(),
        }
        if visit.priority is not None:
            slip |= {"lane": "prioritas", "reason": visit.priority}
        slips.append((visit, slip))
        self.stage.outcome.offline += 1

    async def tell(self) -> list[str]:
        """All that was printed without a link; the services for which somebody waits now."""
        printed, self._printed = self._printed, {}
        for service, slips in sorted(printed.items()):
            series = self._series[service]
            said = {
                "service": service,
                "service_date": series["service_date"],
                "series": series["series"],
                "epoch": self._epoch,
                "slips": [slip for _, slip in slips],
            }
            told = await self._post(f"/v1/devices/{CODE}/merge", said)
            for (visit, _), slip in zip(slips, told["slips"], strict=True):
                await self._comes(visit, slip)
        return [service for service, slips in sorted(printed.items()) for _ in slips]

    async def slip(self, ticket: str) -> tuple[str, str] | None:
        """Label and code of a ticket; None while there is none."""
        headers = await self.stage.calls.bearer(kiosk_of(self.stage.script.mall))
        try:
            path = f"/v1/tickets/{ticket}/slip"
            found = await self.stage.calls.get("queue", path, headers=headers)
        except Answered as refused:
            if refused.code != "ticket_unknown":
                raise
            return None
        return str(found["label"]), str(found["code"])

    async def _comes(self, visit: Visit, told: dict[str, Any]) -> None:
        stage, ticket = self.stage, told["ticket_id"]
        found = await self.slip(ticket)
        if found is None:
            raise LookupError(f"{told['label']} was told and is not there")
        stage.labels.append(told["label"])
        stage.outcome.tickets += 1
        stage.present[ticket] = Present(visit, visit.service, stage.now, found[1], stage.now)

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        kiosk = kiosk_of(self.stage.script.mall)
        return await self.stage.as_client(kiosk, "queue", path, body)
