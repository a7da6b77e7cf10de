"""I8 and I9: the read model is the fold of the log, and nobody is shown an older state."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from checker.evidence import Check, Evidence, Fact

SHOWN_TOPICS = ("booking.", "queue.", "tracking.", "notify.")
"""Beginnings of the topics whose facts people may see."""
_APPLICATIONS = "tracking.applications.v1"
_STATES: Mapping[str, str] = {
    "tracking.stage_opened.v1": "open",
    "tracking.stage_resubmitted.v1": "open",
    "tracking.stage_accepted.v1": "accepted",
    "tracking.stage_returned.v1": "returned",
    "tracking.stage_done.v1": "done",
    "tracking.stage_refused.v1": "refused",
}
_ENDS: Mapping[str, str] = {
    "tracking.application_completed.v1": "completed",
    "tracking.application_refused.v1": "refused",
}
_COPIED = ("mall", "service", "journey", "ticket_id")


def fold(facts: Iterable[Fact]) -> dict[str, dict[str, Any]]:
    """One row per application, as it must be after these facts."""
    rows: dict[str, dict[str, Any]] = {}
    for fact in facts:
        if fact.topic != _APPLICATIONS:
            continue
        row = rows.setdefault(fact.aggregate_id, {"application_id": fact.aggregate_id})
        row |= {
            "version": fact.version,
            "updated_at": _text(fact.time),
            "recorded_at": _text(fact.recorded_at),
        }
        if fact.type == "tracking.application_submitted.v1":
            row |= {name: fact.data.get(name) for name in _COPIED}
            row |= {"revision": fact.data.get("journey_revision"), "state": "running"}
            row |= {"stages": [], "agencies": [], "submitted_at": _text(fact.time)}
        elif fact.type in _ENDS:
            row["state"] = _ENDS[fact.type]
        else:
            _take(row, fact)
    return rows


def _take(row: dict[str, Any], fact: Fact) -> None:
    agency = fact.data.get("agency")
    if agency not in row.setdefault("agencies", []):
        row["agencies"].append(agency)
    if fact.type not in _STATES:
        return
    news = {
        "stage": fact.data["stage"],
        "agency": agency,
        "state": _STATES[fact.type],
        "since": _text(fact.time),
        "because": fact.data.get("requirement") or fact.data.get("reason"),
    }
    stages = row.setdefault("stages", [])
    for place, one in enumerate(stages):
        if one["stage"] == news["stage"]:
            stages[place] = news
            return
    stages.append(news)


def read_model_is_the_fold(evidence: Evidence) -> Check:
    """Every application's row, and every fact on the timeline once, in order and without gap."""
    check = Check("I8", "the read model is the fold of the log")
    wanted = fold(evidence.facts)
    shown: Counter[str] = Counter()
    for view in evidence.views:
        check.examined += 1
        id_ = str(view["application_id"])
        shown[id_] += 1
        row = wanted.get(id_)
        if row is None:
            check.blame("illegal", f"application {id_} is shown, and in no log")
        elif canonical(row) != canonical(view):
            _differs(check, id_, row, view)
        if shown[id_] > 1:
            check.blame("doubled", f"application {id_} is shown twice")
    for id_ in wanted.keys() - shown.keys():
        check.blame("lost", f"application {id_} is not shown")
    _timeline(check, evidence)
    return check


def _differs(check: Check, id_: str, row: Mapping[str, Any], view: Mapping[str, Any]) -> None:
    behind = int(view.get("version") or 0) < int(row["version"])
    differing = [name for name in row if canonical(row[name]) != canonical(view.get(name))]
    text = f"application {id_} differs in {', '.join(differing)}"
    check.blame("lost" if behind else "illegal", text)


def canonical(value: Any) -> str:
    """One text for equal values: sorted names, times in UTC, ids as texts, absent as null."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _text(value)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, int | float) else str(value)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _timeline(check: Check, evidence: Evidence) -> None:
    facts = {fact.id: fact for fact in evidence.facts if fact.topic.startswith(SHOWN_TOPICS)}
    seen: Counter[str] = Counter()
    versions: dict[str, int] = defaultdict(int)
    for number, line in enumerate(evidence.timeline, start=1):
        check.examined += 1
        if line.position != number:
            check.blame("lost", f"timeline: position {number} is missing, {line.position} is there")
        fact = facts.get(line.event_id)
        if fact is None:
            check.blame("illegal", f"timeline: {line.event_id} is in no log")
            continue
        seen[fact.id] += 1
        if seen[fact.id] > 1:
            check.blame("doubled", f"timeline: {fact.type} {fact.id} twice")
            continue
        if fact.version != versions[fact.aggregate_id] + 1:
            check.blame(
                "misordered",
                f"timeline: version {fact.version} of {fact.aggregate_id} after "
                f"{versions[fact.aggregate_id]}",
            )
        versions[fact.aggregate_id] = fact.version
    for fact_id in facts.keys() - seen.keys():
        check.blame("lost", f"timeline: {facts[fact_id].type} {fact_id} is not shown")


def reads_never_go_back(evidence: Evidence) -> Check:
    """No client sees an older version than one it had seen before it asked; streams have no gap."""
    check = Check("I9", "nobody is shown an older state than before")
    known: dict[tuple[str, str], int] = defaultdict(int)
    floors: dict[int, int] = {}
    position: dict[str, int] = {}
    for event in evidence.history:
        if event.op == "stream" and event.phase == "ok":
            check.examined += 1
            _follow(check, position, event.client, event.answer or {})
        if event.op not in {"read", "read_application"}:
            continue
        object_ = (event.client, str(event.request.get("path")))
        if event.phase == "invoke":
            floors[event.call] = known[object_]
        elif event.phase == "ok" and event.answer and "version" in event.answer:
            check.examined += 1
            version, floor = int(event.answer["version"]), floors.pop(event.call, 0)
            if version < floor:
                check.blame(
                    "misordered", f"{event.client}: {object_[1]} version {version} after {floor}"
                )
            known[object_] = max(known[object_], version)
    return check


def _follow(check: Check, position: dict[str, int], client: str, answer: Mapping[str, Any]) -> None:
    here, last = int(answer["position"]), position.get(client)
    position[client] = max(here, last or 0)
    if last is None or answer.get("event") == "snapshot":
        return
    if here <= last:
        check.blame("misordered", f"{client}: stream position {here} after {last}")
    elif here > last + 1:
        check.blame("lost", f"{client}: stream went from {last} to {here}")
