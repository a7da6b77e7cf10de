"""How facts change state: one function from the loaded states and a fact to the new ones."""

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any

from contracts import tracking
from contracts.base import Fact
from services.tracking.domain.application import begun
from services.tracking.domain.lookups import AnsweredReport, EntryKey, key_of_code


def evolve(states: Mapping[Hashable, Any], fact: Fact, _at: datetime) -> Iterable[Any]:
    """Every state that this fact changes, in its new form."""
    match fact:
        case tracking.ApplicationSubmitted():
            known = states.get(EntryKey("journey", fact.journey)) if fact.journey else None
            yield begun(fact, known.journey if known is not None else None)
            code = states.get(key_of_code(fact.application_id))
            if code is not None:
                yield code
        case tracking.ReportAccepted() | tracking.ReportRefused():
            before = states.get(fact.report_id)
            version = before.version if before is not None else 0
            yield AnsweredReport(fact.report_id, version + 1, fact.agency)
        case _:
            yield states[fact.aggregate_id].after(fact)
