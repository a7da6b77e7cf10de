"""The published rules of queues, as they lie on Kafka: which policy holds where, and its ring."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from checker.evidence import Record

Stamp = tuple[str, int]
BUILT_IN: Stamp = ("umum", 0)
"""What holds where the catalogue says nothing: one lane for all, first come, first served."""
_ALL = [["reguler", "prioritas", "janji", "lanjutan"]]
_TOPIC = "catalogue.entries."


@dataclass
class Rules:
    """Policies by code and revision, and malls, each as last published."""

    policies: dict[Stamp, Mapping[str, Any]] = field(default_factory=dict)
    malls: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def ring(self, stamp: Stamp) -> list[list[str]] | None:
        """The turns of a policy; None when nobody published it."""
        if stamp == BUILT_IN:
            return _ALL
        body = self.policies.get(stamp)
        return None if body is None else [list(slot) for slot in body["slots"]]

    def stamp(self, mall: str, service: str, beside: Stamp) -> Stamp:
        """The policy of a line, when a call beside it was made by this one.

        Of the same policy the same revision, for a later one may have been published since.
        """
        said = self.malls.get(mall, {})
        own = (one.get("policy") for one in said.get("lines", ()) if one["service"] == service)
        return self._newest(next((code for code in own if code), said.get("policy")), beside)

    def across(self, mall: str, beside: Stamp) -> str:
        """How a counter of this mall chose between its queues when it called by this policy."""
        stamp = self._newest(self.malls.get(mall, {}).get("policy"), beside)
        return str(self.policies[stamp]["across"]) if stamp != BUILT_IN else "longest_wait"

    def _newest(self, code: str | None, beside: Stamp) -> Stamp:
        if code == beside[0] and beside in self.policies:
            return beside
        revisions = [revision for name, revision in self.policies if name == code]
        return (str(code), max(revisions)) if revisions else BUILT_IN


def rules_of(records: Iterable[Record]) -> Rules:
    """What the catalogue says on Kafka; a later record about the same mall replaces the earlier."""
    rules = Rules()
    for record in records:
        if not record.topic.startswith(_TOPIC):
            continue
        entry = json.loads(record.value)
        if entry["kind"] == "queue_policy":
            rules.policies[str(entry["code"]), int(entry["revision"])] = entry["body"]
        elif entry["kind"] == "mall":
            rules.malls[str(entry["code"])] = entry["body"]
    return rules
