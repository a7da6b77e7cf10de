"""I18: records that nobody can read are put aside, answered, and settled by whom it concerns."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from checker.evidence import Check, Event, Evidence, Parked

Place = tuple[str, int, int]
BEHIND = "behind"
SETTLES = frozenset({"redrive", "dismiss"})
_REPORTS = ".reports.v1"
_ANSWER = "AnswerRejected"
_REFUSED = "tracking.report_refused.v1"
_SERVICE = "tracking"


def poisons(evidence: Evidence) -> dict[Place, Event]:
    """Where bad records came to lie: as their senders were told, or as their content is found."""
    found: dict[Place, Event] = {}
    by_content: dict[str, Event] = {}
    for event in evidence.history:
        if event.op != "poison":
            continue
        if event.phase == "ok" and event.answer is not None:
            partition, offset = int(event.answer["partition"]), int(event.answer["offset"])
            found[str(event.request["topic"]), partition, offset] = event
        if event.request.get("sha256"):
            by_content[str(event.request["sha256"])] = event
    for record in evidence.records if by_content else ():
        if record.topic.endswith(_REPORTS):
            digest = hashlib.sha256(record.value).hexdigest()
            if digest in by_content:
                place = (record.topic, record.partition, record.offset)
                found.setdefault(place, by_content[digest])
    return found


def answer_key(place: Place, event: Event) -> str | None:
    """The key under which a bad report is answered; None when it tells nobody's id."""
    report = event.request.get("report_id")
    return f"rejected:{place[0]}:{place[1]}:{place[2]}:{report}" if report else None


def poison_is_parked(evidence: Evidence) -> Check:
    """What the history calls poison is parked once per reader, for its reason, for its key alone.

    Its sender is told why. Only who was asked to takes it off the list, and nobody applies it.
    Without a line of op `poison` there is nothing to examine but what is parked.
    """
    check = Check("I18", "poison is parked once, and holds back its own key only")
    places: dict[Place, list[Parked]] = defaultdict(list)
    for one in evidence.parked:
        check.examined += 1
        places[one.topic, one.partition, one.offset].append(one)
        if not one.reason:
            check.blame("illegal", f"{where(one)} is parked without a reason")
    bad = poisons(evidence)
    for place, event in bad.items():
        check.examined += 1
        _parked_so(check, place, event, places[place])
    for place, found in places.items():
        for consumer, times in Counter(one.consumer for one in found).items():
            if times > 1:
                check.blame("doubled", f"{consumer}: {place} is parked {times} times")
    _behind(check, evidence.parked)
    _answers(check, evidence, bad)
    _settled(check, evidence)
    return check


def _parked_so(check: Check, place: Place, event: Event, found: Sequence[Parked]) -> None:
    if not found:
        check.blame("lost", f"the poison at {place} is parked nowhere")
    wanted = event.request.get("reason")
    for one in found:
        if wanted is not None and one.reason != wanted:
            check.blame("illegal", f"{where(one)} is parked for {one.reason}, not for {wanted}")
        if one.blocking and one.topic.endswith(_REPORTS):
            check.blame("illegal", f"{where(one)} holds back other reports")


def _behind(check: Check, parked: Iterable[Parked]) -> None:
    """Who waits, waits for a parked record of the same key."""
    blocking: set[tuple[str, str]] = set()
    for one in parked:
        if one.reason != BEHIND:
            blocking.add((one.consumer, one.key))
        elif (one.consumer, one.key) not in blocking:
            check.blame("illegal", f"{where(one)} waits, and nothing of its key is parked")


def _answers(check: Check, evidence: Evidence, bad: Mapping[Place, Event]) -> None:
    """Whose id could be read is told why, once for each record, on the sender's own topic."""
    written = Counter(one.key for one in evidence.commands if one.name == _ANSWER)
    told = Counter(
        (fact.aggregate_id, fact.topic, str(fact.data.get("code")))
        for fact in evidence.facts
        if fact.type == _REFUSED
    )
    wanted: Counter[tuple[str, str, str]] = Counter()
    for place, event in bad.items():
        key = answer_key(place, event)
        if key is None:
            continue
        check.examined += 1
        _count(check, written[key], 1, f"the poison at {place} was answered")
        topic = place[0].removesuffix(_REPORTS) + ".answers.v1"
        wanted[str(event.request["report_id"]), topic, str(event.request["reason"])] += 1
    for answer, times in wanted.items():
        _count(check, told[answer], times, f"the refusal {answer} was told")


def _count(check: Check, found: int, wanted: int, what: str) -> None:
    if found < wanted:
        check.blame("lost", f"{what} {found} times, not {wanted}")
    elif found > wanted:
        check.blame("doubled", f"{what} {found} times, not {wanted}")


def _settled(check: Check, evidence: Evidence) -> None:
    """Who was told that a record is settled finds it so; nothing is settled that nobody asked."""
    rows = {one.id: one for one in evidence.parked if one.service == _SERVICE}
    asked: set[int] = set()
    for event in evidence.history:
        if event.op not in SETTLES:
            continue
        id_ = int(str(event.request["path"]).split("/")[-2])
        if event.op == "dismiss":
            asked.add(id_)
        if event.phase != "ok":
            continue
        check.examined += 1
        row = rows.get(id_)
        if row is None or not row.settled:
            check.blame("lost", f"{event.op} of {id_} was answered, and it is not settled")
        elif event.op == "redrive" and row.topic.endswith(_REPORTS):
            check.blame("illegal", f"{where(row)} cannot be read, and was applied")
    for one in rows.values():
        if not one.settled or not one.topic.endswith(_REPORTS):
            continue
        check.examined += 1
        if one.id not in asked or not one.settled_by.startswith("operator:"):
            check.blame("illegal", f"{where(one)} was settled by {one.settled_by or 'nobody'}")


def where(one: Parked) -> str:
    """The place of a parked record, for people."""
    return f"{one.consumer}: {one.topic}:{one.partition}:{one.offset}"
