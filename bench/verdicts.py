"""Whether what a load left behind is right: nothing lost, doubled, misordered or put aside."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from bench.reports import Sent
from contracts.tracking import ActivityRecorded, ReportRefused

SETTLE_SECONDS = 60.0
_MINE = "payload::jsonb ->> 'report_id' = ANY($1::text[])"
_LOG = f"""
SELECT payload::jsonb ->> 'report_id' AS report, aggregate_id, version FROM event_log
WHERE type = '{ActivityRecorded.wire_type()}' AND {_MINE} ORDER BY seq
"""  # noqa: S608 - names of our own contracts
_LINES = f"""
SELECT data::jsonb ->> 'report_id' AS report, aggregate_id, version FROM timeline
WHERE type = '{ActivityRecorded.wire_type()}' AND {_MINE.replace("payload", "data")}
ORDER BY position
"""  # noqa: S608 - as above
_ORDER_IN_LOG = f"""
SELECT aggregate_id, version FROM event_log
WHERE type = '{ActivityRecorded.wire_type()}' AND aggregate_id = ANY($1::uuid[]) ORDER BY seq
"""  # noqa: S608 - as above
_ORDER_IN_TIMELINE = _ORDER_IN_LOG.replace("event_log", "timeline").replace("seq", "position")
_SHOWN = (
    f"SELECT count(*) FROM timeline WHERE type = '{ActivityRecorded.wire_type()}' AND time >= $1"  # noqa: S608 - as above
)
_PUT_ASIDE = "SELECT count(*) FROM parked"
_REFUSED = f"SELECT count(*) FROM event_log WHERE type = '{ReportRefused.wire_type()}' AND {_MINE}"  # noqa: S608 - as above


async def settled(connection: Any, sent: Sent) -> None:
    """Wait until the read model shows as many lines as were sent, or long enough."""
    ends_at = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < ends_at:
        if await connection.fetchval(_SHOWN, sent.began) >= len(sent.reports):
            return
        await asyncio.sleep(0.2)


async def faults(connection: Any, sent: Sent, *, in_order: bool) -> list[str]:
    """What is wrong, in words. `in_order`: each application's reports in the order of sending."""
    ids = [str(report.report_id) for report in sent.reports]
    found = [f"{sent.refused} requests were refused"] if sent.refused else []
    if refused := await connection.fetchval(_REFUSED, ids):
        found.append(f"{refused} reports were refused")
    if parked := await connection.fetchval(_PUT_ASIDE):
        found.append(f"{parked} records were parked")
    for place, query in (("the log", _LOG), ("the timeline", _LINES)):
        rows = await connection.fetch(query, ids)
        found += missing_or_doubled(place, ids, [row["report"] for row in rows])
        found += out_of_order(place, [(row["aggregate_id"], row["version"]) for row in rows])
        if in_order:
            found += not_as_sent(place, sent, [row["report"] for row in rows])
    return found


async def acknowledged_kept(connection: Any, sent: Sent) -> list[str]:
    """What is wrong where much was refused: only what was acknowledged must be there.

    A report whose asker had gone may stand between others of its application, so the order is that
    of all reports.
    """
    ids = [str(report.report_id) for report in sent.reports]
    applications = list({report.application_id for report in sent.reports})
    parked = await connection.fetchval(_PUT_ASIDE)
    found = [f"{parked} records were parked"] if parked else []
    for place, mine, every in (
        ("the log", _LOG, _ORDER_IN_LOG),
        ("the timeline", _LINES, _ORDER_IN_TIMELINE),
    ):
        rows = await connection.fetch(mine, ids)
        found += missing_or_doubled(place, ids, [row["report"] for row in rows])
        rows = await connection.fetch(every, applications)
        found += out_of_order(place, [(row["aggregate_id"], row["version"]) for row in rows])
    return found


def missing_or_doubled(place: str, wanted: Sequence[str], got: Sequence[str]) -> list[str]:
    """What of the wanted did not come, or came more than once."""
    lost, doubled = len(set(wanted) - set(got)), len(got) - len(set(got))
    return [
        f"{place}: {count} {what}"
        for count, what in ((lost, "lost"), (doubled, "doubled"))
        if count
    ]


def out_of_order(place: str, facts: Sequence[tuple[UUID, int]]) -> list[str]:
    """Each aggregate's versions must rise by one, wherever they begin."""
    last: dict[UUID, int] = {}
    wrong = 0
    for aggregate, version in facts:
        wrong += version != last.get(aggregate, version - 1) + 1
        last[aggregate] = version
    return [f"{place}: {wrong} out of order"] if wrong else []


def not_as_sent(place: str, sent: Sent, got: Sequence[str]) -> list[str]:
    """Reports of one application must come in the order in which they were sent."""
    application = {str(one.report_id): one.application_id for one in sent.reports}
    number = {report: at for at, report in enumerate(application)}
    last: dict[UUID, int] = {}
    wrong = 0
    for report in got:
        key = application[report]
        wrong += number[report] < last.get(key, -1)
        last[key] = number[report]
    return [f"{place}: {wrong} not in the order of sending"] if wrong else []
