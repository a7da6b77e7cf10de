"""Rows as years of work leave them behind, made by the database in a few statements.

`$1` is the number of affairs. What is bounded by the offices, not by their affairs, stands in
BOUNDED; every other table must be filled here.
"""

from typing import Any

import asyncpg

BOUNDED = {
    "migrations": "one row per file",
    "event_log_blocks": "one row per some million facts",
    "positions": "one row per consumer and partition",
    "relay_lease": "one row",
    "board_head": "one row",
    "unsent": "what Kafka has not acknowledged, however much is stored",
    "malls": "one row per mall",
    "services": "one row per service of an office",
    "counters": "one row per counter",
    "devices": "one row per kiosk or board",
    "policies": "one row per revision of a policy; people write them",
    "hours": "one row per mall and revision of its hours; people write them",
    "offices": "one row per agency, service and year; people write them",
    "plans": "one row per mall and service",
    "catalogue_entries": "one row per revision of an entry; people write them",
    "timeline_head": "one row",
    "running": "one row",
}

_NUMBERS = "FROM generate_series(1, $1::integer) AS made (i)"
# Settled and unsettled, of other keys than those of the drive.
_CHASSIS = (
    f"""
INSERT INTO event_log (event_id, type, aggregate, aggregate_id, version, topic, key, time, actor,
                       correlation_id, payload)
SELECT md5('event' || i)::uuid, 'generated.v1', 'generated', md5('affair' || i / 4)::uuid,
       i % 4 + 1, 'generated.v1', md5('affair' || i / 4), now(), 'system:generated', 'generated',
       '{{}}' {_NUMBERS}
""",
    f"""
INSERT INTO heads (aggregate_id, version, aggregate, topic, event_id, correlation_id)
SELECT md5('affair' || i)::uuid, 3, 'generated', 'generated.v1', md5('event' || i)::uuid,
       'generated' {_NUMBERS}
""",
    f"""
INSERT INTO commands (actor, key, fingerprint, name, at, answer, answered_at)
SELECT 'officer:' || i % 50, 'key-' || i, sha256(i::text::bytea), 'Generated', now(), '{{}}',
       now() - make_interval(days => CASE WHEN i <= 600 THEN 40 ELSE i % 20 END) {_NUMBERS}
""",
    f"""
INSERT INTO inbox (consumer, aggregate_id, version, event_id)
SELECT 'generated', md5('affair' || i)::uuid, 4, md5('event' || i)::uuid {_NUMBERS}
""",
    f"""
INSERT INTO parked (consumer, topic, partition, "offset", key, headers, value, reason, detail,
                    blocking, settled_at)
SELECT 'generated-' || i % 3, 'generated-' || i % 8 || '.v1', i % 6, i, 'key-' || i, '[]', '',
       'unreadable', '', true,
       CASE WHEN i <= 600 THEN now() - interval '100 days'
            WHEN i <= $1 * 9 / 10 THEN now() - make_interval(days => i % 20) END {_NUMBERS}
""",
)
_OF_SERVICE: dict[str, tuple[str, ...]] = {
    "booking": (
        f"""
INSERT INTO days (id, version, mall, service, service_date, taken, waiting, free_online, policy,
                  policy_version, mode, spread_s, step, parts)
SELECT md5('day' || i)::uuid, 1, 'mpp-' || i % 20, 'service-' || i, current_date - 1 - i / 200, 20,
       0, 0, 'umum', 0, 'open', 0, 0, '' {_NUMBERS} WHERE i % 10 = 0
""",
        f"""
INSERT INTO sessions (id, version, day_id, mall, service, service_date, starts_at, ends_at,
                      capacity, booked, held, overbook, taken_online, taken_counter, taken_partner,
                      channels_open, approve)
SELECT md5('session' || i)::uuid, 1, md5('day' || i)::uuid, 'mpp-' || i % 20, 'service-' || i % 30,
       current_date - i / 20, now() - make_interval(hours => i),
       now() - make_interval(hours => i - 1), 20, 20, 0, 0, 20, 0, 0, false, false
{_NUMBERS} WHERE i % 10 = 0
""",
        f"""
INSERT INTO appointments (id, version, session_id, person_id, service, service_date, status,
                          channel, also, places, moves, step, ended_at)
SELECT md5('appointment' || i)::uuid, 1, md5('session' || (i + 9) / 10 * 10)::uuid,
       md5('person' || i)::uuid, 'service-' || i % 30, current_date - i / 20,
       CASE WHEN i % 5 = 0 THEN 'cancelled' ELSE 'checked_in' END, 'online', '', 1, 0, 0,
       CASE WHEN i % 5 = 0 THEN now() - make_interval(hours => i) END
{_NUMBERS} WHERE i <= $1 / 10 * 10
""",
        f"""
INSERT INTO visits (id, version, mall, service_date, person_id, status, stops)
SELECT md5('visit' || i)::uuid, 1, 'mpp-' || i % 20, current_date, md5('person' || i)::uuid,
       'cancelled', '[1, 2]' {_NUMBERS} WHERE i % 10 = 0
""",
        f"""
INSERT INTO closures (id, version, kind, mall, from_at, until_at, reason, declared_at, told)
SELECT md5('closure' || i)::uuid, 2, 'closure', 'mpp-' || i % 20, now() - make_interval(hours => i),
       now() - make_interval(hours => i - 2), 'drill', now(), 3 {_NUMBERS} WHERE i % 10 = 0
""",
        f"""
INSERT INTO claims (appointment_id, kind, digest, nth, most, live, at)
SELECT md5('appointment' || i)::uuid, 'service_day', sha256(('claim-' || i)::bytea), 1, 1,
       i % 5 <> 0, now() {_NUMBERS} WHERE i <= $1 / 10 * 10
""",
        f"""
INSERT INTO waits (id, version, day_id, person_id, kind, lane, rank, status, offers, appointment_id)
SELECT md5('wait' || i)::uuid, 3, md5('day' || (i + 9) / 10 * 10)::uuid, md5('person' || i)::uuid,
       'list', 1, i, CASE WHEN i % 3 = 0 THEN 'left' ELSE 'got' END, 1,
       md5('appointment' || i)::uuid {_NUMBERS} WHERE i <= $1 / 10 * 10
""",
    ),
    "queue": (
        f"""
INSERT INTO lines (id, mall, service, service_date, last_number, waiting)
SELECT md5('line' || i)::uuid, CASE WHEN i % 20 = 0 THEN 'mpp-uji' ELSE 'mpp-' || i % 20 END,
       'service-' || i, current_date - 1 - i / 200, 10, 0 {_NUMBERS} WHERE i % 10 = 0
""",
        f"""
INSERT INTO tickets (id, version, line_id, service, number, lane, status, issued_at,
                     appointment_id, counter_id, queue_id, label, place_at, first_place_at,
                     entered_step, calls)
SELECT md5('ticket' || i)::uuid, 4, md5('line' || (i + 9) / 10 * 10)::uuid, 'service',
       i % 10 + 1, 'reguler', 'finished', now(), md5('appointment' || i)::uuid,
       md5('counter' || i % 40)::uuid, md5('line' || (i + 9) / 10 * 10)::uuid, 'GEN-001',
       now(), now(), 1, 1 {_NUMBERS}
""",
        f"""
INSERT INTO steps (queue_id, step, ticket_id, version)
SELECT md5('line' || i / 20 * 20)::uuid, i % 20 + 1, md5('ticket' || i)::uuid, 1 {_NUMBERS}
""",
        f"""
INSERT INTO board_feed (position, mall, zone, queue_id, kind, at, data, shown_at)
SELECT i, 'mpp-' || i % 20, 'K', md5('line' || i / 40 * 10)::uuid, 'called', now(), '{{}}',
       now() - interval '3 days' {_NUMBERS}
""",
        f"""
INSERT INTO presences (id, version, mall, agency, service_date, present_at, late_minutes)
SELECT md5('presence' || i)::uuid, 1, 'mpp-' || i % 20, 'agency-' || i, current_date - i / 200,
       now(), 0 {_NUMBERS}
""",
        "UPDATE board_head SET position = $1::integer",
        f"""
INSERT INTO surveys (id, mall, service, service_date, u1, u2, u3, u4, u5, u6, u7, u8, u9)
SELECT md5('survey' || i)::uuid, 'mpp-' || i % 20, 'service', current_date, 4, 4, 4, 4, 4, 4, 4, 4,
       4 {_NUMBERS}
""",
        f"""
INSERT INTO survey_months (mall, service, month, respondents, s1, s2, s3, s4, s5, s6, s7, s8, s9)
SELECT 'mpp-' || i / 100, 'service-' || i, date '2026-01-01', 5, 5, 5, 5, 5, 5, 5, 5, 5, 5
{_NUMBERS} WHERE i % 10 = 0
""",
    ),
    "tracking": (
        f"""
INSERT INTO applications (application_id, version, journey, revision, life, stages)
SELECT md5('affair' || i)::uuid, 4, 'izin-bangunan', 1, 'completed', '[]' {_NUMBERS}
""",
        f"""
INSERT INTO tracking_codes (application_id, digest)
SELECT md5('affair' || i)::uuid, sha256(i::text::bytea) {_NUMBERS}
""",
        f"""
INSERT INTO application_view (application_id, version, state, stages, agencies, submitted_at,
                              updated_at, recorded_at)
SELECT md5('affair' || i)::uuid, 4, 'completed', '[]', '[]', now(), now(), now() {_NUMBERS}
""",
        f"""
INSERT INTO timeline (position, event_id, key, type, aggregate_id, version, time, recorded_at,
                      data)
SELECT i, md5('event' || i)::uuid, md5('affair' || i / 4)::uuid::text,
       'tracking.application_completed.v1', md5('affair' || i / 4)::uuid, i % 4 + 1, now(), now(),
       '{{}}' {_NUMBERS}
""",
        "UPDATE timeline_head SET position = $1::integer",
    ),
    "notify": (
        f"""
INSERT INTO recipients (person_id, request, fingerprint, language, address, registered_at)
SELECT md5('person' || i)::uuid, sha256(i::text::bytea), sha256('f'), 'id', 'sealed', now()
{_NUMBERS}
""",
        f"""
INSERT INTO recipient_keys (person_id, wrapped_key) SELECT md5('person' || i)::uuid, 'k' {_NUMBERS}
""",
        f"""
INSERT INTO applicants (application_id, recipient_id)
SELECT md5('affair' || i)::uuid, md5('person' || i)::uuid {_NUMBERS}
""",
        f"""
INSERT INTO notifications (notification_id, version, application_id, recipient_id, cause_id,
                           template, channel, queued_at, state, attempts, settled_at)
SELECT md5('notification' || i)::uuid, 2, md5('affair' || i)::uuid, md5('person' || i)::uuid,
       md5('event' || i)::uuid, 'application_submitted', 'email', now(), 'sent', 1, now()
{_NUMBERS}
""",
        f"""
INSERT INTO deliveries (notification_id, attempts, due_at)
SELECT md5('notification' || i)::uuid, 1,
       CASE WHEN i % 10 = 0 THEN now() + interval '1 hour' END {_NUMBERS}
""",
    ),
    "ledger": (
        f"""
INSERT INTO entries (seq, chain, position, event_id, type, topic, recorded_at, headers, value,
                     record_hash, previous_hash, hash, digest)
SELECT i, md5('affair' || i / 4), i % 4 + 1, md5('event' || i)::uuid, 'generated.v1',
       'generated.v1', now(), '{{}}', '{{}}', sha256('a'), sha256('b'), sha256('c'), sha256('d')
{_NUMBERS}
""",
        f"""
INSERT INTO chains (chain, length, head)
SELECT md5('affair' || i), 4, sha256('c') {_NUMBERS} WHERE i % 4 = 0
""",
        "UPDATE running SET size = $1::integer, digest = sha256('d')",
        # It decides about checkpoints only, so its log holds nothing else.
        "UPDATE event_log SET type = 'ledger.checkpoint_recorded.v1' WHERE seq <= $1::integer",
    ),
}
_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
"""


async def fill(owner: "asyncpg.Connection[Any]", service: str, affairs: int) -> None:
    """Fill every table that grows, and let the planner know."""
    for statement in (*_CHASSIS, *_OF_SERVICE[service]):
        await owner.execute(statement, affairs)
    # Not within a transaction: also the map of what all can see, which the planner counts on.
    await owner.execute("VACUUM (ANALYZE)")


async def growing(owner: "asyncpg.Connection[Any]") -> dict[str, int]:
    """The tables that grow with the affairs, with their rows."""
    names = [row["relname"] for row in await owner.fetch(_TABLES)]
    return {
        name: await owner.fetchval(f'SELECT count(*) FROM "{name}"')  # noqa: S608 - its own catalog
        for name in names
        if name not in BOUNDED
    }
