"""The table of contents of the ledger."""

from chassis.arrivals import Reading
from chassis.decide import Domain
from chassis.service import Service
from chassis.subscription import Subscription
from contracts import catalog
from services.ledger import api, consumers, handlers, projection, store
from services.ledger.commands import RecordCheckpoint
from services.ledger.domain import checkpoint
from services.ledger.settings import LedgerSettings

DOMAIN = Domain(
    handlers={RecordCheckpoint: handlers.record_checkpoint},
    load_many=store.load_many,
    save_many=store.save_many,
    evolve=checkpoint.evolve,
)

# What the platform says; not what agencies claim, and not what the ledger itself publishes.
FACTS_PATTERN = r"^(?:booking|queue|tracking|notify)\.[a-z]+\.v[0-9]+$|" + catalog.ANSWERS_PATTERN
_UNREAD = Reading(events=None, known=())

SUBSCRIPTIONS = (
    # Nobody waits for the ledger: it may gather what is new for a moment.
    Subscription("ledger", _UNREAD, projection.record, pattern=FACTS_PATTERN, patience_seconds=0.1),
    # Compaction may have taken revisions away, so here a missing number is no gap.
    Subscription(
        "ledger.catalogue",
        _UNREAD,
        projection.record,
        topics=("catalogue.entries.v1",),
        newest_wins=True,
    ),
)

SERVICE = Service(
    name="ledger",
    settings=LedgerSettings,
    domain=DOMAIN,
    router=api.router,
    subscriptions=SUBSCRIPTIONS,
    tasks=(consumers.watch_checkpoints,),
)
