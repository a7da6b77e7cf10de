"""Trying again: what is worth it, how long to wait in between, and when to give up."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from simulator.replay.wire import ConnectionLost, Reply

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
_OUR_TURN_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONFLICT = 409
# No rule stands behind these: another request came in between.
_MAY_PASS = frozenset({"conflict", "in_flight"})


class GaveUp(Exception):
    """The platform did not answer for as long as we were willing to wait; the message says so."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one matter may take before the whole replay is given up."""

    seconds: float

    def until(self) -> float:
        """The instant (of the monotonic clock) at which patience that begins now ends."""
        return time.monotonic() + self.seconds

    async def post(self, attempt: Callable[[], Awaitable[Reply]]) -> Reply:
        """The first answer that is final. Raises GaveUp.

        Every attempt must carry the same idempotency key: one whose answer was lost may have
        taken effect.
        """
        ends_at = self.until()
        tries = 0
        while True:
            try:
                reply = await attempt()
            except ConnectionLost as problem:
                last, wanted = str(problem), 0.0
            else:
                if not _may_pass(reply):
                    return reply
                last, wanted = f"status {reply.status}", _retry_after(reply)
            tries += 1
            if time.monotonic() > ends_at:
                raise GaveUp(
                    f"The platform did not take a request for {self.seconds:.0f} s ({last}): see "
                    "`loket status`, then start the same replay again; it will double nothing"
                )
            await asyncio.sleep(max(wanted, pause(tries)))


def pause(tries: int) -> float:
    """Seconds to wait after so many tries: longer each time, and never the same for two clients."""
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(tries, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, guards nothing


def _may_pass(reply: Reply) -> bool:
    if reply.status == _CONFLICT:
        return reply.json().get("code") in _MAY_PASS
    return reply.status in _OUR_TURN_AGAIN


def _retry_after(reply: Reply) -> float:
    text = reply.headers.get("retry-after", "")
    return min(float(text), LONGEST_PAUSE_SECONDS) if text.isdecimal() else 0.0
