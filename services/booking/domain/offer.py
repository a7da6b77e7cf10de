"""What booking knows of the catalogue: malls, their agencies, and who gives which service."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from contracts.ids import AgencyId, MallId, ServiceCode
from services.booking.domain.refusals import NotYours, ServiceNotInMall


@dataclass(frozen=True, slots=True)
class Service:
    """A service and the agency that gives it."""

    id: ServiceCode
    agency: AgencyId


@dataclass(frozen=True, slots=True)
class Mall:
    """A mall: its zone decides which day an instant belongs to."""

    id: MallId
    zone: str
    agencies: tuple[AgencyId, ...]

    def date_of(self, at: datetime) -> date:
        """The day on the mall's wall."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def must_offer(self, service: Service) -> None:
        """Raises ServiceNotInMall."""
        if service.agency not in self.agencies:
            raise ServiceNotInMall(mall=self.id, service=service.id)


def must_be_own(mall: MallId, staff_mall: MallId | None) -> None:
    """Staff of one mall do not decide for another; None stands for those bound to no mall.

    Raises NotYours.
    """
    if staff_mall is not None and staff_mall != mall:
        raise NotYours(mall=mall)
