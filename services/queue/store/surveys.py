"""Answers of surveys in their table, each counted into the sums of its month by the same statement.

Nothing is locked beforehand: an answer is new or its key is taken, and sums are added to.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from chassis.database import Row, Tx
from contracts.ids import MallId, ServiceCode, SurveyId, TicketId
from services.queue.domain.ikm import ELEMENTS
from services.queue.domain.survey import Survey, Visit, VisitOf
from services.queue.store.kinds import of_kind

# Finished tickets change no more, so they are read without a lock.
_VISITS = """
SELECT tickets.id, lines.mall, lines.service, lines.service_date,
       tickets.status = 'finished' AND tickets.outcome IS NOT DISTINCT FROM 'served' AS is_served
FROM tickets JOIN lines ON lines.id = tickets.queue_id WHERE tickets.id = ANY($1::uuid[])
"""
_KNOWN = """
SELECT id, mall, service, service_date, u1, u2, u3, u4, u5, u6, u7, u8, u9
FROM surveys WHERE id = ANY($1::uuid[])
"""
_ANSWER = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::date[], $5::smallint[], $6::smallint[],
        $7::smallint[], $8::smallint[], $9::smallint[], $10::smallint[], $11::smallint[],
        $12::smallint[], $13::smallint[]
    ) AS given (id, mall, service, service_date, u1, u2, u3, u4, u5, u6, u7, u8, u9)
), answered AS (
    INSERT INTO surveys (id, mall, service, service_date, u1, u2, u3, u4, u5, u6, u7, u8, u9)
    SELECT id, mall, service, service_date, u1, u2, u3, u4, u5, u6, u7, u8, u9 FROM given
)
INSERT INTO survey_months AS kept
    (mall, service, month, respondents, s1, s2, s3, s4, s5, s6, s7, s8, s9)
SELECT mall, service, date_trunc('month', service_date)::date, count(*), sum(u1), sum(u2),
       sum(u3), sum(u4), sum(u5), sum(u6), sum(u7), sum(u8), sum(u9)
FROM given GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (mall, service, month) DO UPDATE SET
    respondents = kept.respondents + excluded.respondents, s1 = kept.s1 + excluded.s1,
    s2 = kept.s2 + excluded.s2, s3 = kept.s3 + excluded.s3, s4 = kept.s4 + excluded.s4,
    s5 = kept.s5 + excluded.s5, s6 = kept.s6 + excluded.s6, s7 = kept.s7 + excluded.s7,
    s8 = kept.s8 + excluded.s8, s9 = kept.s9 + excluded.s9
"""


async def find_visits(tx: Tx, wanted: Iterable[VisitOf]) -> list[Visit]:
    """What these tickets were about."""
    ids = [one.ticket_id for one in wanted]
    rows = await tx.fetch(_VISITS, ids) if ids else []
    return [_visit(row) for row in rows]


async def find(tx: Tx, ids: Sequence[SurveyId]) -> list[Survey]:
    """The answers with these ids."""
    rows = await tx.fetch(_KNOWN, ids) if ids else []
    return [_survey(row) for row in rows]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the answers among these states, all of them new."""
    given = of_kind(states, Survey)
    if not given:
        return
    await tx.execute(
        _ANSWER,
        [one.id for one in given],
        [one.mall for one in given],
        [one.service for one in given],
        [one.service_date for one in given],
        *([one.scores[place] for one in given] for place in range(ELEMENTS)),
    )


def _visit(row: Row) -> Visit:
    return Visit(
        VisitOf(TicketId(row["id"])),
        MallId(row["mall"]),
        ServiceCode(row["service"]),
        row["service_date"],
        row["is_served"],
    )


def _survey(row: Row) -> Survey:
    return Survey(
        SurveyId(row["id"]),
        1,
        MallId(row["mall"]),
        ServiceCode(row["service"]),
        row["service_date"],
        tuple(row[f"u{place}"] for place in range(1, ELEMENTS + 1)),
    )
