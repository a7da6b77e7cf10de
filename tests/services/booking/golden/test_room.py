"""Turns in the waiting room, and passes that nobody else can make."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.booking.domain import room
from services.booking.domain.room import Pass, Room

OPENS = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
SECRET, SEED = b"k" * 32, bytes(32)
ONE, OTHER = room.holder_of(UUID(int=1).bytes), room.holder_of(UUID(int=2).bytes)


@pytest.mark.parametrize(
    "chance, spread_seconds, milliseconds",
    [
        (0, 60, 0),
        (2**63, 60, 30_000),
        (2**64 - 1, 60, 59_999),
        (2**64 - 1, 1, 999),
        (2**63, 1, 500),
        (2**64 - 1, 0, 0),
    ],
)
def test_where_in_the_spread_a_number_falls(
    chance: int, spread_seconds: int, milliseconds: int
) -> None:
    assert room.milliseconds_of(spread_seconds, chance) == milliseconds


@pytest.mark.parametrize(
    "late, turn",
    [
        (timedelta(0), 60),
        (timedelta(seconds=10), 70),
        (timedelta(seconds=60), 120),
        (timedelta(seconds=90), 120),
        (timedelta(seconds=500), 120),
    ],
)
def test_who_comes_later_stands_behind_by_arrival(late: timedelta, turn: int) -> None:
    entered_at = OPENS + late
    assert Room(OPENS, 60).turn_at(SEED, ONE, entered_at) == OPENS + timedelta(seconds=turn)


def test_before_the_opening_only_seed_and_holder_decide() -> None:
    hall = Room(OPENS, 60)
    early, late = OPENS - timedelta(minutes=10), OPENS - MICRO
    turn = hall.turn_at(SEED, ONE, early)
    assert turn == hall.turn_at(SEED, ONE, late)
    assert OPENS <= turn < OPENS + timedelta(seconds=60)
    assert turn != hall.turn_at(SEED, OTHER, early)
    assert turn != hall.turn_at(b"\x01" * 32, ONE, early)


def test_turns_are_spread_evenly() -> None:
    # 5,000 fixed holders over ten parts of a minute: chi-square, 9 degrees, 27.88 is p = 0.001.
    hall, counts = Room(OPENS, 60), [0] * 10
    for number in range(5000):
        turn = hall.turn_at(SEED, room.holder_of(UUID(int=number).bytes), OPENS - MICRO)
        counts[int((turn - OPENS).total_seconds() // 6)] += 1
    assert sum((count - 500) ** 2 / 500 for count in counts) < 27.88


def test_the_room_ends_when_the_last_turn_has_come() -> None:
    assert Room(OPENS, 60).ends_at == OPENS + timedelta(seconds=120)


@pytest.mark.parametrize("entered_at", [OPENS, OPENS + MICRO, OPENS - timedelta(days=3)])
def test_a_pass_is_read_as_it_was_signed(entered_at: datetime) -> None:
    made = Pass(uuid4(), ONE, entered_at)
    text = made.signed(SECRET)
    assert room.read_pass(SECRET, text) == made
    assert text.isascii()
    assert len(text) <= 80
    assert " " not in text


def test_a_pass_of_another_secret_or_with_one_bit_changed_is_none() -> None:
    text = Pass(uuid4(), ONE, OPENS).signed(SECRET)
    assert room.read_pass(b"l" * 32, text) is None
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for place in range(len(raw)):
        forged = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert room.read_pass(SECRET, base64.urlsafe_b64encode(forged).decode().rstrip("=")) is None


@pytest.mark.parametrize("text", ["", "x", "no pass", "AAAA", "A" * 79, "é", "=" * 4, "A" * 4000])
def test_what_is_no_pass(text: str) -> None:
    assert room.read_pass(SECRET, text) is None
