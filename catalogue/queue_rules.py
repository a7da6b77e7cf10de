"""What must hold inside a queue policy, and between a mall and its lines and devices."""

from collections.abc import Iterator
from typing import get_args

from catalogue.finding import Finding, Rule
from catalogue.load import Source
from catalogue.yaml_text import Location
from contracts.entries import Mall
from contracts.ids import ServiceCode
from contracts.queue_entries import Lane, QueuePolicy

LANES: tuple[str, ...] = get_args(Lane)


def of_policy(source: Source, policy: QueuePolicy) -> Iterator[Finding]:
    """Every lane has its turn, and every turn a lane."""
    for index, slot in enumerate(policy.slots):
        if not slot:
            hint = f"a slot names one of {', '.join(LANES)}, or is left out"
            yield source.finding(("slots", index), Rule.SLOT_WITHOUT_LANE, hint)
    missing = [lane for lane in LANES if not any(lane in slot for slot in policy.slots)]
    if missing:
        hint = f"tickets in {', '.join(missing)} would never be called: add it to a slot"
        yield source.finding(("slots",), Rule.LANE_WITHOUT_SLOT, hint)


def of_mall(source: Source, mall: Mall) -> Iterator[Finding]:
    """Lines that can move, papers that cannot be mixed up, devices that are told apart."""
    offered = {service for counter in mall.counters for service in counter.services}
    for index, line in enumerate(mall.lines):
        if line.service not in offered:
            hint = f"no counter of this mall serves {line.service}: add it there, or take this out"
            yield source.finding(("lines", index, "service"), Rule.LINE_WITHOUT_COUNTER, hint)
    yield from _prefixes(source, mall, offered)
    for name in ("code", "client"):
        seen = set()
        for index, device in enumerate(mall.devices):
            value = getattr(device, name)
            if value in seen:
                hint = f"{value!r} is another device's {name} already: give this one its own"
                yield source.finding(("devices", index, name), Rule.DEVICE_TWICE, hint)
            seen.add(value)


def _prefixes(source: Source, mall: Mall, offered: set[ServiceCode]) -> Iterator[Finding]:
    """Those that are written down are the mistake; between two of them the later one is."""
    own = {line.service: line.prefix for line in mall.lines if line.prefix is not None}
    taken = {str(code).partition("-")[2]: code for code in offered if code not in own}
    for index, line in enumerate(mall.lines):
        if line.prefix is None:
            continue
        other = taken.setdefault(line.prefix, line.service)
        if other != line.service:
            at: Location = ("lines", index, "prefix")
            hint = f"tickets of {other} begin with {line.prefix!r} already: choose another prefix"
            yield source.finding(at, Rule.PREFIX_TWICE, hint)
