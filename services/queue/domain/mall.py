"""What queue knows of the catalogue: malls with their zone, hours, counters, lines and policies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from contracts.ids import AgencyId, CounterCode, MallId, PolicyCode, ServiceCode
from contracts.queue_entries import Device, MallLine
from services.queue.domain.policy import BUILT_IN, Policy
from services.queue.domain.refusals import CounterUnknown, NotYours, ServiceUnknown


@dataclass(frozen=True, slots=True)
class Mall:
    """A mall: its zone decides which day an instant belongs to.

    Hours are those of its wall; a mall that was kept before it said them has none. `policies` are
    the newest of those that it names.
    """

    id: MallId
    zone: str
    counters: Mapping[CounterCode, tuple[ServiceCode, ...]]
    opens_at: time | None = None
    closes_at: time | None = None
    agencies: tuple[AgencyId, ...] = ()
    policy: PolicyCode | None = None
    lines: Mapping[ServiceCode, MallLine] = field(default_factory=dict)
    devices: tuple[Device, ...] = ()
    policies: Mapping[PolicyCode, Policy] = field(default_factory=dict)

    def date_of(self, at: datetime) -> date:
        """The day on the mall's wall."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def services_at(self, counter: CounterCode) -> tuple[ServiceCode, ...]:
        """What may be had at a counter. Raises CounterUnknown."""
        if counter not in self.counters:
            raise CounterUnknown(mall=self.id, counter=counter)
        return self.counters[counter]

    def offers(self, service: ServiceCode) -> bool:
        """Whether any counter has this service."""
        return any(service in services for services in self.counters.values())

    def must_offer(self, service: ServiceCode) -> None:
        """Raises ServiceUnknown: a line that no counter calls from would never move."""
        if not self.offers(service):
            raise ServiceUnknown(mall=self.id, service=service)

    def policy_for(self, service: ServiceCode) -> Policy:
        """How the line of a service is run; as built in, while the catalogue says nothing."""
        line = self.lines.get(service)
        if line is None or line.policy is None:
            return self.default_policy
        return self.policies.get(line.policy, BUILT_IN)

    @property
    def default_policy(self) -> Policy:
        """How lines are run that say nothing else, and how a counter with several chooses."""
        return BUILT_IN if self.policy is None else self.policies.get(self.policy, BUILT_IN)

    def prefix_of(self, service: ServiceCode) -> str:
        """What stands before the numbers of a line on the paper."""
        line = self.lines.get(service)
        return line.prefix if line is not None and line.prefix else prefix_of(service)


def prefix_of(service: ServiceCode) -> str:
    """What stands before the numbers where the mall says nothing else: `KTP` for `DUK-KTP`."""
    return service.partition("-")[2]


def must_be_own(mall: MallId, staff_mall: MallId) -> None:
    """Staff of one mall do not decide for another. Raises NotYours."""
    if staff_mall != mall:
        raise NotYours(mall=mall)
