"""Whether the catalogue makes sense as a whole: references, codes, journeys, calendars.

Every mistake is reported with file, line, rule and how to mend it; README.md lists the rules.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from catalogue import booking_rules, journey_rules, queue_rules
from catalogue.finding import Finding, Rule
from catalogue.load import Loaded, Reading, Source, read
from catalogue.yaml_text import Location
from contracts.booking_entries import BookingPolicy, SessionPlan
from contracts.entries import Agency, Calendar, Journey, Mall, Service
from contracts.entry_base import Entry
from contracts.queue_entries import QueuePolicy

E = TypeVar("E", bound=Entry)

_UNKNOWN: Mapping[type[Entry], Rule] = {
    Agency: Rule.UNKNOWN_AGENCY,
    Service: Rule.UNKNOWN_SERVICE,
    Journey: Rule.UNKNOWN_JOURNEY,
    QueuePolicy: Rule.UNKNOWN_POLICY,
    BookingPolicy: Rule.UNKNOWN_BOOKING_POLICY,
    Mall: Rule.UNKNOWN_MALL,
}


def check(root: Path) -> list[Finding]:
    """Every mistake in the catalogue below `root`, in the order of files and lines."""
    reading = read(root)
    whole = _Whole(reading)
    found = list(reading.findings)
    for rule in RULES:
        found.extend(rule(whole))
    return sorted(found)


@dataclass(frozen=True, slots=True)
class _Whole:
    """All entries by kind, and the codes that may be referred to."""

    reading: Reading

    def all(self, model: type[E]) -> Iterator[tuple[Source, E]]:
        for loaded in self.reading.loaded:
            if isinstance(loaded.entry, model):
                yield loaded.source, loaded.entry

    def codes(self, model: type[Entry]) -> set[str]:
        written = {entry.entry_code for _, entry in self.all(model)}
        return written | {code for kind, code in self.reading.unread if kind == model.kind}

    def unknown(
        self, source: Source, model: type[Entry], named: Iterable[tuple[Location, str]]
    ) -> Iterator[Finding]:
        """A finding for each named code that no entry of this kind has."""
        rule = _UNKNOWN[model]
        known = self.codes(model)
        for at, code in named:
            if code not in known:
                hint = f"there is no {model.kind} {code!r}: mend the code or add its file"
                yield source.finding(at, rule, hint)


def _each_code_once(whole: _Whole) -> Iterator[Finding]:
    first: dict[tuple[str, str], Loaded] = {}
    for loaded in whole.reading.loaded:
        name = (loaded.entry.kind, loaded.entry.entry_code)
        if name in first:
            other = first[name].source.path.name
            hint = f"{name[1]!r} is the code of {other} already: give this entry its own"
            yield loaded.source.finding(("code",), Rule.DUPLICATE_CODE, hint)
        first.setdefault(name, loaded)


def _malls_name_what_exists(whole: _Whole) -> Iterator[Finding]:
    known = whole.codes(Agency)
    owners = {s.code: s.agency for _, s in whole.all(Service) if s.agency in known}
    for source, mall in whole.all(Mall):
        agencies = [(("agencies", i), code) for i, code in enumerate(mall.agencies)]
        services = [
            (("counters", i, "services", j), code)
            for i, counter in enumerate(mall.counters)
            for j, code in enumerate(counter.services)
        ]
        counters = [(("counters", i, "code"), c.code) for i, c in enumerate(mall.counters)]
        yield from whole.unknown(source, Agency, agencies)
        yield from whole.unknown(source, Service, services)
        yield from _repeated(source, agencies)
        yield from _repeated(source, counters)
        for at, code in services:
            agency = owners.get(code)
            if agency is not None and agency not in mall.agencies:
                hint = f"{code} belongs to {agency!r}, which is not in this mall: add the agency"
                yield source.finding(at, Rule.COUNTER_WITHOUT_AGENCY, hint)


def _malls_open_before_they_close(whole: _Whole) -> Iterator[Finding]:
    for source, mall in whole.all(Mall):
        if mall.opens_at >= mall.closes_at:
            hint = "a mall closes after it opens, on the same day: mend one of the two times"
            yield source.finding(("closes_at",), Rule.OPENING_HOURS, hint)


def _services_belong_somewhere(whole: _Whole) -> Iterator[Finding]:
    present = {agency for _, mall in whole.all(Mall) for agency in mall.agencies}
    malls_unread = any(kind == Mall.kind for kind, _ in whole.reading.unread)
    agencies = whole.codes(Agency)
    for source, service in whole.all(Service):
        yield from whole.unknown(source, Agency, [(("agency",), service.agency)])
        if service.journey is not None:
            yield from whole.unknown(source, Journey, [(("journey",), service.journey)])
        if service.agency in agencies and service.agency not in present and not malls_unread:
            hint = f"{service.agency!r} is in no mall: add it to the agencies of a mall"
            yield source.finding(("agency",), Rule.AGENCY_NOT_IN_MALL, hint)
        fee = service.published.fee
        if fee.rupiah is None and fee.note_id is None:
            hint = "say the fee in rupiah (0 if there is none), or in note_id how it is reckoned"
            yield source.finding(("published", "fee"), Rule.FEE_UNSAID, hint)


def _journeys_lead_to_their_end(whole: _Whole) -> Iterator[Finding]:
    for source, journey in whole.all(Journey):
        yield from journey_rules.findings(source, journey)
        for index, stage in enumerate(journey.stages):
            at: Location = ("stages", index)
            yield from whole.unknown(source, Agency, [((*at, "agency"), stage.agency)])
            for part in ("requirements", "reasons"):
                codes = [item.code for item in getattr(stage, part)]
                yield from _repeated(
                    source, [((*at, part, i, "code"), code) for i, code in enumerate(codes)]
                )


def _calendars_have_each_day_once(whole: _Whole) -> Iterator[Finding]:
    years: set[int] = set()
    for source, calendar in whole.all(Calendar):
        if calendar.year in years:
            hint = f"{calendar.year} has a calendar already: keep one file for a year"
            yield source.finding(("year",), Rule.YEAR_TWICE, hint)
        years.add(calendar.year)
        seen = set()
        for index, holiday in enumerate(calendar.holidays):
            at = ("holidays", index, "date")
            if holiday.date in seen:
                hint = f"{holiday.date} is listed already: keep one line, with both names"
                yield source.finding(at, Rule.HOLIDAY_TWICE, hint)
            seen.add(holiday.date)
            if holiday.date.year != calendar.year:
                hint = f"{holiday.date} is not in {calendar.year}: mend it or move it"
                yield source.finding(at, Rule.HOLIDAY_OUTSIDE_YEAR, hint)


def _lines_are_run_by_a_rule(whole: _Whole) -> Iterator[Finding]:
    for source, policy in whole.all(QueuePolicy):
        yield from queue_rules.of_policy(source, policy)
    for source, mall in whole.all(Mall):
        named: list[tuple[Location, str]] = [
            (("lines", i, "policy"), line.policy)
            for i, line in enumerate(mall.lines)
            if line.policy
        ]
        if mall.policy is not None:
            named.append((("policy",), mall.policy))
        yield from whole.unknown(source, QueuePolicy, named)
        yield from _repeated(
            source, [(("lines", i, "service"), line.service) for i, line in enumerate(mall.lines)]
        )
        yield from queue_rules.of_mall(source, mall)


def _places_are_given_out_by_a_rule(whole: _Whole) -> Iterator[Finding]:
    for source, policy in whole.all(BookingPolicy):
        yield from booking_rules.of_policy(source, policy)
    for source, mall in whole.all(Mall):
        own: list[tuple[Location, str]] = [
            (("bookings", i, "policy"), one.policy) for i, one in enumerate(mall.bookings)
        ]
        if mall.booking_policy is not None:
            own.append((("booking_policy",), mall.booking_policy))
        yield from whole.unknown(source, BookingPolicy, own)
        yield from _repeated(
            source,
            [(("bookings", i, "service"), one.service) for i, one in enumerate(mall.bookings)],
        )
        yield from booking_rules.of_mall(source, mall)


def _services_of_a_visit_have_an_order(whole: _Whole) -> Iterator[Finding]:
    services = list(whole.all(Service))
    for source, service in services:
        named: list[tuple[Location, str]] = [
            (("after", i), code) for i, code in enumerate(service.after)
        ]
        yield from whole.unknown(source, Service, named)
    yield from booking_rules.order(services)


def _plans_fit_their_malls(whole: _Whole) -> Iterator[Finding]:
    malls = {mall.code: mall for _, mall in whole.all(Mall)}
    planned: set[tuple[str, str]] = set()
    for source, plan in whole.all(SessionPlan):
        yield from whole.unknown(source, Mall, [(("mall",), plan.mall)])
        yield from whole.unknown(source, Service, [(("service",), plan.service)])
        if (plan.mall, plan.service) in planned:
            hint = f"{plan.service} in {plan.mall} has a plan already: keep one file for both"
            yield source.finding(("service",), Rule.PLAN_TWICE, hint)
        planned.add((plan.mall, plan.service))
        known = plan.service in whole.codes(Service)
        yield from booking_rules.of_plan(source, plan, malls.get(plan.mall) if known else None)


def _repeated(source: Source, named: Sequence[tuple[Location, str]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for at, code in named:
        if code in seen:
            hint = f"{code!r} is listed already: take one out or give it its own code"
            yield source.finding(at, Rule.DUPLICATE_CODE, hint)
        seen.add(code)


RULES: Sequence[Callable[[_Whole], Iterable[Finding]]] = (
    _each_code_once,
    _malls_name_what_exists,
    _malls_open_before_they_close,
    _services_belong_somewhere,
    _journeys_lead_to_their_end,
    _calendars_have_each_day_once,
    _lines_are_run_by_a_rule,
    _places_are_given_out_by_a_rule,
    _services_of_a_visit_have_an_order,
    _plans_fit_their_malls,
)
