"""I7 and K: the ledger and Kafka hold every fact as the log does, in order, and nothing else."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from checker.evidence import Check, Evidence, Fact

LEDGER_TOPICS = ("booking.", "queue.", "tracking.", "notify.", "agency.")
"""Beginnings of the topics whose facts the ledger writes down."""
_CATALOGUE = "catalogue."
_REPORTS = ".reports.v1"


def in_ledger(fact: Fact) -> bool:
    """Whether a fact is written down in the ledger."""
    return fact.topic.startswith(LEDGER_TOPICS)


def ledger_is_the_log(evidence: Evidence) -> Check:
    """Every fact is a leaf once, with the same bytes, behind its predecessor."""
    check = Check("I7", "the ledger holds every fact once and in order")
    facts = {fact.id: fact for fact in evidence.facts if in_ledger(fact)}
    seen: Counter[str] = Counter()
    heads: dict[str, int] = defaultdict(int)
    versions: dict[str, int] = defaultdict(int)
    for number, leaf in enumerate(evidence.leaves, start=1):
        check.examined += 1
        if leaf.seq != number:
            check.blame("lost", f"leaf {number} is missing or out of place: {leaf.seq}")
        if leaf.position != heads[leaf.chain] + 1:
            check.blame("misordered", f"chain {leaf.chain}: {leaf.position}, {heads[leaf.chain]}")
        heads[leaf.chain] = leaf.position
        if leaf.topic.startswith(_CATALOGUE):
            continue
        fact = facts.get(leaf.event_id)
        if fact is None:
            check.blame("illegal", f"leaf {leaf.seq}: {leaf.event_id} is in no log")
            continue
        seen[fact.id] += 1
        if seen[fact.id] > 1:
            check.blame("doubled", f"{fact.type} {fact.id} is {seen[fact.id]} leaves")
            continue
        if leaf.value != fact.payload.encode():
            check.blame("illegal", f"leaf {leaf.seq}: {fact.id} has other bytes than the log")
        if fact.version != versions[fact.aggregate_id] + 1:
            check.blame(
                "misordered",
                f"{fact.type} {fact.id}: {fact.version}, {versions[fact.aggregate_id]}",
            )
        versions[fact.aggregate_id] = fact.version
    _missing(check, facts.values(), seen, "the ledger")
    return check


def kafka_is_the_log(evidence: Evidence) -> Check:
    """What counts as sent is there, and nothing from elsewhere.

    A reader that passes over repeats and over what comes too early must get each aggregate whole
    and in order: after a failed send the relay sends what was behind it again.
    """
    check = Check("K", "Kafka holds every sent fact in order, and nothing else")
    facts = {fact.id: fact for fact in evidence.facts}
    seen: Counter[str] = Counter()
    versions: dict[str, int] = defaultdict(int)
    highest: dict[str, int] = defaultdict(int)
    for record in evidence.records:
        if record.topic.startswith(_CATALOGUE) or record.topic.endswith(_REPORTS):
            continue
        check.examined += 1
        where = f"{record.topic}:{record.partition}:{record.offset}"
        fact = facts.get(record.id)
        if fact is None:
            check.blame("illegal", f"{where}: {record.id or 'no id'} is in no log")
            continue
        seen[fact.id] += 1
        if (record.topic, record.key) != (fact.topic, fact.key):
            check.blame("illegal", f"{where}: {fact.id} under another topic or key")
        if record.value != fact.payload.encode():
            check.blame("illegal", f"{where}: {fact.id} has other bytes than the log")
        highest[fact.aggregate_id] = max(highest[fact.aggregate_id], fact.version)
        if fact.version == versions[fact.aggregate_id] + 1:
            versions[fact.aggregate_id] = fact.version
    for id_, last in highest.items():
        if versions[id_] < last:
            check.blame(
                "misordered", f"{id_}: no version {versions[id_] + 1} before the later ones"
            )
    _missing(check, (fact for fact in facts.values() if fact.sent), seen, "Kafka")
    return check


def _missing(check: Check, wanted: Iterable[Fact], seen: Counter[str], where: str) -> None:
    for fact in wanted:
        check.examined += 1
        if not seen[fact.id]:
            check.blame("lost", f"{fact.type} {fact.id} is not in {where}")
