"""Keeps the part of the catalogue that queue needs: malls, policies, agencies, calendars."""

from collections.abc import Sequence

from pydantic import ValidationError

from chassis.arrivals import Delivered, Rejected
from chassis.database import Tx
from contracts import entries
from contracts.catalogue import EntryPublished
from contracts.ids import MallId, PolicyCode
from contracts.queue_entries import QueuePolicy
from services.queue.domain.mall import Mall
from services.queue.store import malls, presences

_KINDS = {kind.kind: kind for kind in (entries.Mall, QueuePolicy, *presences.KINDS)}


async def keep_catalogue(tx: Tx, batch: Sequence[Delivered]) -> Sequence[Rejected]:
    """Take over malls and offices, the newest revision last, and each revision of each policy.

    Other kinds of entries do not matter here.
    """
    newest: dict[MallId, Mall] = {}
    offices: dict[tuple[str, str], presences.Office] = {}
    policies: dict[tuple[PolicyCode, int], QueuePolicy] = {}
    for delivered in batch:
        fact = delivered.fact
        if not isinstance(fact, EntryPublished) or fact.kind not in _KINDS:
            continue
        try:
            entry = _KINDS[fact.kind].model_validate(fact.body)
        except ValidationError:
            detail = f"the body is not a {fact.kind} as contracts.entries has it"
            return [Rejected(delivered.arrival, "invalid_entry", detail)]
        if isinstance(entry, QueuePolicy):
            policies[entry.code, entry.revision] = entry
        elif isinstance(entry, presences.KINDS):
            offices[entry.kind, entry.entry_code] = entry
        elif isinstance(entry, entries.Mall):
            newest[entry.code] = _mall(entry)
    await presences.save_offices(tx, offices.values())
    await malls.save_policies(tx, policies.values())
    await malls.save(tx, newest.values())
    return ()


def _mall(entry: entries.Mall) -> Mall:
    return Mall(
        entry.code,
        entry.zone,
        {counter.code: counter.services for counter in entry.counters},
        entry.opens_at,
        entry.closes_at,
        entry.agencies,
        entry.policy,
        {line.service: line for line in entry.lines},
        entry.devices,
    )
