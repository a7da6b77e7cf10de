"""Calendar files against whole files, and the picture read back module by module."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from contracts.entries import ZONE_LABELS, Zone
from contracts.ids import AppointmentId
from services.booking.papers import Page, calendar_file, code_picture

FILES = Path(__file__).with_name("papers")
BOOKED = Page(
    appointment_id=AppointmentId("01990000-0000-7000-8000-000000000001"),
    version=1,
    changed_at=datetime(2026, 3, 1, 1, 30, tzinfo=UTC),
    zone="Asia/Jayapura",
    starts_at=datetime(2026, 3, 9, 23, tzinfo=UTC),
    ends_at=datetime(2026, 3, 10, 1, tzinfo=UTC),
    service_name="Perekaman KTP; cetak, ganti",
    mall_name="MPP Uji",
    status="CONFIRMED",
    reminders_hours=(24, 2),
)
MOVED = replace(
    BOOKED,
    version=2,
    changed_at=datetime(2026, 3, 2, 4, tzinfo=UTC),
    starts_at=datetime(2026, 3, 11, 4, tzinfo=UTC),
    ends_at=datetime(2026, 3, 11, 6, tzinfo=UTC),
    reminders_hours=(),
)
CANCELLED = replace(MOVED, version=3, status="CANCELLED", reminders_hours=(24, 2))


@pytest.mark.parametrize(
    "page, name", [(BOOKED, "booked"), (MOVED, "moved"), (CANCELLED, "cancelled")]
)
def test_a_calendar_file_is_this_byte_for_byte(page: Page, name: str) -> None:
    # Kept with the line ends of text files; RFC 5545 wants CR and LF.
    wanted = (FILES / f"{name}.ics").read_bytes().replace(b"\n", b"\r\n")
    assert calendar_file(page) == wanted


@pytest.mark.parametrize("zone", sorted(ZONE_LABELS))
def test_a_reader_gets_the_instants_back_in_each_zone(zone: Zone) -> None:
    page = replace(BOOKED, zone=zone)
    read: Any = Calendar.from_ical(calendar_file(page))
    (event,) = read.walk("VEVENT")
    assert (event["dtstart"].dt, event["dtend"].dt) == (page.starts_at, page.ends_at)
    (standard,) = read.walk("STANDARD")
    offset = page.starts_at.astimezone(ZoneInfo(zone)).utcoffset()
    assert standard["tzoffsetto"].td == standard["tzoffsetfrom"].td == offset
    assert [alarm["trigger"].dt for alarm in read.walk("VALARM")] == [
        timedelta(hours=-24),
        timedelta(hours=-2),
    ]


def test_no_line_of_a_calendar_file_is_longer_than_75_octets() -> None:
    page = replace(BOOKED, service_name="Pelayanan " * 18)
    assert max(map(len, calendar_file(page).split(b"\r\n"))) <= 75


ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def dark_modules(svg: str) -> set[tuple[int, int]]:
    """Row and column of each dark module: the picture draws each run as a line of width 1."""
    path = re.search(r' d="([^"]+)"', svg)
    assert path is not None
    row, column, dark = 0.5, 0.0, set()
    for what, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path[1]):
        if what == "M":
            column, row = float(first), float(second)
        elif what == "m":
            column, row = column + float(first), row + float(second)
        else:
            dark |= {(int(row), int(column + step)) for step in range(int(first))}
            column += float(first)
    return {(line - 4, position - 4) for line, position in dark}  # without the quiet zone


def read_back(dark: set[tuple[int, int]]) -> str:
    """The text of a QR code of version 4-M (ISO/IEC 18004); errors are not corrected."""
    size = 33
    # Format bits beside the upper left finder: the level in bits 14 and 13, the mask in 12 to 10.
    bits = [(8, column) in dark for column in (0, 1, 2, 3, 4)]
    level, mask = [
        int("".join("01"[bit ^ flip] for bit, flip in zip(part, flips, strict=True)), 2)
        for part, flips in ((bits[:2], (1, 0)), (bits[2:], (1, 0, 1)))
    ]
    assert level == 0  # M
    masks = [
        lambda i, j: (i + j) % 2 == 0,
        lambda i, j: i % 2 == 0,
        lambda i, j: j % 3 == 0,
        lambda i, j: (i + j) % 3 == 0,
        lambda i, j: (i // 2 + j // 3) % 2 == 0,
        lambda i, j: (i * j) % 2 + (i * j) % 3 == 0,
        lambda i, j: ((i * j) % 2 + (i * j) % 3) % 2 == 0,
        lambda i, j: ((i + j) % 2 + (i * j) % 3) % 2 == 0,
    ]

    def fixed(i: int, j: int) -> bool:
        finder = (i < 9 and j < 9) or (i < 9 and j > size - 9) or (i > size - 9 and j < 9)
        return finder or 6 in {i, j} or (24 <= i <= 28 and 24 <= j <= 28)

    stream = []
    for number, right in enumerate([*range(32, 6, -2), *range(5, 0, -2)]):
        lines = range(size) if number % 2 else range(size - 1, -1, -1)
        for i, j in product(lines, (right, right - 1)):
            if not fixed(i, j):
                stream.append(((i, j) in dark) ^ masks[mask](i, j))
    octets = [int("".join("01"[bit] for bit in stream[at : at + 8]), 2) for at in range(0, 512, 8)]
    # Two blocks of 32 take turns.
    text = "".join(f"{octet:08b}" for octet in octets[0::2] + octets[1::2])
    assert text[:4] == "0010"  # letters of the small alphabet
    length, text = int(text[4:13], 2), text[13:]
    found = ""
    for start in range(0, length // 2 * 11, 11):
        pair = int(text[start : start + 11], 2)
        found += ALPHABET[pair // 45] + ALPHABET[pair % 45]
    if length % 2:
        found += ALPHABET[int(text[length // 2 * 11 :][:6], 2)]
    return found


@pytest.mark.parametrize("number", range(8))
def test_the_picture_says_the_id_and_the_code(number: int) -> None:
    appointment, code = AppointmentId.of(str(number)), f"7KQ2M-ABCDE-2345{number}-ZZZZZ"
    svg = code_picture(appointment, code).decode()
    assert svg.startswith("<svg ")
    text = read_back(dark_modules(svg))
    assert text == f"LOKET-A:{appointment}:{code}".upper()
    assert AppointmentId(text.split(":")[1]) == appointment
