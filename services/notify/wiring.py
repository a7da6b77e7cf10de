"""The table of contents of notify."""

from chassis.decide import Domain
from chassis.service import Service
from chassis.subscription import Subscription, react, reading_of
from contracts import catalog
from services.notify import api, consumers, delivery, handlers, store
from services.notify.commands import QueueNotification, RecordFailure, RecordSent
from services.notify.domain import notification
from services.notify.settings import NotifySettings

DOMAIN = Domain(
    handlers={
        QueueNotification: handlers.queue_notification,
        RecordSent: handlers.record_sent,
        RecordFailure: handlers.record_failure,
    },
    load_many=store.load_many,
    save_many=store.save_many,
    evolve=notification.evolve,
)

SUBSCRIPTIONS = (
    Subscription(
        "notify",
        reading_of(consumers.REACTIONS, catalog.BY_WIRE_TYPE),
        react(DOMAIN, consumers.REACTIONS),
        topics=("tracking.applications.v1", "booking.appointments.v1", "queue.tickets.v1"),
        patience_seconds=0.1,
    ),
)

SERVICE = Service(
    name="notify",
    settings=NotifySettings,
    domain=DOMAIN,
    router=api.router,
    subscriptions=SUBSCRIPTIONS,
    tasks=(delivery.deliver,),
)
