"""From a log to the book: cases, doors, reports with their ids, and what is told meanwhile."""

from pathlib import Path

from simulator.logs.rows import Columns
from simulator.replay.book import Book, Report
from simulator.replay.load import SHOWN_BAD_ROWS, Loaded, load
from simulator.replay.options import ReplayOptions

DATA = Path(__file__).parents[1] / "data"
BROKEN = ReplayOptions(
    DATA / "broken.csv",
    Columns(case="kasus", activity="kegiatan", time="waktu", group="unit"),
)
PERMITS = ReplayOptions(DATA / "permits.csv")


def loaded(options: ReplayOptions) -> tuple[Loaded, list[Report], dict[str, int], list[str]]:
    told: list[str] = []
    with Book() as book:
        found = load(options, book, set(), told.append)
        return found, list(book.reports()), book.doors(), told


def test_every_second_case_reports_over_http() -> None:
    found, reports, doors, told = loaded(PERMITS)
    assert (found.name, found.events, found.malformed) == ("permits", 54, 0)
    assert doors == {"kafka": 24, "http": 30}
    by_door = {
        door: {one.case.number for one in reports if one.case.door == door} for door in doors
    }
    assert by_door == {"kafka": set(range(0, 12, 2)), "http": set(range(1, 12, 2))}
    assert told == []


def test_the_share_of_http_can_be_chosen() -> None:
    assert loaded(ReplayOptions(PERMITS.log, http_share=0))[2] == {"kafka": 54}
    assert loaded(ReplayOptions(PERMITS.log, http_share=1))[2] == {"http": 54}


def test_a_second_run_makes_the_same_reports_and_keys() -> None:
    first, second = loaded(PERMITS)[1], loaded(PERMITS)[1]
    assert first == second
    assert len({report.id for report in first}) == 54
    assert len({report.case.key for report in first}) == 12


def test_the_ids_of_reports_do_not_depend_on_the_doors() -> None:
    other = loaded(ReplayOptions(PERMITS.log, http_share=0.9))[1]
    assert [report.id for report in other] == [report.id for report in loaded(PERMITS)[1]]


def test_another_name_or_limit_makes_other_reports() -> None:
    ids = {report.id for report in loaded(PERMITS)[1]}
    assert ids.isdisjoint(report.id for report in loaded(ReplayOptions(PERMITS.log, name="b"))[1])
    fewer = loaded(ReplayOptions(PERMITS.log, limit=10))[1]
    assert len(fewer) == 10
    assert ids.isdisjoint(report.id for report in fewer)


def test_groups_become_agencies_that_differ_even_if_only_capitals_do() -> None:
    with Book() as book:
        load(PERMITS, book, set(), print)
        agencies = dict(book.agencies())
    assert set(agencies.values()) == {
        "Loket Depan",
        "Dinas Tata Ruang",
        "Pemadam Kebakaran",
        "loket depan",
    }
    assert {"permits-loket-depan", "permits-dinas-tata-ruang", "permits-pemadam-kebakaran"} < set(
        agencies
    )


def test_malformed_rows_and_missing_offsets_are_told_and_the_rest_goes_on() -> None:
    found, reports, _, told = loaded(BROKEN)
    assert (found.events, found.malformed) == (3, 4)
    assert [report.activity for report in reports] == [
        "Terima berkas",
        "Terima berkas",
        "Putuskan",
    ]
    assert reports[1].time == "2026-02-03T01:10:00.000000Z"
    assert told == [
        "Line 2: the time has no offset; such times are taken as UTC",
        "Line 3: the activity is missing; the row is left out",
        "Line 4: the activity has control characters or is not UTF-8; the row is left out",
        "Line 6: the time does not exist in the calendar; the row is left out",
        "Line 8: 3 fields, but the header names 4; the row is left out",
    ]


def test_a_flood_of_malformed_rows_is_summed_up(tmp_path: Path) -> None:
    log = tmp_path / "bad.csv"
    log.write_text("case:concept:name,concept:name,time:timestamp\n" + "a,b\n" * 100)
    found, _, _, told = loaded(ReplayOptions(log))
    assert found.malformed == 100
    assert len(told) == SHOWN_BAD_ROWS + 1
    assert told[-1] == f"{100 - SHOWN_BAD_ROWS} more malformed rows were left out"
