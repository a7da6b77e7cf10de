"""What booking knows of the catalogue: malls, their agencies, and who gives which service."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from contracts.ids import AgencyId, MallId, ServiceCode
from services.booking.domain.refusals import NotYours, ServiceNotInMall


@dataclass(frozen=True, slots=True)
class Service:
    """A service and the agency that gives it.

    `minutes` is its usual time at a counter, `after` names the services that come first in one
    visit, codes with a blank between.
    """

    id: ServiceCode
    agency: AgencyId
    minutes: int | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class Mall:
    """A mall: its zone decides which day an instant belongs to.

    `policy` names the booking policy of the services that `bookings` does not name. `bookings`,
    `counters` and `walking` (minutes on foot between zones) stand as the catalogue has them.
    """

    id: MallId
    zone: str
    agencies: tuple[AgencyId, ...]
    policy: str | None = None
    bookings: tuple[Mapping[str, Any], ...] = ()
    opens_at: time | None = None
    closes_at: time | None = None
    counters: tuple[Mapping[str, Any], ...] = ()
    walking: tuple[Mapping[str, Any], ...] = ()

    def date_of(self, at: datetime) -> date:
        """The day on the mall's wall."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def policy_for(self, service: ServiceCode) -> str | None:
        """The code of the booking policy of this service; None for what is built in."""
        own = (one["policy"] for one in self.bookings if one["service"] == service)
        return next(own, self.policy)

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
