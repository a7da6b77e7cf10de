"""Which fact may follow which: for each event, in which states it may come, and where it leads.

Written from the public description of the events, not from the services' code. "" is the state
before the first fact of an aggregate.
"""

from collections.abc import Mapping

_HERE = ("waiting", "called", "served", "held", "finished")


def _stay(*states: str) -> Mapping[str, str]:
    return {state: state for state in states}


_APPOINTMENTS: Mapping[str, Mapping[str, str]] = {
    "booking.place_held.v1": {"": "held"},
    "booking.appointment_requested.v1": {"": "requested", "held": "requested"},
    "booking.appointment_booked.v1": {"": "booked", "held": "booked", "requested": "booked"},
    "booking.appointment_lapsed.v1": {"held": "lapsed"},
    "booking.appointment_declined.v1": {"requested": "declined"},
    "booking.appointment_cancelled.v1": {"requested": "cancelled", "booked": "cancelled"},
    "booking.appointment_checked_in.v1": {"booked": "checked_in"},
    "booking.appointment_missed.v1": {"booked": "missed"},
    "booking.miss_pardoned.v1": {"missed": "pardoned"},
    "booking.appointment_moved.v1": _stay("requested", "booked"),
    "booking.appointment_reminded.v1": _stay("booked"),
    "booking.appointment_disturbed.v1": _stay("held", "requested", "booked"),
    "booking.rebooking_flagged.v1": _stay("held", "requested", "booked"),
}
# A session that is closed may still be resized, and its parts and channels come due.
_PLACES: Mapping[str, Mapping[str, str]] = {
    "booking.session_opened.v1": {"": "opened"},
    "booking.session_resized.v1": _stay("opened", "closed"),
    "booking.places_released.v1": _stay("opened", "closed"),
    "booking.channels_opened.v1": _stay("opened", "closed"),
    "booking.session_closed.v1": {"opened": "closed", "closed": "closed"},
    "booking.session_reopened.v1": {"closed": "opened"},
    "booking.day_announced.v1": {"": "announced"},
    "booking.quota_changed.v1": _stay("announced", "revealed", "drawn"),
    "booking.seed_revealed.v1": {"announced": "revealed"},
    "booking.lottery_drawn.v1": {"announced": "drawn"},
    "booking.visit_booked.v1": {"": "booked"},
    "booking.visit_cancelled.v1": {"booked": "cancelled"},
    "booking.wait_joined.v1": {"": "waiting"},
    "booking.wait_offered.v1": {"waiting": "offered"},
    "booking.wait_served.v1": {"offered": "served"},
    "booking.wait_passed.v1": {"offered": "waiting"},
    "booking.wait_left.v1": {"waiting": "left", "offered": "left"},
    "booking.closure_declared.v1": {"": "declared"},
    "booking.closure_swept.v1": {"declared": "swept", "swept": "swept"},
    "booking.closure_lifted.v1": {"declared": "lifted", "swept": "lifted"},
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
    **_APPOINTMENTS, **_PLACES, **_COUNTERS, **_TICKETS, **_DAY, **_OTHERS,
}  # fmt: skip
