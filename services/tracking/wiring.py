"""Tracking's table of contents: what it decides, listens to and serves."""

from chassis.decide import Domain
from chassis.service import Service
from chassis.subscription import Subscription, project, react, reading_of
from contracts.agencies import ActivityReported, StageReported
from contracts.catalog import BY_WIRE_TYPE, EVENTS, REPORTS_PATTERN, TOPICS
from contracts.catalogue import EntryPublished
from services.tracking import api, commands, consumers, handlers, projection, store
from services.tracking.domain.evolution import evolve
from services.tracking.settings import TrackingSettings
from services.tracking.stream import run_stream

DOMAIN = Domain(
    handlers={
        commands.SubmitApplication: handlers.submit_application,
        commands.ResubmitStage: handlers.resubmit_stage,
        commands.RecordStageReport: handlers.record_stage_report,
        commands.RecordActivityReport: handlers.record_activity_report,
        commands.AnswerRejected: handlers.answer_rejected,
    },
    load_many=store.load_many,
    save_many=store.save_many,
    evolve=evolve,
)

REPORTS = Subscription(
    consumer="tracking.reports",
    pattern=REPORTS_PATTERN,
    reading=consumers.ReportReading(
        {event.wire_type(): event for event in (StageReported, ActivityReported)}, BY_WIRE_TYPE
    ),
    apply=react(
        DOMAIN, {StageReported: consumers.on_report, ActivityReported: consumers.on_report}
    ),
    # A claim that is wrong says nothing about the next one.
    holds_back=False,
    answer_rejected=consumers.answer_rejected,
    domain=DOMAIN,
)

CATALOGUE = Subscription(
    consumer="tracking.catalogue",
    topics=(EntryPublished.topic,),
    reading=reading_of([EntryPublished], BY_WIRE_TYPE),
    apply=project(
        projection.no_keys,
        projection.load_nothing,
        projection.fold_entry,
        projection.save_revisions,
    ),
    newest_wins=True,
)

_SEEN_OWNERS = {"booking", "queue", "tracking", "notify"}
_SEEN_TOPICS = tuple(topic.name for topic in TOPICS if topic.owner in _SEEN_OWNERS)

READ_MODEL = Subscription(
    consumer="tracking.read_model",
    topics=_SEEN_TOPICS,
    reading=reading_of([event for event in EVENTS if event.topic in _SEEN_TOPICS], BY_WIRE_TYPE),
    apply=projection.take_in,
    batches_at_once=4,
)

SERVICE = Service(
    name="tracking",
    settings=TrackingSettings,
    domain=DOMAIN,
    router=api.router,
    subscriptions=(REPORTS, CATALOGUE, READ_MODEL),
    tasks=(run_stream,),
)
