"""Everything that travels on Kafka: each event with its topic, each topic with owner and shape.

A topic or an event that is not listed here does not exist: topics are created from this list only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from contracts import (
    agencies,
    booking,
    catalogue,
    ledger,
    notify,
    queue,
    queue_day,
    queue_tickets,
    tracking,
)
from contracts.base import Fact
from contracts.ids import AgencyId


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `owner` alone may write to it; `readers` are the services that listen to it.

    A compacted topic keeps the newest record per key. Where no service listens, `note` says who
    the topic is for.
    """

    name: str
    owner: str
    readers: tuple[str, ...]
    partitions: int = 6
    compacted: bool = False
    note: str = ""


EVENTS: tuple[type[Fact], ...] = (
    catalogue.EntryPublished,
    booking.SessionOpened,
    booking.AppointmentBooked,
    booking.AppointmentCheckedIn,
    booking.AppointmentCancelled,
    booking.SessionResized,
    booking.PlacesReleased,
    booking.ChannelsOpened,
    booking.SessionClosed,
    booking.SessionReopened,
    booking.DayAnnounced,
    booking.QuotaChanged,
    booking.SeedRevealed,
    booking.LotteryDrawn,
    booking.PlaceHeld,
    booking.AppointmentRequested,
    booking.AppointmentLapsed,
    booking.AppointmentDeclined,
    booking.AppointmentMoved,
    booking.AppointmentDisturbed,
    booking.AppointmentReminded,
    booking.AppointmentMissed,
    booking.MissPardoned,
    booking.RebookingFlagged,
    booking.VisitBooked,
    booking.VisitCancelled,
    booking.WaitJoined,
    booking.WaitOffered,
    booking.WaitServed,
    booking.WaitPassed,
    booking.WaitLeft,
    booking.ClosureDeclared,
    booking.ClosureLifted,
    booking.ClosureSwept,
    queue.CounterOpened,
    queue.CounterClosed,
    queue.TicketIssued,
    queue.TicketCalled,
    queue.TicketServed,
    queue.TicketFinished,
    queue_tickets.TicketRecalled,
    queue_tickets.TicketHeld,
    queue_tickets.TicketResumed,
    queue_tickets.TicketSkipped,
    queue_tickets.TicketReturned,
    queue_tickets.TicketTransferred,
    queue_tickets.TicketReclassified,
    queue_tickets.TicketNear,
    queue_tickets.TicketLapsed,
    queue_tickets.TicketDisputed,
    queue_day.CounterTakenOver,
    queue_day.CounterPaused,
    queue_day.CounterResumed,
    queue_day.CounterChangeRequested,
    queue_day.CounterChangeDecided,
    queue_day.NumbersClosed,
    queue_day.NumbersReopened,
    queue_day.SeriesGranted,
    queue_day.LineClosed,
    queue_day.DeviceSessionBegan,
    queue_day.DeviceLocked,
    queue_day.DeviceUnlocked,
    queue_day.AgencyAbsent,
    queue_day.AgencyPresent,
    queue_day.SurveyAnswered,
    tracking.ApplicationSubmitted,
    tracking.StageOpened,
    tracking.StageAccepted,
    tracking.StageReturned,
    tracking.StageResubmitted,
    tracking.StageDone,
    tracking.StageRefused,
    tracking.ActivityRecorded,
    tracking.ApplicationCompleted,
    tracking.ApplicationRefused,
    tracking.ReportAccepted,
    tracking.ReportRefused,
    notify.NotificationQueued,
    notify.NotificationSent,
    notify.NotificationFailed,
    ledger.CheckpointRecorded,
    agencies.StageReported,
    agencies.ActivityReported,
)

TOPICS: tuple[Topic, ...] = (
    Topic(
        "catalogue.entries.v1",
        "catalogue",
        ("booking", "ledger", "queue", "tracking"),
        partitions=1,
        compacted=True,
    ),
    Topic("booking.sessions.v1", "booking", ("ledger", "tracking")),
    Topic("booking.appointments.v1", "booking", ("ledger", "notify", "queue", "tracking")),
    Topic("booking.days.v1", "booking", ("ledger", "tracking")),
    Topic("booking.visits.v1", "booking", ("ledger", "tracking")),
    Topic("booking.waits.v1", "booking", ("ledger", "tracking")),
    Topic("booking.closures.v1", "booking", ("ledger", "tracking"), partitions=1),
    Topic("queue.counters.v1", "queue", ("ledger", "tracking")),
    Topic("queue.tickets.v1", "queue", ("ledger", "notify", "tracking")),
    Topic("queue.lines.v1", "queue", ("ledger", "tracking")),
    Topic("queue.devices.v1", "queue", ("ledger", "tracking")),
    Topic("queue.presence.v1", "queue", ("ledger", "tracking")),
    Topic("queue.surveys.v1", "queue", ("ledger", "tracking")),
    Topic("tracking.applications.v1", "tracking", ("ledger", "notify", "tracking")),
    Topic("notify.notifications.v1", "notify", ("ledger", "tracking")),
    Topic(
        "ledger.checkpoints.v1",
        "ledger",
        ("ledger",),
        partitions=1,
        note="also for auditors and the press, who keep copies outside the platform",
    ),
)

# Topics that exist once per agency; `*` stands for its name.
AGENCY_TOPICS: tuple[Topic, ...] = (
    Topic("agency.*.reports.v1", "agency:*", ("tracking",), partitions=1),
    Topic(
        "agency.*.answers.v1",
        "tracking",
        ("ledger",),
        partitions=1,
        note="for the systems of the agency, which may read it and no other agency's",
    ),
)

# The same as patterns, for those who listen to all of them.
REPORTS_PATTERN = r"^agency\.[a-z0-9-]+\.reports\.v1$"
ANSWERS_PATTERN = r"^agency\.[a-z0-9-]+\.answers\.v1$"

_TOPIC_BY_NAME = {topic.name: topic for topic in (*TOPICS, *AGENCY_TOPICS)}
BY_WIRE_TYPE: Mapping[str, type[Fact]] = {event.wire_type(): event for event in EVENTS}


def agency_topics(agency: AgencyId) -> tuple[Topic, ...]:
    """The two topics of one agency: what it reports, and what it is answered."""
    return tuple(
        replace(
            topic,
            name=topic.name.replace("*", agency),
            owner=topic.owner.replace("*", agency),
        )
        for topic in AGENCY_TOPICS
    )


def agency_of(topic: str) -> AgencyId:
    """The agency that a topic of an agency belongs to. Raises ValueError for any other topic."""
    prefix, _, rest = topic.partition(".")
    name, _, kind = rest.partition(".")
    if prefix != "agency" or kind not in {"reports.v1", "answers.v1"}:
        raise ValueError(f"{topic!r} is not an agency's topic")
    return AgencyId(name)


class UnknownEvent(Exception):
    """The type is not in the catalog; `future` tells that it is a newer version of a known one."""

    def __init__(self, wire_type: str) -> None:
        super().__init__(wire_type)
        name, _, version = wire_type.rpartition(".v")
        newest = max((event.version for event in EVENTS if event.type == name), default=None)
        is_number = re.fullmatch(r"[1-9][0-9]{0,8}", version) is not None
        self.future = newest is not None and is_number and int(version) > newest


def event_of(wire_type: str) -> type[Fact]:
    """The class of an event by its CloudEvents type. Raises UnknownEvent."""
    try:
        return BY_WIRE_TYPE[wire_type]
    except KeyError:
        raise UnknownEvent(wire_type) from None


def topic_of(event: type[Fact]) -> Topic:
    """The topic of an event, with `*` for the agency where there is one topic per agency."""
    return _TOPIC_BY_NAME[event.topic]


def events_on(topic: Topic) -> list[type[Fact]]:
    """The events of a topic, in the order of the catalog."""
    return [event for event in EVENTS if event.topic == topic.name]
