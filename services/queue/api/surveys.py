"""The survey after service, by the code on the slip; and the index that is published of it."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict

from chassis import clock
from chassis.auth import PUBLIC
from chassis.errors import Malformed, NotAllowed
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import Actor, MallId, ServiceCode, TicketId
from contracts.queue_day import Score
from services.queue.api.callers import TicketCode, check_holder
from services.queue.commands.surveys import AnswerSurvey, SurveyTaken
from services.queue.queries.surveys import OF_IKM, IkmView, ikm_between
from services.queue.settings import TicketCodes

Month = Annotated[
    str, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-03"], description="YYYY-MM")
]


class Judgement(BaseModel):
    """The nine elements, 1 bad to 4 good.

    Requirements, procedure, time, fee, product, competence and behaviour of the staff, complaints,
    facilities.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{f"u{place}": 4 for place in range(1, 10)}]},
    )

    u1: Score
    u2: Score
    u3: Score
    u4: Score
    u5: Score
    u6: Score
    u7: Score
    u8: Score
    u9: Score

    def scores(self) -> tuple[int, ...]:
        """In the order of the elements."""
        return (self.u1, self.u2, self.u3, self.u4, self.u5, self.u6, self.u7, self.u8, self.u9)


def add_surveys(found: Router, running: Running) -> None:
    """Both of them."""
    codes = TicketCodes(running.settings.code_key_file)

    @found.command(
        "/v1/tickets/{ticket_id}/survey",
        allow=PUBLIC,
        status=201,
        refusals=(*AnswerSurvey.refusals, NotAllowed),
    )
    async def answer_survey(
        ticket_id: Annotated[TicketId, Path(description="As on the slip.")],
        form: Json[Judgement],
        key: IdempotencyKey,
        code: TicketCode = None,
    ) -> SurveyTaken:
        """Judge the service once it is over. Neither ticket nor hour goes with the answer."""
        check_holder(codes, ticket_id, code)
        survey_id = codes.survey_id_of(ticket_id)
        command = AnswerSurvey(
            actor=Actor(f"citizen:{survey_id}"),
            at=_day(clock.now()),
            key=key,
            ticket_id=ticket_id,
            survey_id=survey_id,
            scores=form.scores(),
        )
        return (await running.dispatch(command)).read(SurveyTaken)

    @found.query("/v1/surveys/ikm", allow=PUBLIC, refusals=(*OF_IKM, Malformed))
    async def show_ikm(
        mall: MallId, from_month: Month, to_month: Month, service: ServiceCode | None = None
    ) -> IkmView:
        """The satisfaction index (IKM) of whole months, exact and rounded once."""
        if from_month > to_month:
            raise Malformed("invalid_parameters", "the first month comes first", "from_month")
        first, last = (date.fromisoformat(f"{month}-01") for month in (from_month, to_month))
        return await ikm_between(running.database, mall, service, first, last)


def _day(at: datetime) -> datetime:
    # The hour of an answer would lead back to who was served just then.
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
