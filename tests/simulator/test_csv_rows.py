"""CSV logs: delimiters, column names, times, and rows that are no events."""

import csv
import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.logs.csv_rows import MAX_LINE_BYTES, read_csv
from simulator.logs.rows import BadRow, Columns, Row, UnreadableLog, time_of
from simulator.logs.source import name_of, read

DATA = Path(__file__).parents[1] / "data"
BROKEN = Columns(case="kasus", activity="kegiatan", time="waktu", group="unit")
HEADER = "case:concept:name,concept:name,time:timestamp\n"


def rows_of(text: str | bytes, columns: Columns | None = None) -> list[Row | BadRow]:
    raw = text if isinstance(text, bytes) else text.encode()
    return list(read_csv(io.BytesIO(raw), columns or Columns()))


def test_the_small_log_has_its_cases_and_events() -> None:
    rows = list(read(DATA / "permits.csv", Columns()))
    assert len(rows) == 54
    assert len({row.case for row in rows if isinstance(row, Row)}) == 12
    first = rows[0]
    assert isinstance(first, Row)
    assert (first.line, first.case, first.activity) == (2, "berkas-00", "Terima berkas")
    assert (first.group, first.lifecycle, first.zoned) == ("Loket Depan", "start", True)


def test_a_gzipped_log_has_the_same_rows() -> None:
    assert list(read(DATA / "permits.csv.gz", Columns())) == list(
        read(DATA / "permits.csv", Columns())
    )


def test_bad_rows_are_told_with_the_line_on_which_they_begin() -> None:
    rows = list(read(DATA / "broken.csv", BROKEN))
    assert [(row.line, isinstance(row, Row)) for row in rows] == [
        (2, True),
        (3, False),
        (4, False),
        (6, False),
        (7, True),
        (8, False),
        (9, True),
    ]
    reasons = [row.reason for row in rows if isinstance(row, BadRow)]
    assert reasons == [
        "the activity is missing",
        "the activity has control characters or is not UTF-8",
        "the time does not exist in the calendar",
        "3 fields, but the header names 4",
    ]


def test_what_is_not_utf8_is_a_bad_row_and_the_rest_goes_on() -> None:
    rows = rows_of(HEADER.encode() + b"a,caf\xe9,2026-01-01T00:00Z\nb,x,2026-01-01T00:00Z\n")
    assert [type(row) for row in rows] == [BadRow, Row]


def test_a_stray_quote_spoils_its_own_row_only() -> None:
    rows = rows_of(f'{HEADER}a,"x"y,2026-01-01T00:00Z\nb,x,2026-01-01T00:00Z\n')
    assert [(row.line, type(row)) for row in rows] == [(2, BadRow), (3, Row)]


def test_a_line_without_end_is_left_out_and_the_rest_goes_on() -> None:
    endless = "x" * (2 * MAX_LINE_BYTES + 5)
    rows = rows_of(f"{HEADER}{endless}\nb,x,2026-01-01T00:00Z\n")
    assert [(row.line, type(row)) for row in rows] == [(2, BadRow), (3, Row)]


def test_a_quoted_field_that_never_ends_is_a_bad_row() -> None:
    rows = rows_of(f'{HEADER}b,x,2026-01-01T00:00Z\na,"x,2026-01-01T00:00Z\n')
    assert [(row.line, type(row)) for row in rows] == [(2, Row), (3, BadRow)]


def test_a_cut_gzip_file_gives_what_is_whole_and_one_bad_row(tmp_path: Path) -> None:
    lines = "".join(f"case-{n},step {n * n},2026-01-01T00:00Z\n" for n in range(20_000))
    whole = gzip.compress((HEADER + lines).encode())
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    rows = list(read(cut, Columns()))
    assert len(rows) > 1000
    assert all(isinstance(row, Row) for row in rows[:-1])
    assert rows[-1] == BadRow(len(rows) + 1, "the compressed file is cut off or damaged here")


def test_a_gzip_file_that_is_cut_at_once_cannot_be_read(tmp_path: Path) -> None:
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(b"a,b,c\n")[:12])
    with pytest.raises(UnreadableLog, match=r"cut\.csv\.gz"):
        list(read(cut, Columns()))


def test_a_missing_column_is_told_with_those_that_are_there() -> None:
    with pytest.raises(UnreadableLog, match=r"no column concept:name.*columns are kasus, waktu"):
        rows_of("kasus,waktu\n", Columns(case="kasus", time="waktu"))


def test_a_column_that_was_chosen_must_be_there_and_a_usual_one_need_not() -> None:
    assert rows_of(HEADER) == []
    with pytest.raises(UnreadableLog, match="no column unit"):
        rows_of(HEADER, Columns(group="unit"))


def test_an_empty_file_is_no_log() -> None:
    with pytest.raises(UnreadableLog, match="empty"):
        rows_of("")


def test_a_file_that_is_not_there_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(UnreadableLog, match=r"absent\.csv"):
        list(read(tmp_path / "absent.csv", Columns()))


@pytest.mark.parametrize(
    "text,expected,zoned",
    [
        ("2026-03-02T08:30:00+07:00", datetime(2026, 3, 2, 1, 30, tzinfo=UTC), True),
        ("2026-03-02 08:30:00", datetime(2026, 3, 2, 8, 30, tzinfo=UTC), False),
        ("2026-03-02T08:30", datetime(2026, 3, 2, 8, 30, tzinfo=UTC), False),
        ("2026-03-02T08:30:00.1234567Z", datetime(2026, 3, 2, 8, 30, 0, 123456, UTC), True),
        ("2026-03-02 08:30:00,5 +0700", datetime(2026, 3, 2, 1, 30, 0, 500000, UTC), True),
        ("2026-03-02T08:30:00+07", datetime(2026, 3, 2, 1, 30, tzinfo=UTC), True),
    ],
)
def test_a_time_is_read_in_its_usual_forms(text: str, expected: datetime, zoned: bool) -> None:
    assert time_of(text) == (expected, zoned)


@pytest.mark.parametrize(
    "text", ["", "today", "2026-02-30T00:00Z", "02/03/2026 08:00", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is looked at below
        time_of(text)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize(
    "path,name", [("a/receipt.csv.gz", "receipt"), ("BPI 2012.xes", "BPI 2012"), ("x.log", "x.log")]
)
def test_a_log_is_called_by_its_file_without_the_form(path: str, name: str) -> None:
    assert name_of(Path(path)) == name


_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30).filter(
    lambda text: text.strip() != ""
)


@given(
    rows=st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
)
def test_whatever_a_csv_writer_writes_is_read_back(
    rows: list[tuple[str, str]], delimiter: str, newline: str, bom: bool
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=newline)
    writer.writerow(["case:concept:name", "note", "concept:name", "time:timestamp"])
    for case, activity in rows:
        writer.writerow([case, f'"{delimiter}', activity, "2026-03-02T08:30:00Z"])
    text = ("\ufeff" if bom else "") + out.getvalue()
    found = rows_of(text)
    assert [(row.case, row.activity) for row in found if isinstance(row, Row)] == [
        (case.strip(), activity.strip()) for case, activity in rows
    ]


@given(st.binary(max_size=400))
def test_whatever_stands_below_the_header_gives_rows_and_no_error(junk: bytes) -> None:
    rows = rows_of(HEADER.encode() + junk)
    lines = junk.count(b"\n") + 2
    assert all(2 <= row.line <= lines for row in rows)
