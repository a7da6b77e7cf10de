"""Named places where a fault can be caused on purpose, to show that nothing is lost or doubled.

`LOKET_FAILPOINTS="relay.after_send=crash@3, dispatch.before_commit=sleep:0.5"` arms them; unarmed,
a place costs one look at an empty table.
"""

import asyncio
import os
import re
import signal
from dataclasses import dataclass

POINTS: dict[str, str] = {
    "dispatch.before_begin": "A group of commands is formed, its transaction not begun.",
    "dispatch.after_insert": "Idempotency rows, state and facts are written, not committed.",
    "dispatch.before_commit": "The last moment at which nothing of the group has happened.",
    "dispatch.after_commit": "The group is durable, but nobody has been answered yet.",
    "relay.before_read": "The relay is about to look for unsent facts.",
    "relay.after_read": "Unsent facts are in memory, none of these is on its way.",
    "relay.after_send": "Facts are handed to the producer, Kafka has not acknowledged them.",
    "relay.after_ack": "Kafka has the facts, the log does not know it yet.",
    "relay.after_mark": "The log knows that the facts are sent.",
    "consume.after_poll": "A batch is in memory, its transaction not begun.",
    "consume.in_transaction": "Inbox and effects are written, not committed.",
    "consume.after_commit": "The effects are durable, the offset on Kafka is still the old one.",
    "consume.after_offset_commit": "Kafka knows the new offset as well.",
    "notify.before_attempt": "A message is claimed, the provider has not been called.",
    "notify.after_provider": "The provider has the message, the outcome is not recorded.",
}

_RULE = re.compile(
    r"(?P<name>[a-z_.]+)=(?:(?P<action>crash|error)|sleep:(?P<seconds>\d+(?:\.\d+)?))"
    r"(?:@(?P<hit>[1-9]\d*))?"
)


class CausedFailure(Exception):
    """Raised at a place that is armed with `error`."""


@dataclass
class _Armed:
    action: str | None
    seconds: float
    only_at: int | None
    hits: int = 0


_armed: dict[str, _Armed] = {}


def arm(text: str) -> None:
    """Arm what this text says, and nothing else. Raises ValueError for what it does not know.

    Rules are separated by commas: `name=crash`, `name=error` or `name=sleep:SECONDS`; with `@N`
    only the N-th time that the place is passed, else every time.
    """
    rules: dict[str, _Armed] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        found = _RULE.fullmatch(part)
        if found is None or found["name"] not in POINTS:
            known = ", ".join(POINTS)
            raise ValueError(
                f"LOKET_FAILPOINTS: {part!r} is not name=crash|error|sleep:SECONDS[@N] "
                f"with one of these names: {known}"
            )
        hit = int(found["hit"]) if found["hit"] else None
        rules[found["name"]] = _Armed(found["action"], float(found["seconds"] or 0), hit)
    _armed.clear()
    _armed.update(rules)


async def failpoint(name: str) -> None:
    """Pass the place of this name, which stands in POINTS."""
    if _armed and (rule := _armed.get(name)) is not None:
        await _pass(name, rule)


async def _pass(name: str, rule: _Armed) -> None:
    rule.hits += 1
    if rule.only_at not in {None, rule.hits}:
        return
    match rule.action:
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "error":
            raise CausedFailure(name)
        case _:
            await asyncio.sleep(rule.seconds)
