"""What the shipped catalogue must hold, so that a demonstration can be played with it."""

from collections.abc import Iterator
from typing import TypeVar

import pytest

from catalogue.load import DATA, read
from contracts.entries import (
    Agency,
    Calendar,
    Journey,
    Mall,
    ManagedStandard,
    PublishedStandard,
    Service,
    Stage,
    entry_of,
)
from contracts.entry_base import Entry
from contracts.queue_entries import QueuePolicy

E = TypeVar("E", bound=Entry)
READING = read(DATA)
ENTRIES = [item.entry for item in READING.loaded]


def shipped(model: type[E]) -> list[E]:
    return [entry for entry in ENTRIES if isinstance(entry, model)]


def journey(code: str) -> Journey:
    [found] = [entry for entry in shipped(Journey) if entry.code == code]
    return found


def behind(stage: Stage, of: Journey) -> Iterator[str]:
    stages = {other.code: other for other in of.stages}
    for before in stage.after:
        yield before
        yield from behind(stages[before], of)


def demo_mall() -> Mall:
    [mall] = [entry for entry in shipped(Mall) if entry.code == "mpp-nusantara"]
    return mall


def test_there_are_enough_agencies_and_services_for_a_mall() -> None:
    mall = demo_mall()
    assert len(mall.agencies) >= 5
    assert set(mall.agencies) == {agency.code for agency in shipped(Agency)}
    assert len(shipped(Service)) >= 12


def test_every_service_can_be_had_at_a_counter() -> None:
    mall = demo_mall()
    offered = {service for counter in mall.counters for service in counter.services}
    assert offered == {service.code for service in shipped(Service)}


def test_there_is_a_mall_in_each_zone_whose_lines_look_at_the_clock() -> None:
    by_clock = [mall for mall in shipped(Mall) if mall.policy == "jam-kantor"]
    assert {mall.zone for mall in by_clock} == {"Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"}


def test_the_lines_of_the_demonstration_are_open_at_any_hour() -> None:
    [policy] = [one for one in shipped(QueuePolicy) if one.code == demo_mall().policy]
    assert policy.hours == "any"
    assert policy.cut_off.minutes_before_close is None


def test_the_service_standard_has_six_published_and_eight_managed_components() -> None:
    assert len(PublishedStandard.model_fields) == 6
    assert len(ManagedStandard.model_fields) == 8


def test_the_year_2026_has_17_national_holidays_and_8_days_of_joint_leave() -> None:
    [calendar] = shipped(Calendar)
    kinds = [holiday.kind for holiday in calendar.holidays]
    assert (kinds.count("national"), kinds.count("joint_leave")) == (17, 8)


def test_the_building_approval_visits_three_agencies_in_parallel_with_a_join_and_a_return() -> None:
    building = journey("persetujuan-bangunan-gedung")
    stages = {stage.code: stage for stage in building.stages}
    assert len({stage.agency for stage in building.stages}) >= 3
    joins = [stage for stage in building.stages if len(stage.after) > 1]
    assert [stage.code for stage in joins] == ["pemeriksaan-teknis"]
    first, second = (stages[code] for code in joins[0].after)
    assert first.agency != second.agency
    assert first.code not in set(behind(second, building))
    assert second.code not in set(behind(first, building))
    assert joins[0].may_return
    assert [stage.code for stage in building.stages if not stage.after] == [building.stages[0].code]


def test_the_doctors_licence_goes_from_the_front_to_the_health_office_and_back() -> None:
    stages = journey("izin-praktik-dokter").stages
    assert [stage.agency for stage in stages] == ["dpmptsp", "dinkes", "dpmptsp"]
    assert [stage.promised_time.value for stage in stages[1:]] == [6, 3]
    assert stages[1].reasons, "the health office refuses with a reason"


def test_reading_keeps_the_line_of_every_value() -> None:
    [mall] = [item for item in READING.loaded if item.entry == demo_mall()]
    source = mall.source
    lines = source.path.read_text().splitlines()
    line = source.parsed.line_of(("counters", 5, "services", 0))
    assert "POL-SIM" in lines[line - 1]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.entry_code)
def test_an_entry_survives_the_way_over_the_wire(entry: Entry) -> None:
    assert entry_of(entry.kind, entry.model_dump(mode="json")) == entry


def test_a_reader_ignores_what_a_newer_catalogue_adds() -> None:
    agency = shipped(Agency)[0]
    newer = {**agency.model_dump(mode="json"), "logo": "x.svg"}
    assert entry_of("agency", newer) == agency


def test_an_unknown_kind_of_entry_is_told_apart() -> None:
    with pytest.raises(KeyError):
        entry_of("tariff", {})
