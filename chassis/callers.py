"""How much one caller may ask for: a bucket for each that refills, and a 429 when it is empty.

A caller is the actor of the token; without a token that we believe, the network address. How much
there may be altogether is the affair of `gate`; fair turns among commands that of `lanes`.
"""

import math
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

import structlog

from chassis import metrics
from chassis.errors import TooManyRequests
from chassis.gate import ALWAYS
from contracts.ids import Actor

# These are machines of offices; all others are persons, who are not named in logs.
_NAMED = frozenset({"agency", "board", "kiosk", "system"})
_TELL_SECONDS = 60.0
_V4_IN_V6 = b"\0" * 10 + b"\xff\xff"

_log = structlog.get_logger("chassis.callers")


class Buckets:
    """One bucket per caller. Of more than `most` callers, the least recently seen is forgotten."""

    def __init__(
        self,
        *,
        rate: float,
        burst: int,
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A bucket holds `burst` requests and gets `rate` a second; a rate of 0: no limit."""
        self._each = 1 / rate if rate else 0.0
        self._room = (burst - 1) * self._each
        self._most = most
        self._clock = clock
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def __len__(self) -> int:
        """How many callers are remembered."""
        return len(self._full_at)

    def take(self, caller: Hashable) -> float:
        """Take one request out of the caller's bucket; else the seconds until there is one."""
        if not self._each:
            return 0.0
        now = self._clock()
        full_at = self._full_at.get(caller, now)
        missing = full_at - now - self._room
        if missing <= 0:
            full_at = max(full_at, now) + self._each
        self._full_at[caller] = full_at
        self._full_at.move_to_end(caller)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
        return max(missing, 0.0)


class Callers:
    """Those who call a service, and their buckets: one kind by token, one by network address."""

    def __init__(self, by_token: Buckets, by_address: Buckets) -> None:
        self._by_token = by_token
        self._by_address = by_address
        self._told_at: dict[str, float] = {}
        for kind in ("token", "address"):
            metrics.HTTP_LIMITED(kind).inc(0)

    def known(self, actor: Actor) -> None:
        """One request of somebody whose token we believe. Raises TooManyRequests."""
        if seconds := self._by_token.take(actor):
            kind = actor.partition(":")[0]
            self._refuse("token", actor if kind in _NAMED else kind, seconds)

    def unknown(self, address: str, path: str) -> None:
        """One request without such a token. Raises TooManyRequests."""
        # Whoever watches over the process is answered always.
        if path not in ALWAYS and (seconds := self._by_address.take(network_of(address))):
            self._refuse("address", "address", seconds)

    def _refuse(self, by: str, caller: str, seconds: float) -> None:
        metrics.HTTP_LIMITED(by).inc()
        now = time.monotonic()
        if now - self._told_at.get(caller, -math.inf) >= _TELL_SECONDS:
            self._told_at[caller] = now
            _log.warning("http.caller_limited", caller=caller)
        raise TooManyRequests(math.ceil(seconds))


def network_of(address: str) -> Hashable:
    """The address itself, or the 64 bits of IPv6 that one subscriber has all addresses of."""
    if ":" not in address:
        return address
    try:
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except OSError:
        return address
    if packed.startswith(_V4_IN_V6):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return packed[:8]
