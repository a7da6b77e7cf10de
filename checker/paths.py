"""Which fact may follow which: for each event, in which states it may come, and where it leads.

Written from the public description of the events, not from the services' code. "" is the state
before the first fact of an aggregate.
"""

from collections.abc import Mapping

_HERE = ("waiting", "called", "served", "held", "finished")


def _stay(*states: str) -> Mapping[str, str]:
    return {state: state for state in states}


_BOOKING: Mapping[str, Mapping[str, str]] = {
    "booking.session_opened.v1": {"": "opened"},
    "booking.appointment_booked.v1": {"": "booked"},
    "booking.appointment_checked_in.v1": {"booked": "checked_in"},
    "booking.appointment_cancelled.v1": {"booked": "cancelled"},
}
# A counter that has asked for something stays what it is until that is decided or withdrawn.
_COUNTERS: Mapping[str, Mapping[str, str]] = {
    "queue.counter_opened.v1": {"": "open", "closed": "open"},
    "queue.counter_closed.v1": {
        "open": "closed", "paused": "closed", "open, asked": "closed", "paused, asked": "closed",
    },
    "queue.counter_taken_over.v1": _stay("open", "paused", "open, asked", "paused, asked"),
    "queue.counter_paused.v1": {"open": "paused"},
    "queue.counter_resumed.v1": {"paused": "open", "paused, asked": "open, asked"},
    "queue.counter_change_requested.v1": {"open": "open, asked", "paused": "paused, asked"},
    "queue.counter_change_decided.v1": {"open, asked": "open", "paused, asked": "paused"},
}  # fmt: skip
_TICKETS: Mapping[str, Mapping[str, str]] = {
    "queue.ticket_issued.v1": {"": "waiting"},
    "queue.ticket_called.v1": {"waiting": "called"},
    "queue.ticket_recalled.v1": {"called": "called"},
    "queue.ticket_served.v1": {"called": "served"},
    "queue.ticket_held.v1": {"called": "held", "served": "held"},
    "queue.ticket_resumed.v1": {"held": "called"},
    "queue.ticket_returned.v1": {"held": "waiting"},
    "queue.ticket_skipped.v1": {"called": "waiting", "served": "waiting"},
    "queue.ticket_transferred.v1": {"called": "waiting", "served": "waiting"},
    "queue.ticket_reclassified.v1": {"waiting": "waiting"},
    "queue.ticket_near.v1": {"waiting": "waiting"},
    "queue.ticket_finished.v1": {"called": "finished", "served": "finished"},
    "queue.ticket_lapsed.v1": {"waiting": "finished", "held": "finished"},
    "queue.ticket_disputed.v1": _stay(*_HERE),
}
_DAY: Mapping[str, Mapping[str, str]] = {
    "queue.numbers_closed.v1": {"": "no numbers", "numbers": "no numbers"},
    "queue.numbers_reopened.v1": {"no numbers": "numbers"},
    "queue.series_granted.v1": {"": "series"},
    "queue.line_closed.v1": {
        "": "over", "numbers": "over", "no numbers": "over", "series": "over",
    },
    "queue.device_session_began.v1": {"": "at work", "at work": "at work"},
    "queue.device_locked.v1": {"": "locked", "at work": "locked"},
    "queue.device_unlocked.v1": {"locked": "at work"},
    "queue.agency_absent.v1": {"": "absent"},
    "queue.agency_present.v1": {"": "present", "absent": "present"},
    "queue.survey_answered.v1": {"": "answered"},
}  # fmt: skip
_OTHERS: Mapping[str, Mapping[str, str]] = {
    "notify.notification_queued.v1": {"": "queued"},
    "notify.notification_sent.v1": {"queued": "sent"},
    "notify.notification_failed.v1": {"queued": "failed"},
    "ledger.checkpoint_recorded.v1": {"": "recorded"},
}
PATHS: Mapping[str, Mapping[str, str]] = {
    **_BOOKING, **_COUNTERS, **_TICKETS, **_DAY, **_OTHERS,
}  # fmt: skip
