"""P24: what an entry of the ledger costs to compute, beside one bare SHA-256 step of a chain.

The chain and the digest of the whole are computed in memory, and then walked again by the check.
Reading and writing rows is not part of it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from statistics import median

from bench.ground import Settings
from bench.method import UNQUIET, calibrate, has_moved
from bench.relay import APPLICATIONS, envelopes, payload_of
from bench.results import Figure, Row, judged, ratio_at_most
from contracts.envelope import to_headers
from services.ledger.domain.audit import Whole
from services.ledger.domain.chain import (
    NOTHING,
    Chain,
    ChainId,
    Entry,
    Record,
    Running,
    append,
    canonical_headers,
)

IDS = ("P24",)
Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class _Times:
    """Microseconds of processor time per event."""

    append: float
    verify: float
    bare: float
    faults: tuple[str, ...]


def run(settings: Settings) -> list[Row]:
    """One row for appending and one for verifying, each beside the bare step."""
    settings.tell(f"P24: {settings.facts:,} entries in {APPLICATIONS:,} chains")
    made = _records(settings.facts)
    calibrations = [calibrate()]
    runs: list[_Times] = []
    for _ in range(settings.repetitions):
        runs.append(_one(made))
        calibrations.append(calibrate())
    suffix = UNQUIET if has_moved(calibrations) else ""
    right = not any(one.faults for one in runs)
    bare = median(one.bare for one in runs)
    rows: list[Row] = []
    for name, what, values, ratio in (
        ("append", "an entry of the ledger computed", [x.append for x in runs], 5.0),
        ("verify", "an entry of the ledger verified in memory", [x.verify for x in runs], None),
    ):
        share = median(value / one.bare for value, one in zip(values, runs, strict=True))
        figure = Figure(median(values), "us", bare, share)
        goal = ratio_at_most(ratio) if ratio is not None else None
        told = f"{what}, processor time, against one SHA-256 step{suffix}"
        rows.append(judged(f"P24.{name}", told, figure, goal, checked=right))
        settings.tell(f"  {name} {figure.ours:.1f} us against {bare:.1f} us")
    return rows


def _records(count: int) -> list[tuple[Record, Headers]]:
    found: list[tuple[Record, Headers]] = []
    for envelope, application in envelopes(count):
        headers = to_headers(envelope)
        value = payload_of(application).encode()
        key = str(application)
        record = Record(key, "bench", envelope.id, envelope.type, envelope.recorded_at, "", value)
        found.append((record, headers))
    return found


def _one(made: Sequence[tuple[Record, Headers]]) -> _Times:
    began = time.process_time()
    entries, running = chained(made)
    appended = time.process_time()
    whole = Whole.against([])
    for entry in entries:
        whole.take(entry)
    whole.end(running)
    verified = time.process_time()
    head = NOTHING
    for record, _ in made:
        head = sha256(head + record.value).digest()
    ended = time.process_time()
    per = 1e6 / len(made)
    return _Times(
        (appended - began) * per,
        (verified - appended) * per,
        (ended - verified) * per,
        tuple(faults(whole, entries, running)),
    )


def chained(made: Sequence[tuple[Record, Headers]]) -> tuple[list[Entry], Running]:
    """The entries of records in their order, as the ledger would number them."""
    running = Running()
    chains: dict[str, Chain] = {}
    entries: list[Entry] = []
    for record, headers in made:
        whole = replace(record, headers=canonical_headers(headers))
        chain = chains.get(record.key) or Chain(ChainId(record.key))
        entry, chains[record.key], running = append(running, chain, whole)
        entries.append(entry)
    return entries, running


def faults(whole: Whole, entries: Sequence[Entry], running: Running) -> list[str]:
    """The walk found all of it right; and a forged entry in the middle would have been found."""
    found = [] if whole.flaw is None and whole.size == len(entries) else [str(whole.flaw)]
    middle = len(entries) // 2
    forged = list(entries)
    record = replace(forged[middle].record, value=b"forged")
    forged[middle] = replace(forged[middle], record=record)
    again = Whole.against([])
    for entry in forged:
        again.take(entry)
        if again.flaw is not None:
            break
    again.end(running)
    if again.flaw is None or again.flaw.seq != middle + 1:
        found.append("a forged entry was not found")
    return found
