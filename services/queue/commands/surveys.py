"""What a holder says about the service after it."""

from collections.abc import Hashable, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import Answer, Command, Refused
from contracts.ids import ServiceCode, SurveyId, TicketId
from contracts.queue_day import Score
from services.queue.domain import refusals as rules
from services.queue.domain.survey import VisitOf

Scores = Annotated[tuple[Score, ...], Field(min_length=9, max_length=9)]


class AnswerSurvey(Command):
    """The holder of a ticket judges the nine elements of the service.

    `at` is only as exact as a day: when somebody answered could tell who it was.
    """

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.TicketUnknown,
        rules.NotServedHere,
        rules.SurveyAnsweredAlready,
        rules.SurveyOver,
    )

    ticket_id: TicketId
    survey_id: SurveyId
    scores: Scores

    def needs(self) -> Sequence[Hashable]:
        """What the ticket was about, and the answer in case it was given before."""
        return (VisitOf(self.ticket_id), self.survey_id)


class SurveyTaken(Answer):
    """The answer was taken in, and about which service it is."""

    service: ServiceCode
