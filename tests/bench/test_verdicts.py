"""What counts as lost, doubled or out of order after a load."""

from uuid import UUID

from bench import verdicts
from bench.reports import Load, Sent
from chassis import clock
from contracts.ids import AgencyId, ApplicationId

A, B = UUID(int=1), UUID(int=2)


def sent(count: int) -> Sent:
    applications = [ApplicationId(A), ApplicationId(B)]
    load = Load("kafka", count, 1.0, applications, [AgencyId("one"), AgencyId("two")])
    return Sent(clock.now(), [load.report(number)[1] for number in range(count)])


def test_versions_rise_by_one_wherever_they_begin() -> None:
    assert verdicts.out_of_order("log", [(A, 4), (B, 1), (A, 5), (B, 2)]) == []
    assert verdicts.out_of_order("log", [(A, 4), (A, 6)]) == ["log: 1 out of order"]
    assert verdicts.out_of_order("log", [(A, 2), (A, 1)]) == ["log: 1 out of order"]
    assert verdicts.out_of_order("log", [(A, 2), (A, 2)]) == ["log: 1 out of order"]


def test_lost_and_doubled_reports_are_told_apart() -> None:
    assert verdicts.missing_or_doubled("log", ["a", "b"], ["b", "a"]) == []
    assert verdicts.missing_or_doubled("log", ["a", "b"], ["a", "a"]) == [
        "log: 1 lost",
        "log: 1 doubled",
    ]


def test_reports_of_one_application_must_come_as_they_were_sent_and_others_may_pass() -> None:
    found = sent(4)
    first, second, third, fourth = (str(one.report_id) for one in found.reports)
    assert verdicts.not_as_sent("log", found, [second, first, fourth, third]) == []
    assert verdicts.not_as_sent("log", found, [third, first, second, fourth]) == [
        "log: 1 not in the order of sending"
    ]


def test_an_application_has_one_agency_so_that_its_reports_have_an_order() -> None:
    load = Load("kafka", 3, 2.0, [ApplicationId(A)], [AgencyId("one"), AgencyId("two")])
    agencies = {load.report(number)[0] for number in range(load.count)}
    assert (load.count, agencies) == (6, {AgencyId("one")})
