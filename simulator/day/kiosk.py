"""The kiosk at the door, which gives out numbers."""

from dataclasses import dataclass
from typing import Any

from simulator.day.stage import Stage
from simulator.malls import kiosk_of
from simulator.platform import Answered


@dataclass
class Kiosk:
    """One machine."""

    stage: Stage

    async def issue(self, service: str, priority: str | None) -> tuple[str, str]:
        """A ticket and the code on its slip. Raises Answered when there are no numbers."""
        mall = self.stage.script.mall
        body: dict[str, Any] = {"mall": mall, "service": service}
        if priority is not None:
            body |= {"lane": "prioritas", "reason": priority}
        issued = await self.stage.as_client(kiosk_of(mall), "queue", "/v1/tickets", body)
        self.stage.labels.append(issued["label"])
        return issued["ticket_id"], issued["code"]

    async def slip(self, ticket: str) -> str | None:
        """The code on the slip of somebody who has checked in; None while there is no ticket."""
        headers = await self.stage.calls.bearer(kiosk_of(self.stage.script.mall))
        try:
            path = f"/v1/tickets/{ticket}/slip"
            found = await self.stage.calls.get("queue", path, headers=headers)
        except Answered as refused:
            if refused.code != "ticket_unknown":
                raise
            return None
        self.stage.labels.append(found["label"])
        return str(found["code"])
