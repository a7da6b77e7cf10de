"""The published index of satisfaction. Sums only, and none of so few that they could be told apart.

What is published of a month grows in steps of five answers or more. So no look and no difference
between two looks, of whatever services and months, is about fewer than five people.
"""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel

from chassis.database import Database
from contracts.ids import MallId, ServiceCode
from services.queue.domain.ikm import Grade, ikm_of
from services.queue.domain.refusals import TooFewAnswers
from services.queue.domain.survey import ELEMENTS

OF_IKM = (TooFewAnswers,)

_SHOWN = """
SELECT coalesce(sum(shown), 0) AS shown, sum(p1) AS p1, sum(p2) AS p2, sum(p3) AS p3,
       sum(p4) AS p4, sum(p5) AS p5, sum(p6) AS p6, sum(p7) AS p7, sum(p8) AS p8, sum(p9) AS p9
FROM survey_months
WHERE mall = $1 AND ($2::text IS NULL OR service = $2) AND month BETWEEN $3 AND $4 AND shown > 0
"""


class ElementView(BaseModel):
    """One of the nine elements, with the mean of its answers, 1.00 to 4.00."""

    code: str
    name_id: str
    name_en: str
    mean: Decimal


class IkmView(BaseModel):
    """The index, 25.00 to 100.00, with its grade: A 88.31, B 76.61, C 65.00 and more, else D."""

    mall: MallId
    service: ServiceCode | None
    from_month: str
    to_month: str
    respondents: int
    ikm: Decimal
    grade: Grade
    elements: list[ElementView]


async def ikm_between(
    database: Database, mall: MallId, service: ServiceCode | None, first: date, last: date
) -> IkmView:
    """The index of a mall, or of one of its services, over whole months. Raises TooFewAnswers."""
    async with database.transaction() as tx:
        row = await tx.fetchrow(_SHOWN, mall, service, first, last)
    if not row["shown"]:
        raise TooFewAnswers
    found = ikm_of(row["shown"], [row[f"p{place}"] for place in range(1, len(ELEMENTS) + 1)])
    return IkmView(
        mall=mall,
        service=service,
        from_month=f"{first:%Y-%m}",
        to_month=f"{last:%Y-%m}",
        respondents=found.respondents,
        ikm=found.value,
        grade=found.grade,
        elements=[
            ElementView(code=f"u{place}", name_id=name_id, name_en=name_en, mean=mean)
            for place, ((name_id, name_en), mean) in enumerate(
                zip(ELEMENTS, found.elements, strict=True), start=1
            )
        ],
    )
