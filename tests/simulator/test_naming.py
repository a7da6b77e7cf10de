"""From groups of a log to agencies: always the same codes, and never somebody else's."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import AgencyId
from simulator.logs.rows import Columns, Row
from simulator.replay.naming import Agencies, identity_of, key_of, slug
from simulator.replay.options import ReplayOptions

OPTIONS = ReplayOptions(Path("x.csv"))


def row(group: str | None = None, role: str | None = None, resource: str | None = None) -> Row:
    return Row(2, "c", "a", datetime(2026, 1, 1, tzinfo=UTC), group, role, resource)


@pytest.mark.parametrize(
    "event,code",
    [
        (row("Group 1", "Clerk", "Ani"), "receipt-group-1"),
        (row(None, "Clerk", "Ani"), "receipt-clerk"),
        (row(None, None, "Resource21"), "receipt-resource21"),
        (row(), "receipt"),
    ],
)
def test_the_group_names_the_agency_then_the_role_the_resource_and_the_log(
    event: Row, code: str
) -> None:
    assert Agencies("receipt", set()).of(event)[0] == code


def test_two_groups_whose_codes_would_be_equal_stay_two_agencies_at_every_run() -> None:
    def codes() -> list[str]:
        agencies = Agencies("log", set())
        return [agencies.of(row(name))[0] for name in ("Group 1", "group-1", "Group 1", "GROUP 1")]

    first = codes()
    assert first == codes()
    assert first[0] == first[2] == "log-group-1"
    assert len(set(first)) == 3


def test_a_log_cannot_take_the_code_of_a_real_agency() -> None:
    code, name, is_new = Agencies("dinkes", {"dinkes"}).of(row())
    assert code != "dinkes"
    assert code.startswith("dinkes-")
    assert (name, is_new) == ("dinkes", True)


@given(st.text(min_size=1, max_size=80), st.lists(st.text(min_size=1), min_size=1, unique=True))
def test_whatever_the_names_every_one_has_a_code_of_its_own(log: str, groups: list[str]) -> None:
    agencies = Agencies(log, {"dinkes"})
    codes = [agencies.of(row(group))[0] for group in groups if group != log]
    assert len(set(codes)) == len(codes)
    assert all(isinstance(code, AgencyId) for code in codes)


def test_a_slug_has_letters_digits_and_single_hyphens() -> None:
    assert slug("  Dinas  Tata_Ruang (Érà) ") == "dinas-tata-ruang-era"
    assert slug("2nd desk") == "log-2nd-desk"
    assert slug("役所") == ""


def test_what_decides_the_reports_decides_the_identity_and_nothing_else_does() -> None:
    same = identity_of(OPTIONS, "x", "digest")
    assert identity_of(ReplayOptions(Path("y.csv"), lanes=2, http_share=0.1), "x", "digest") == same
    others = {
        identity_of(OPTIONS, "y", "digest"),
        identity_of(OPTIONS, "x", "other"),
        identity_of(ReplayOptions(Path("x.csv"), Columns(group="unit")), "x", "digest"),
        identity_of(ReplayOptions(Path("x.csv"), limit=5), "x", "digest"),
    }
    assert len(others) == 4
    assert same not in others


def test_the_key_of_a_case_is_its_own_and_does_not_tell_its_name() -> None:
    assert key_of("i", "case-1") == key_of("i", "case-1")
    assert key_of("i", "case-1") != key_of("i", "case-2")
    assert "case-1" not in key_of("i", "case-1")
    assert 22 <= len(key_of("i", "case-1")) <= 255
