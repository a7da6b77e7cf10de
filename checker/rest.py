"""I10, I16, I18: mails, and whether everything came to rest."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from checker.evidence import Check, Evidence, Parked

MOST_MAILS = 3
_BEHIND = "behind"


def notifications_are_bounded(evidence: Evidence) -> Check:
    """A sent notification is one to three mails, never more than the attempts that were counted."""
    check = Check("I10", "one to three mails per notification")
    ends: dict[str, str] = {}
    causes: Counter[tuple[str, str, str]] = Counter()
    for fact in evidence.facts:
        if not fact.type.startswith("notify.notification_"):
            continue
        check.examined += 1
        ends[fact.aggregate_id] = fact.type
        if fact.type == "notify.notification_queued.v1":
            data = fact.data
            causes[str(data["cause_id"]), str(data["recipient_id"]), str(data["channel"])] += 1
    for cause, times in causes.items():
        if times > 1:
            check.blame("doubled", f"{times} notifications because of {cause[0]}")
    for id_, end in ends.items():
        _one(check, id_, end, evidence)
    for id_ in evidence.mails.keys() - ends.keys():
        check.blame("illegal", f"a mail of notification {id_}, which is in no log")
    return check


def _one(check: Check, id_: str, end: str, evidence: Evidence) -> None:
    mails, attempts = evidence.mails.get(id_, 0), evidence.deliveries.get(id_)
    if end == "notify.notification_queued.v1" and id_ not in evidence.owed:
        check.blame("lost", f"notification {id_} was neither sent nor given up")
    if end == "notify.notification_sent.v1" and mails == 0:
        check.blame("lost", f"notification {id_} counts as sent, and no mail came")
    if mails > MOST_MAILS:
        check.blame("doubled", f"notification {id_}: {mails} mails")
    if attempts is None:
        check.blame("lost", f"notification {id_} has no count of its attempts")
    elif mails > attempts:
        check.blame("doubled", f"notification {id_}: {mails} mails in {attempts} counted attempts")


def everything_is_at_rest(evidence: Evidence) -> Check:
    """Nothing waits to be sent, read or committed, and only poison is parked."""
    check = Check("I16", "everything came to rest")
    poison = _poisoned_keys(evidence)
    for fact in evidence.facts:
        check.examined += 1
        if not fact.sent:
            check.blame("lost", f"{fact.service}: {fact.type} {fact.id} was never sent")
    for place in evidence.places:
        check.examined += 1
        where = f"{place.consumer} in {place.topic}:{place.partition}"
        if place.next_offset < place.end:
            check.blame("lost", f"{where}: at {place.next_offset} of {place.end}")
        elif place.next_offset > place.end:
            check.blame("illegal", f"{where}: at {place.next_offset}, behind the end {place.end}")
    for one in evidence.parked:
        check.examined += 1
        if not one.settled and (one.topic, one.key) not in poison:
            check.blame("lost", f"{_where(one)} is parked: {one.reason}")
    for session in evidence.idle_in_transaction:
        check.blame("illegal", f"idle in transaction: {session}")
    return check


def poison_is_parked(evidence: Evidence) -> Check:
    """What the history calls poison is parked once per reader, with a reason, for its key alone.

    Without a line of op `poison` there is nothing to examine but what is parked.
    """
    check = Check("I18", "poison is parked once, and holds back its own key only")
    places: dict[tuple[str, int, int], list[Parked]] = defaultdict(list)
    for one in evidence.parked:
        check.examined += 1
        places[one.topic, one.partition, one.offset].append(one)
        if not one.reason:
            check.blame("illegal", f"{_where(one)} is parked without a reason")
    for event in evidence.history:
        if event.op != "poison" or event.phase != "ok" or event.answer is None:
            continue
        check.examined += 1
        place = (
            str(event.request["topic"]),
            int(event.answer["partition"]),
            int(event.answer["offset"]),
        )
        if not places[place]:
            check.blame("lost", f"the poison at {place} is parked nowhere")
    for place, found in places.items():
        for consumer, times in Counter(one.consumer for one in found).items():
            if times > 1:
                check.blame("doubled", f"{consumer}: {place} is parked {times} times")
    _behind(check, evidence.parked)
    return check


def _behind(check: Check, parked: Iterable[Parked]) -> None:
    """Who waits, waits for a parked record of the same key."""
    blocking: set[tuple[str, str]] = set()
    for one in parked:
        if one.reason != _BEHIND:
            blocking.add((one.consumer, one.key))
        elif (one.consumer, one.key) not in blocking:
            check.blame("illegal", f"{_where(one)} waits, and nothing of its key is parked")


def _poisoned_keys(evidence: Evidence) -> set[tuple[str, str]]:
    return {
        (str(event.request["topic"]), str(event.request.get("key", "")))
        for event in evidence.history
        if event.op == "poison" and event.phase == "ok"
    }


def _where(one: Parked) -> str:
    return f"{one.consumer}: {one.topic}:{one.partition}:{one.offset}"
