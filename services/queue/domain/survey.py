"""What somebody who was served thinks of it: nine elements, once per ticket, and not by name."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from contracts.ids import MallId, ServiceCode, SurveyId, TicketId
from contracts.queue_day import SurveyAnswered
from services.queue.domain.refusals import NotServedHere, SurveyAnsweredAlready, SurveyOver

# The elements of PermenPANRB 14/2017, in its order, Indonesian and English.
ELEMENTS: tuple[tuple[str, str], ...] = (
    ("Persyaratan", "Requirements"),
    ("Sistem, mekanisme, dan prosedur", "System, mechanism and procedure"),
    ("Waktu penyelesaian", "Time to completion"),
    ("Biaya atau tarif", "Fee"),
    ("Produk layanan", "What the service delivers"),
    ("Kompetensi pelaksana", "Competence of the staff"),
    ("Perilaku pelaksana", "Behaviour of the staff"),
    ("Penanganan pengaduan, saran, dan masukan", "Handling of complaints and suggestions"),
    ("Sarana dan prasarana", "Facilities"),
)
# Who answers later remembers little.
OPEN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class VisitOf:
    """Asks for what a ticket was about, and how it ended."""

    ticket_id: TicketId


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a ticket was last, and whether it was served there to the end. Never saved."""

    id: VisitOf
    mall: MallId
    service: ServiceCode
    service_date: date
    is_served: bool

    def judged(self, survey_id: SurveyId, scores: tuple[int, ...], at: datetime) -> SurveyAnswered:
        """The holder's answer. Raises NotServedHere or SurveyOver."""
        if not self.is_served:
            raise NotServedHere
        if at.date() - self.service_date > OPEN_FOR:
            raise SurveyOver(days=OPEN_FOR.days)
        elements = {f"u{place}": score for place, score in enumerate(scores, start=1)}
        return SurveyAnswered(
            survey_id=survey_id,
            mall=self.mall,
            service=self.service,
            service_date=self.service_date,
            **elements,
        )


@dataclass(frozen=True, slots=True)
class Survey:
    """One answer. Its id follows from the ticket and a secret, so there is one per ticket."""

    id: SurveyId
    version: int
    mall: MallId
    service: ServiceCode
    service_date: date
    scores: tuple[int, ...]

    @classmethod
    def answered(cls, fact: SurveyAnswered) -> "Survey":
        """The survey that this fact is."""
        scores = (fact.u1, fact.u2, fact.u3, fact.u4, fact.u5, fact.u6, fact.u7, fact.u8, fact.u9)
        return cls(fact.survey_id, 1, fact.mall, fact.service, fact.service_date, scores)


def must_be_new(known: object) -> None:
    """One answer per ticket. Raises SurveyAnsweredAlready."""
    if known is not None:
        raise SurveyAnsweredAlready
