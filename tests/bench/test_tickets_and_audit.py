"""What makes a figure of tickets or of the ledger wrong."""

from dataclasses import replace

from bench import audit
from bench.audit import chained, faults
from bench.tickets import gaps
from services.ledger.domain.audit import Whole


def test_numbers_of_a_line_have_no_gap_and_no_double() -> None:
    assert gaps([1, 2, 3]) == []
    assert gaps([1, 3]) == ["1 tickets not where their number says"]
    assert gaps([1, 1, 2]) == ["2 tickets not where their number says"]


def test_entries_computed_for_the_benchmark_pass_the_check_of_the_ledger() -> None:
    entries, running = chained(audit._records(20))
    whole = Whole.against([])
    for entry in entries:
        whole.take(entry)
    whole.end(running)
    assert faults(whole, entries, running) == []
    broken = Whole.against([])
    broken.take(replace(entries[0], digest=bytes(32)))
    assert faults(broken, entries, running) != []
