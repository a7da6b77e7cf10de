"""I10, I16: mails, and whether everything came to rest."""

from collections import Counter

from checker.evidence import Check, Evidence
from checker.poison import BEHIND, poisons, where

MOST_MAILS = 3


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
    poison = poisons(evidence)
    keys = {(topic, str(event.request.get("key", ""))) for (topic, _, _), event in poison.items()}
    for fact in evidence.facts:
        check.examined += 1
        if not fact.sent:
            check.blame("lost", f"{fact.service}: {fact.type} {fact.id} was never sent")
    for place in evidence.places:
        check.examined += 1
        reader = f"{place.consumer} in {place.topic}:{place.partition}"
        if place.next_offset < place.end:
            check.blame("lost", f"{reader}: at {place.next_offset} of {place.end}")
        elif place.next_offset > place.end:
            check.blame("illegal", f"{reader}: at {place.next_offset}, behind the end {place.end}")
    for one in evidence.parked:
        check.examined += 1
        is_bad = (one.topic, one.partition, one.offset) in poison
        waits = one.reason == BEHIND and (one.topic, one.key) in keys
        if not (one.settled or is_bad or waits):
            check.blame("lost", f"{where(one)} is parked: {one.reason}")
    for session in evidence.idle_in_transaction:
        check.blame("illegal", f"idle in transaction: {session}")
    return check
