"""Every metric of the platform in one list, and nothing measured that is not on it.

`docs/metrics.md` is generated from the list. Labels have few values each; none names a person.
"""

from prometheus_client import Counter, Gauge, Histogram, generate_latest

from chassis.metric import REGISTRY, Metric, new_counter, new_gauge, new_histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

HTTP_REQUESTS = new_counter(
    "loket_http_requests_total",
    "HTTP requests answered",
    "when an answer begins; route is the pattern, never the address",
    ("method", "route", "status"),
)
HTTP_SECONDS = new_histogram(
    "loket_http_request_duration_seconds",
    "Time from the request to the beginning of its answer",
    "with each answer",
    ("method", "route"),
)
HTTP_IN_WORK = new_gauge(
    "loket_http_in_work_requests",
    "HTTP requests that have come and whose answer has not begun",
    "with each request and each answer",
)
HTTP_REJECTED = new_counter(
    "loket_http_rejected_total",
    "HTTP requests turned away because too many were in work, or what was in work got old",
    "when a request finds no place",
)
HTTP_LIMITED = new_counter(
    "loket_http_limited_total",
    "HTTP requests refused because their caller had used up its bucket: by token or by address",
    "when a caller's bucket is empty",
    ("by",),
)
HTTP_CUT = new_counter(
    "loket_http_cut_total",
    "Connections closed because head or body did not come, or the answer was not taken, in time",
    "when a connection is closed for that",
    ("part",),
)
COMMANDS = new_counter(
    "loket_commands_total",
    "Commands by outcome: done, refused, replayed, failed",
    "when a command gets its answer",
    ("command", "outcome"),
)
COMMAND_SECONDS = new_histogram(
    "loket_command_duration_seconds",
    "Time from handing a command to dispatch until its answer is committed",
    "when a command gets its answer",
    ("command",),
)
GROUP_SIZE = new_histogram(
    "loket_dispatch_group_commands",
    "Commands that shared one transaction",
    "with each group",
    buckets=SIZES,
)
QUEUE_DEPTH = new_gauge(
    "loket_dispatch_queue_commands",
    "Commands that wait for their transaction",
    "whenever a group is formed",
)
QUEUE_LANES = new_gauge(
    "loket_dispatch_lanes",
    "Malls, agencies and kinds of actors whose commands wait for their transaction",
    "whenever a group is formed",
)
QUEUE_REJECTED = new_counter(
    "loket_dispatch_rejected_total",
    "Commands turned away unread: the queue or their lane was full, or the process was ending",
    "when a command is turned away",
    ("reason",),
)
DISPATCH_RETRIES = new_counter(
    "loket_dispatch_retries_total",
    "Groups overtaken by somebody else: decided again (made), or not for want of budget (spared)",
    "when a group is overtaken",
    ("outcome",),
)
RELEASE_SEED_LOST = new_gauge(
    "loket_release_seed_lost",
    "Draws that cannot take place, because the key of booking changed after they were announced",
    "with each look of the timer of draws",
)
OUTBOX_AGE = new_gauge(
    "loket_outbox_age_seconds",
    "Age of the oldest fact that is not on Kafka yet; 0 when there is none",
    "every second",
)
OUTBOX_UNSENT = new_gauge(
    "loket_outbox_unsent_rows",
    "Facts that are not on Kafka yet, counted up to 10,000",
    "every second",
)
RELAY_SENT = new_counter(
    "loket_relay_sent_total",
    "Facts acknowledged by Kafka",
    "when Kafka acknowledges",
)
RELAY_FAILED = new_counter(
    "loket_relay_failed_total",
    "Rounds of the relay that were broken off; their facts are sent again",
    "at the first failure of a round",
    ("reason",),
)
RELAY_REBUILT = new_counter(
    "loket_relay_rebuilt_total",
    "Producers thrown away and made anew",
    "when a producer is replaced",
)
CONSUMER_PROCESSED = new_counter(
    "loket_consumer_processed_total",
    "Records whose effects are committed",
    "after the transaction of a batch",
    ("consumer",),
)
CONSUMER_DUPLICATES = new_counter(
    "loket_consumer_duplicates_total",
    "Records that had been seen before and changed nothing",
    "after the transaction of a batch",
    ("consumer",),
)
CONSUMER_PARKED = new_counter(
    "loket_consumer_parked_total",
    "Records put aside with a reason, for a person to look at",
    "after the transaction that parks them",
    ("consumer", "reason"),
)
CONSUMER_LOG_REPLACED = new_counter(
    "loket_consumer_log_replaced_total",
    "Partitions read from the beginning, because their position is of a log that is gone",
    "when the record before the position is not the one that was read",
    ("consumer",),
)
CONSUMER_RETRIES = new_counter(
    "loket_consumer_retries_total",
    "Batches tried again after a failure",
    "before each new attempt",
    ("consumer",),
)
CONSUMER_BATCH_SECONDS = new_histogram(
    "loket_consumer_batch_duration_seconds",
    "Time for one batch, from its records to the commit",
    "after the transaction of a batch",
    ("consumer",),
)
CONSUMER_LAG = new_gauge(
    "loket_consumer_lag_events",
    "Records on Kafka that this consumer has not processed",
    "every second",
    ("consumer",),
)
CONSUMER_LAG_SECONDS = new_gauge(
    "loket_consumer_lag_seconds",
    "How long nothing moved while there are records to process; 0 when there are none",
    "every second",
    ("consumer",),
)
SSE_SUBSCRIBERS = new_gauge(
    "loket_sse_subscribers",
    "Open event streams",
    "when a stream opens or ends",
    ("hub",),
)
SSE_SENT = new_counter(
    "loket_sse_sent_events_total",
    "Changes handed to event streams",
    "when a change is queued for a subscriber or sent while catching up",
    ("hub",),
)
SSE_DROPPED = new_counter(
    "loket_sse_dropped_subscribers_total",
    "Event streams ended because their reader was too slow",
    "when a subscriber's queue is full",
    ("hub",),
)
FORGOTTEN = new_counter(
    "loket_forgotten_rows_total",
    "Answers to commands and settled records that were old enough to be removed",
    "after the transaction that removes them",
    ("table",),
)
EVENT_LOG_ROOM = new_gauge(
    "loket_event_log_room_facts",
    "Facts for which the event log has blocks ahead",
    "once a minute",
)
TIMER_LOOKS = new_counter(
    "loket_timer_looks_total",
    "Looks at what time has made due that came to their end",
    "after each such look",
    ("timer",),
)
DUE_OLDEST = new_gauge(
    "loket_due_oldest_seconds",
    "How long the oldest command that time has made due has been waiting; 0 when there is none",
    "with each look at what is due",
    ("timer",),
)
DUE_COMMANDS = new_gauge(
    "loket_due_commands",
    "Commands that time had made due at the last look, counted up to the set of one look",
    "with each look at what is due",
    ("timer",),
)
CALENDAR_MISSING = new_gauge(
    "loket_calendar_missing_years",
    "Years of which no calendar is published, though working days of them were asked for",
    "when working days are asked for",
)
CLOCK_IS_SET = new_gauge(
    "loket_clock_is_set",
    "1 when a rehearsal's file says what time it is, 0 in service",
    "once at start",
)
LEDGER_CONTRADICTED = new_gauge(
    "loket_ledger_contradicted_checkpoints",
    "Checkpoints on Kafka that the ledger's database contradicts: its past was changed",
    "with each look of the ledger at its checkpoints",
)
LEDGER_LOOKS = new_counter(
    "loket_ledger_looks_total",
    "Looks of the ledger at its checkpoints on Kafka that came to their end",
    "after each such look",
)
LOOP_LAG = new_gauge(
    "loket_event_loop_lag_seconds",
    "How late the event loop woke up at the last look",
    "every second",
)
BUILD = new_gauge(
    "loket_build_info",
    "Always 1; the labels say what runs",
    "once at start",
    ("service", "version", "python"),
)


def every() -> list[Metric[Counter] | Metric[Gauge] | Metric[Histogram]]:
    """The whole list, in the order in which it stands here."""
    return [value for value in globals().values() if isinstance(value, Metric)]


def exposition() -> bytes:
    """The current values in Prometheus' text format."""
    return generate_latest(REGISTRY)


def markdown() -> str:
    """The page `docs/metrics.md`."""
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(one.labels) or '-'} "
        f"| {one.meaning} | {one.moves} |"
        for one in every()
    ]
    return "\n".join(
        [
            "# Metrics",
            "",
            "Generated from `chassis/metrics.py`. Every service serves them at `/metrics`.",
            "",
            "| name | kind | labels | meaning | moves |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )
