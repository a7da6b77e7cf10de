"""I6: every history is a legal path, by a second table of the rules.

The table is written from the public description of the events and of the catalogue's journeys.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checker.evidence import Check, Evidence, Fact
from checker.paths import PATHS

# From which states of a stage a report may come, and where it leads.
_STAGE: Mapping[str, tuple[frozenset[str], str]] = {
    "tracking.stage_opened.v1": (frozenset({"waiting"}), "open"),
    "tracking.stage_accepted.v1": (frozenset({"open"}), "accepted"),
    "tracking.stage_returned.v1": (frozenset({"open", "accepted"}), "returned"),
    "tracking.stage_resubmitted.v1": (frozenset({"returned"}), "open"),
    "tracking.stage_done.v1": (frozenset({"open", "accepted"}), "done"),
    "tracking.stage_refused.v1": (frozenset({"open", "accepted"}), "refused"),
}
_BY_AGENCY = frozenset(
    {
        "tracking.stage_accepted.v1",
        "tracking.stage_returned.v1",
        "tracking.stage_done.v1",
        "tracking.stage_refused.v1",
        "tracking.activity_recorded.v1",
        "tracking.report_accepted.v1",
    }
)
_SUBMITTED = "tracking.application_submitted.v1"
_ENDS: Mapping[str, str] = {
    "tracking.application_completed.v1": "completed",
    "tracking.application_refused.v1": "refused",
}
_ANSWERS = frozenset({"tracking.report_accepted.v1", "tracking.report_refused.v1"})


@dataclass
class _Application:
    stages: Sequence[Mapping[str, Any]] | None = None
    """None for an open journey."""
    state: dict[str, str] = field(default_factory=dict)
    life: str = ""

    def listed(self, code: str) -> Mapping[str, Any] | None:
        """The stage in the catalogue."""
        return next((one for one in self.stages or () if one["code"] == code), None)

    def due(self) -> list[str]:
        """Stages that wait for nothing and were not opened."""
        done = {code for code, state in self.state.items() if state == "done"}
        return [
            str(one["code"])
            for one in self.stages or ()
            if one["code"] not in self.state and done.issuperset(one.get("after") or ())
        ]


def histories_are_legal(evidence: Evidence) -> Check:
    """Versions are 1..n, each step is allowed where it stands, by whom it belongs to."""
    check = Check("I6", "every history is a legal path")
    versions: dict[str, int] = defaultdict(int)
    states: dict[str, str] = defaultdict(str)
    applications: dict[str, _Application] = defaultdict(_Application)
    for fact in evidence.facts:
        check.examined += 1
        _version(check, fact, versions)
        _owner(check, fact)
        if fact.type in PATHS:
            _step(check, fact, states)
        elif fact.type not in _ANSWERS:
            _application(check, fact, applications[fact.aggregate_id], evidence)
    for id_, one in applications.items():
        if one.life == "running" and one.due():
            check.blame("lost", f"application {id_}: {', '.join(one.due())} was never opened")
    return check


def _version(check: Check, fact: Fact, versions: dict[str, int]) -> None:
    last = versions[fact.aggregate_id]
    if fact.version != last + 1:
        kind: Any = "doubled" if fact.version == last else "misordered"
        check.blame(
            kind, f"{fact.type} of {fact.aggregate_id}: version {fact.version} after {last}"
        )
    versions[fact.aggregate_id] = fact.version


def _owner(check: Check, fact: Fact) -> None:
    if fact.type in _BY_AGENCY and fact.actor != f"agency:{fact.data.get('agency')}":
        check.blame("illegal", f"{fact.type} {fact.id}: {fact.actor} for {fact.data.get('agency')}")


def _step(check: Check, fact: Fact, states: dict[str, str]) -> None:
    allowed = PATHS[fact.type]
    before = states[fact.aggregate_id]
    if before not in allowed or _needs_more(fact, before):
        check.blame("illegal", f"{fact.aggregate_id}: {fact.type} while {before or 'not there'}")
    # A ticket that is handed over goes straight to the other counter, in the state that it had.
    stays = fact.type == "queue.ticket_transferred.v1" and fact.data.get("handed_over")
    states[fact.aggregate_id] = before if stays else allowed.get(before, fact.type)


def _needs_more(fact: Fact, before: str) -> bool:
    """Whether the state alone does not allow it."""
    if fact.type == "queue.ticket_finished.v1":
        return before == "called" and fact.data.get("outcome") == "served"
    if fact.type == "queue.ticket_skipped.v1":
        return before == "served" and fact.data.get("reason") != "officer_gone"
    return False


def _application(check: Check, fact: Fact, one: _Application, evidence: Evidence) -> None:
    what = f"application {fact.aggregate_id}: {fact.type}"
    if fact.type == _SUBMITTED:
        if one.life:
            check.blame("illegal", f"{what} twice")
        one.life = "running"
        if fact.data.get("journey"):
            key = (str(fact.data["journey"]), int(fact.data["journey_revision"]))
            one.stages = evidence.journeys.get(key)
            if one.stages is None:
                check.blame("illegal", f"{what} on a journey that the catalogue lacks: {key}")
        return
    # A stage that refuses is followed by the end, so the end itself may come after it.
    if one.life != "running":
        check.blame("illegal", f"{what} while {one.life or 'not submitted'}")
    if fact.type in _ENDS:
        _end(check, fact, one, what)
    elif fact.type == "tracking.activity_recorded.v1":
        if one.stages is not None:
            check.blame("illegal", f"{what} on a modelled journey")
    elif fact.type in _STAGE:
        _stage(check, fact, one, what)
    else:
        check.blame("illegal", f"{what}: nobody knows this event")


def _end(check: Check, fact: Fact, one: _Application, what: str) -> None:
    one.life = _ENDS[fact.type]
    if one.life == "completed":
        open_ = [str(s["code"]) for s in one.stages or () if one.state.get(s["code"]) != "done"]
        if open_ or not one.stages:
            check.blame("illegal", f"{what} with {', '.join(open_) or 'no stages'} not done")
    elif one.state.get(str(fact.data.get("stage"))) != "refused":
        check.blame("illegal", f"{what} though {fact.data.get('stage')} did not refuse")


def _stage(check: Check, fact: Fact, one: _Application, what: str) -> None:
    code = str(fact.data["stage"])
    listed = one.listed(code)
    if listed is None:
        check.blame("illegal", f"{what}: the journey has no stage {code}")
        return
    if listed["agency"] != fact.data.get("agency"):
        check.blame("illegal", f"{what} of {code} by {fact.data.get('agency')}, not its owner")
    before = one.state.get(code, "waiting")
    allowed, after = _STAGE[fact.type]
    if before not in allowed:
        check.blame("illegal", f"{what} of {code} while {before}")
    if after == "returned" and not listed.get("may_return"):
        check.blame("illegal", f"{what}: {code} may not return the file")
    if before == "waiting" and code not in one.due():
        check.blame("illegal", f"{what} of {code} before what it waits for is done")
    one.state[code] = after
