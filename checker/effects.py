"""What each command makes true: the facts that its answer speaks of, by type and object.

Written from the public description of commands and events. Facts that time causes, several at once
and without a name in the answer, are left to the other checks.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from checker import queue_effects
from checker.evidence import Command, Fact

Effect = tuple[str, str]
Answer = Mapping[str, Any]
ANSWERED, MOVED = "answer to report", "step of report"
ANSWERS = frozenset({"tracking.report_accepted.v1", "tracking.report_refused.v1"})
REPORTS = frozenset({"RecordStageReport", "RecordActivityReport", "AnswerRejected"})


def _one(type_: str, field: str) -> Callable[[Answer], list[Effect]]:
    return lambda answer: [(type_, str(answer[field]))]


def _called(answer: Answer) -> list[Effect]:
    """Nobody may wait."""
    ticket = answer.get("ticket")
    return [("queue.ticket_called.v1", str(ticket["ticket_id"]))] if ticket else []


def _placed(answer: Answer) -> list[Effect]:
    """A place is booked, or asked for where an office must agree first."""
    asked = answer.get("status") == "requested"
    type_ = "booking.appointment_requested.v1" if asked else "booking.appointment_booked.v1"
    return [(type_, str(answer["appointment_id"]))]


def _visit(answer: Answer) -> list[Effect]:
    stops = [
        ("booking.appointment_booked.v1", str(one["appointment_id"])) for one in answer["stops"]
    ]
    return [("booking.visit_booked.v1", str(answer["visit_id"])), *stops]


def _given_up(answer: Answer) -> list[Effect]:
    stops = [("booking.appointment_cancelled.v1", str(one)) for one in answer["cancelled"]]
    return [("booking.visit_cancelled.v1", str(answer["visit_id"])), *stops]


_BY_CLIENTS: Mapping[str, Callable[[Answer], list[Effect]]] = {
    "OpenSession": _one("booking.session_opened.v1", "session_id"),
    "BookAppointment": _placed,
    "HoldPlace": _one("booking.place_held.v1", "appointment_id"),
    "ConfirmPlace": _placed,
    "ApproveAppointment": _one("booking.appointment_booked.v1", "appointment_id"),
    "DeclineAppointment": _one("booking.appointment_declined.v1", "appointment_id"),
    "PardonMiss": _one("booking.miss_pardoned.v1", "appointment_id"),
    "MoveAppointment": _one("booking.appointment_moved.v1", "appointment_id"),
    "CheckIn": _one("booking.appointment_checked_in.v1", "appointment_id"),
    "CancelAppointment": _one("booking.appointment_cancelled.v1", "appointment_id"),
    "BookVisit": _visit,
    "CancelVisit": _given_up,
    "JoinWait": _one("booking.wait_joined.v1", "wait_id"),
    "DeclareClosure": _one("booking.closure_declared.v1", "closure_id"),
    "LiftClosure": _one("booking.closure_lifted.v1", "closure_id"),
    "IssueTicket": _one("queue.ticket_issued.v1", "ticket_id"),
    "OpenCounter": _one("queue.counter_opened.v1", "counter_id"),
    "CloseCounter": _one("queue.counter_closed.v1", "counter_id"),
    "ResumeCounter": _one("queue.counter_resumed.v1", "counter_id"),
    "AskForChange": _one("queue.counter_change_requested.v1", "counter_id"),
    "CallNextTicket": _called,
    "ServeTicket": _one("queue.ticket_served.v1", "ticket_id"),
    "FinishTicket": _one("queue.ticket_finished.v1", "ticket_id"),
    "CallTicket": _one("queue.ticket_called.v1", "ticket_id"),
    "RecallTicket": _one("queue.ticket_recalled.v1", "ticket_id"),
    "HoldTicket": _one("queue.ticket_held.v1", "ticket_id"),
    "ResumeTicket": _one("queue.ticket_resumed.v1", "ticket_id"),
    "ReturnTicket": _one("queue.ticket_returned.v1", "ticket_id"),
    "SkipTicket": _one("queue.ticket_skipped.v1", "ticket_id"),
    "TransferTicket": _one("queue.ticket_transferred.v1", "ticket_id"),
    "LetInFirst": _one("queue.ticket_reclassified.v1", "ticket_id"),
    "LeaveQueue": _one("queue.ticket_lapsed.v1", "ticket_id"),
    "SubmitApplication": _one("tracking.application_submitted.v1", "application_id"),
    "ResubmitStage": _one("tracking.stage_resubmitted.v1", "application_id"),
    "RecordCheckpoint": _one("ledger.checkpoint_recorded.v1", "checkpoint_id"),
}
_BY_FACTS_AND_TIME: Mapping[str, Callable[[Answer], list[Effect]]] = {
    "AdmitAppointment": _one("queue.ticket_issued.v1", "ticket_id"),
    "TimeOutRequest": _one("booking.appointment_declined.v1", "appointment_id"),
    "EndPause": _one("queue.counter_resumed.v1", "counter_id"),
    "RecordAbsence": _one("queue.agency_absent.v1", "presence_id"),
}
_EFFECTS = {**_BY_CLIENTS, **_BY_FACTS_AND_TIME}
OF_FACTS_AND_TIME = _BY_FACTS_AND_TIME.keys()
OF_CLIENTS = _BY_CLIENTS.keys() | REPORTS | queue_effects.NAMES
"""The others follow from facts, or time causes them."""
# Types of which each fact belongs to a command that names it.
ROOTS = frozenset(
    {
        "booking.session_opened.v1",
        "booking.appointment_booked.v1",
        "booking.appointment_requested.v1",
        "booking.appointment_declined.v1",
        "booking.miss_pardoned.v1",
        "booking.appointment_checked_in.v1",
        "booking.appointment_cancelled.v1",
        "booking.appointment_moved.v1",
        "booking.place_held.v1",
        "booking.visit_booked.v1",
        "booking.visit_cancelled.v1",
        "booking.wait_joined.v1",
        "booking.closure_declared.v1",
        "booking.closure_lifted.v1",
        "queue.ticket_issued.v1",
        "queue.ticket_called.v1",
        "queue.ticket_served.v1",
        "queue.ticket_finished.v1",
        "queue.ticket_recalled.v1",
        "queue.ticket_held.v1",
        "queue.ticket_resumed.v1",
        "queue.ticket_returned.v1",
        "queue.ticket_skipped.v1",
        "queue.ticket_transferred.v1",
        "queue.ticket_lapsed.v1",
        "queue.ticket_reclassified.v1",
        "queue.counter_opened.v1",
        "queue.counter_closed.v1",
        "queue.counter_resumed.v1",
        "queue.counter_change_requested.v1",
        "queue.agency_absent.v1",
        "tracking.application_submitted.v1",
        "tracking.stage_resubmitted.v1",
        "ledger.checkpoint_recorded.v1",
    }
)
# Plans open sessions, and lists and draws give places, many by one command of the clock.
_BY_TIME = frozenset(
    {"booking.session_opened.v1", "booking.place_held.v1", "booking.appointment_booked.v1"}
)


def took_effect(command: Command) -> bool:
    """Whether it was not refused. A refused report is answered, too: by a fact that says so."""
    return command.answer is not None and command.answer.get("refusal") is None


def effects_of(command: Command) -> list[Effect]:
    """The facts that its answer speaks of."""
    if command.answer is None:
        return []
    if command.name in REPORTS:
        report = str(command.answer.get("report_id"))
        moved = took_effect(command) and command.name != "AnswerRejected"
        return [(ANSWERED, report), *([(MOVED, report)] if moved else [])]
    if command.name in queue_effects.NAMES:
        return queue_effects.of(command)
    return _EFFECTS[command.name](command.answer) if command.name in _EFFECTS else []


def wanted(commands: Iterable[Command]) -> Counter[Effect]:
    """How often each effect was answered for."""
    return Counter(effect for one in commands for effect in effects_of(one))


def happened(facts: Iterable[Fact]) -> Counter[Effect]:
    """How often each effect came true."""
    found: Counter[Effect] = Counter()
    for fact in facts:
        if fact.type in ANSWERS:
            found[ANSWERED, fact.aggregate_id] += 1
        elif queue_effects.is_told_later(fact):
            found.update(queue_effects.told(fact))
        elif fact.type in ROOTS and not _unnamed(fact):
            found[fact.type, fact.aggregate_id] += 1
        elif fact.data.get("report_id"):
            found[MOVED, str(fact.data["report_id"])] += 1
    return found


def _unnamed(fact: Fact) -> bool:
    """Whether a command may have caused it whose answer names nobody: the clock's, or an end."""
    if fact.type == "queue.ticket_skipped.v1":
        return fact.data.get("reason") == "officer_gone"
    if fact.type == "queue.ticket_lapsed.v1":
        return fact.data.get("outcome") != "left"
    return fact.type in _BY_TIME and fact.actor == "system:booking"
