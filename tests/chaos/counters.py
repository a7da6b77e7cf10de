"""Officers at their counters: call, serve, finish, one ticket after the other."""

from tests.chaos.citizens import MALL
from tests.chaos.client import Answer, Ask, Client, World

COUNTERS = (("Z1-01", f"officer-{MALL}-1"), ("Z1-02", f"officer-{MALL}-2"))
_IDLE_SECONDS = 0.3
_TIME_TO_COME_SECONDS = 5.2


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
            called = await self._ask("call_next", f"/v1/counters/{self._id}/call-next")
            ticket = called.body.get("ticket")
            if not called.is_ok or not ticket:
                await self.world.pause(_IDLE_SECONDS)
                continue
            await self._serve(str(ticket["ticket_id"]))

    async def _serve(self, ticket: str) -> None:
        path, here = f"/v1/tickets/{ticket}", {"counter_id": self._id}
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

    async def _ask(self, op: str, path: str, body: dict[str, str] | None = None) -> Answer:
        return await self.command(Ask(op, "queue", path, body or {}, self._officer))
