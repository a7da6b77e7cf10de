"""Officers at their counters: one ticket after the other, and not all of them go straight."""

from typing import Any

from tests.chaos.citizens import MALL, OTHER_SERVICE
from tests.chaos.client import Answer, Ask, Client, World

COUNTERS = (("Z1-01", f"officer-{MALL}-1"), ("Z1-02", f"officer-{MALL}-2"))
_IDLE_SECONDS = 0.3
_TIME_TO_COME_SECONDS = 5.2
_RESTS = 0.02


class Counter(Client):
    """An officer, who does one thing at a time."""

    def __init__(self, world: World, code: str, officer: str) -> None:
        super().__init__(f"counter-{code}", world)
        self._code = code
        self._officer = officer
        self._id = ""

    async def work(self) -> None:
        """Serve until the load ends."""
        opened = await self._ask("open_counter", f"/v1/counters/{self._code}/open")
        self._id = str(opened.body.get("counter_id", ""))
        while self._id and not self.world.stopping.is_set():
            if self.is_illegal():
                await self._ask("open_counter", f"/v1/counters/{self._code}/open")
            if self.lots.random() < _RESTS:
                await self._rest()
            called = await self._ask("call_next", f"/v1/counters/{self._id}/call-next")
            ticket = called.body.get("ticket")
            if not called.is_ok or not ticket:
                await self.world.pause(_IDLE_SECONDS)
                continue
            await self._serve(str(ticket["ticket_id"]))

    async def _serve(self, ticket: str) -> None:
        path, here = f"/v1/tickets/{ticket}", {"counter_id": self._id}
        if await self._goes_another_way(path, here):
            return
        if self.lots.random() < 0.03:
            # The policy of the mall gives time to come, and calls twice.
            await self.world.pause(_TIME_TO_COME_SECONDS)
            await self._ask("recall", f"{path}/recall", here)
            missed = {**here, "outcome": "no_show"}
            if (await self._ask("finish", f"{path}/finish", missed)).is_ok:
                return
        if self.is_illegal():  # nobody was served yet
            await self._ask("finish", f"{path}/finish", {**here, "outcome": "served"})
        await self._ask("serve", f"{path}/serve", here)
        if self.is_illegal():
            await self._ask("call_next", f"/v1/counters/{self._id}/call-next")
        await self._ask("finish", f"{path}/finish", {**here, "outcome": "served"})
        if self.is_illegal():
            await self._ask("serve", f"{path}/serve", here)

    async def _goes_another_way(self, path: str, here: dict[str, str]) -> bool:
        """Aside and back, behind others, or on to another service; whether the ticket is gone."""
        chance = self.lots.random()
        if chance < 0.05:
            aside = {**here, "reason": self.lots.choice(["bayar", "malas"]), "minutes": 5}
            if not (await self._ask("hold", f"{path}/hold", aside)).is_ok:
                return False
            back = self.lots.choice(["resume", "return"])
            return (await self._ask(back, f"{path}/{back}", here)).is_ok and back == "return"
        if chance < 0.1:  # the policy allows it twice
            return (await self._ask("skip", f"{path}/skip", here)).is_ok
        if chance < 0.15:
            on = {**here, "to_service": OTHER_SERVICE, "reason": "layanan_lanjutan"}
            return (await self._ask("transfer", f"{path}/transfer", on)).is_ok
        return False

    async def _rest(self) -> None:
        """A free pause, and back at once."""
        at = f"/v1/counters/{self._code}"
        await self._ask("pause", f"{at}/pause", {"reason": "istirahat"})
        if self.is_illegal():
            await self._ask("call_next", f"/v1/counters/{self._id}/call-next")
        await self._ask("resume_counter", f"{at}/resume")

    async def _ask(self, op: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        return await self.command(Ask(op, "queue", path, body or {}, self._officer))
