"""One case of the log against what a reader of the trail has met: pure, one case at a time.

A reader of Kafka may meet a fact again and must know it by its id and version; facts that came out
of their order count as read where their versions come in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.replay.book import Expected, Seen


@dataclass(slots=True)
class Faults:
    """What is wrong with a case. `lost` are the reports (as ids) that the trail does not tell."""

    lost: set[bytes] = field(default_factory=set)
    doubled: int = 0
    misordered: int = 0
    met_again: int = 0

    @property
    def is_good(self) -> bool:
        """Nothing is wrong; meeting a fact again is not."""
        return not (self.lost or self.doubled or self.misordered)


def compare(expected: Sequence[Expected], seen: Sequence[Seen], *, repeats_allowed: bool) -> Faults:
    """Hold what was seen of an application against the reports of its case."""
    faults = Faults()
    first: dict[int, Seen] = {}
    for fact in seen:
        if fact.version not in first:
            first[fact.version] = fact
            continue
        is_repeat = repeats_allowed and first[fact.version] == fact
        faults.met_again += is_repeat
        faults.doubled += not is_repeat
    _check_order_of_versions(seen, sorted(first), faults)
    _check_reports(expected, [first[version] for version in sorted(first)], faults)
    return faults


def _check_order_of_versions(seen: Sequence[Seen], versions: list[int], faults: Faults) -> None:
    """A reader that takes only the next version must get through to the last one."""
    at = 0
    for fact in seen:
        if at < len(versions) and fact.version == versions[at]:
            at += 1
    faults.misordered += len(versions) - at


def _check_reports(expected: Sequence[Expected], facts: Sequence[Seen], faults: Faults) -> None:
    places = {(one.report, one.content): place for place, one in enumerate(expected)}
    found: set[int] = set()
    highest = -1
    for number, fact in enumerate(facts):
        if fact.report is None and number == 0:
            continue  # the submission, which comes first
        place = places.get((fact.report or b"", fact.content or b""))
        if place is None or place in found:
            faults.doubled += 1  # the log does not account for it
            continue
        found.add(place)
        faults.misordered += place < highest
        highest = max(highest, place)
    faults.lost = {one.report for place, one in enumerate(expected) if place not in found}
    newest = facts[-1].version if facts else 0
    holes = newest - len(facts)
    # A lost report leaves a hole in the versions; a hole without one hides something else.
    faults.misordered += max(0, holes - len(faults.lost))
