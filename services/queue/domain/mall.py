"""What queue knows of the catalogue: malls with their zone and counters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from contracts.ids import CounterCode, MallId, ServiceCode
from services.queue.domain.refusals import CounterUnknown, NotYours, ServiceUnknown


@dataclass(frozen=True, slots=True)
class Mall:
    """A mall: its zone decides which day an instant belongs to."""

    id: MallId
    zone: str
    counters: Mapping[CounterCode, tuple[ServiceCode, ...]]

    def date_of(self, at: datetime) -> date:
        """The day on the mall's wall."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def services_at(self, counter: CounterCode) -> tuple[ServiceCode, ...]:
        """What may be had at a counter. Raises CounterUnknown."""
        if counter not in self.counters:
            raise CounterUnknown(mall=self.id, counter=counter)
        return self.counters[counter]

    def must_offer(self, service: ServiceCode) -> None:
        """Raises ServiceUnknown: a line that no counter calls from would never move."""
        if not any(service in services for services in self.counters.values()):
            raise ServiceUnknown(mall=self.id, service=service)


def must_be_own(mall: MallId, staff_mall: MallId) -> None:
    """Staff of one mall do not decide for another. Raises NotYours."""
    if staff_mall != mall:
        raise NotYours(mall=mall)
