"""What queue decides about surveys."""

from contracts.base import Decision
from services.queue.commands.surveys import AnswerSurvey, SurveyTaken
from services.queue.domain.finding import States
from services.queue.domain.refusals import TicketUnknown
from services.queue.domain.survey import Visit, VisitOf, must_be_new


def answer_survey(command: AnswerSurvey, states: States) -> Decision:
    """Once per ticket, by whoever was served."""
    visit = states.get(VisitOf(command.ticket_id))
    if not isinstance(visit, Visit):
        raise TicketUnknown(ticket_id=str(command.ticket_id))
    must_be_new(states.get(command.survey_id))
    fact = visit.judged(command.survey_id, command.scores, command.at)
    return Decision([fact], SurveyTaken(service=fact.service))
