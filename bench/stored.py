"""Applications as earlier years leave them behind, made by the database in a few statements.

Each has three facts and no more, where a real one has a dozen and answers to its agencies: the
number of rows per table and the depth of indexes are what is tried, not the length of a history.
Ids rise with time, as the real ones do, and the facts of one application lie far apart in the log.

Facts are as large as those that the bench adds. Were they larger, each old page would have room for
one more row, and what comes would be written into old pages instead of behind them.
"""

import hashlib
from typing import Any
from uuid import UUID

from contracts.ids import ApplicationId, ReportId
from contracts.tracking import ActivityRecorded, ApplicationSubmitted
from services.tracking.wiring import READ_MODEL

FACTS = 3
BYTES_EACH = 8_000
"""Room on the disk for one of them, its indexes and the write-ahead log included."""
_BIRTH_MS = 1_600_000_000_000
_NUMBERS = "FROM generate_series(1, $1::integer) AS made (i)"


def _id(milliseconds: str, salt: str) -> str:
    """An id as `contracts.ids` makes them, from text of SQL for its time and its randomness."""
    return (
        f"(lpad(to_hex({_BIRTH_MS} + {milliseconds}), 12, '0') || '7' || substr(md5({salt}), 1, 3)"
        f" || '8' || substr(md5({salt}), 4, 15))::uuid"
    )


_APPLICATION = _id("i", "'application' || i")
_EVENT = _id("($2::bigint - 1) * $1 + i", "'fact' || i || '.' || $2::integer")
_LAST_EVENT = _id(f"{FACTS - 1}::bigint * $1 + i", f"'fact' || i || '.{FACTS}'")
_TIME = "now() - interval '1 day'"
_ROWS = (
    f"""
INSERT INTO applications (application_id, version, life, stages)
SELECT {_APPLICATION}, {FACTS}, 'running', '[]' {_NUMBERS}
""",
    f"""
INSERT INTO tracking_codes (application_id, digest)
SELECT {_APPLICATION}, sha256(i::text::bytea) {_NUMBERS}
""",
    f"""
INSERT INTO application_view (application_id, version, state, stages, agencies, submitted_at,
                              updated_at, recorded_at)
SELECT {_APPLICATION}, {FACTS}, 'running', '[]', '["bench"]', {_TIME}, {_TIME}, {_TIME} {_NUMBERS}
""",
    f"""
INSERT INTO inbox (consumer, aggregate_id, version, event_id)
SELECT '{READ_MODEL.consumer}', {_APPLICATION}, {FACTS}, {_LAST_EVENT} {_NUMBERS}
""",
    f"""
INSERT INTO heads (aggregate_id, version, aggregate, topic, event_id, correlation_id)
SELECT {_APPLICATION}, {FACTS}, 'application', '{ActivityRecorded.topic}', {_LAST_EVENT},
       {_LAST_EVENT}::text {_NUMBERS}
""",
    f"""
INSERT INTO commands (actor, key, fingerprint, name, at, answer)
SELECT 'agency:bench', 'report:' || {_APPLICATION}, sha256(i::text::bytea), 'RecordActivityReport',
       {_TIME}, repeat('a', 200) {_NUMBERS}
""",
    f"UPDATE timeline_head SET position = {FACTS}::bigint * $1::integer, as_of = {_TIME}",  # noqa: S608 - constants of this module
)
# $2 is the version, $3 the type, $4 the payload; all first versions come before all second ones.
_FACTS_OF_A_VERSION = (
    f"""
INSERT INTO event_log (event_id, type, aggregate, aggregate_id, version, topic, key, time, actor,
                       correlation_id, payload)
SELECT {_EVENT}, $3::text, 'application', {_APPLICATION}, $2::integer,
       '{ActivityRecorded.topic}', {_APPLICATION}::text, {_TIME}, 'agency:bench',
       {_EVENT}::text, $4::text {_NUMBERS}
""",
    f"""
INSERT INTO timeline (position, event_id, key, type, aggregate_id, version, time, recorded_at,
                      actor, agency, data)
SELECT ($2::bigint - 1) * $1 + i, {_EVENT}, {_APPLICATION}::text, $3::text, {_APPLICATION},
       $2::integer, {_TIME}, {_TIME}, 'agency:bench', 'bench', $4::text {_NUMBERS}
""",
)


def application(number: int) -> ApplicationId:
    """The id of one of them; the first is 1."""
    salt = hashlib.md5(f"application{number}".encode(), usedforsecurity=False).hexdigest()
    return ApplicationId(UUID(f"{_BIRTH_MS + number:012x}7{salt[:3]}8{salt[3:18]}"))


async def fill(owner: Any, count: int) -> None:
    """Store so many applications in an empty database, and let the planner know."""
    for rows in _ROWS:
        await owner.execute(rows, count)
    begun = f'{{"application_id": "{application(1)}"}}'
    fact = {"application_id": application(1), "report_id": ReportId.new(), "agency": "bench"}
    told = {"activity": "bench step", "lifecycle": "complete"}
    reported = ActivityRecorded.model_validate({**fact, **told}).model_dump_json()
    for version in range(1, FACTS + 1):
        kind = ApplicationSubmitted if version == 1 else ActivityRecorded
        data = begun if version == 1 else reported
        for rows in _FACTS_OF_A_VERSION:
            await owner.execute(rows, count, version, kind.wire_type(), data)
    # Not within a transaction: also the map of what all can see, which the planner counts on.
    await owner.execute("VACUUM (ANALYZE)")
    await owner.execute("CHECKPOINT")
