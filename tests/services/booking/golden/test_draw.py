"""A draw comes out as it was computed once by another program, and never otherwise."""

import random
from uuid import UUID, uuid4

import pytest

from services.booking.domain import draw

SEED = bytes(32)
# Made with openssl: HMAC-SHA256 of "loket draw v1", a zero byte and the id, under 32 zero bytes.
GOLDEN = {
    "0190a000-0000-7000-8000-000000000005": "02b3b67ee102cb12",
    "0190a000-0000-7000-8000-000000000004": "1fa3f3f1f49faf7c",
    "0190a000-0000-7000-8000-000000000002": "80a3bada4140900a",
    "0190a000-0000-7000-8000-000000000001": "9624a6d808661e34",
    "0190a000-0000-7000-8000-000000000003": "f072816b59613ff9",
}
ENTRIES = [UUID(text) for text in GOLDEN]


@pytest.mark.parametrize("entry, digest", GOLDEN.items())
def test_the_rank_of_an_entry(entry: str, digest: str) -> None:
    assert draw.rank_of(SEED, UUID(entry)) == int(digest, 16) >> 1


def test_the_order_does_not_depend_on_who_joined_first() -> None:
    for attempt in range(20):
        joined = random.Random(attempt).sample(ENTRIES, len(ENTRIES))
        assert draw.in_order(SEED, joined) == ENTRIES


def test_the_digest_of_all_entries() -> None:
    wanted = "4d1f5b216255c66300c94d76c50e0dac9d9e595a241b4e08a812fa8788fcf54a"
    assert draw.entries_digest(ENTRIES) == wanted
    assert draw.entries_digest(reversed(ENTRIES)) == wanted
    assert draw.entries_digest(ENTRIES[1:]) != wanted


def test_the_seed_that_was_announced_and_no_other() -> None:
    announced = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
    assert draw.digest_of(SEED) == announced
    assert draw.is_seed_of(SEED, announced)
    assert not draw.is_seed_of(b"\x01" * 32, announced)


def test_each_day_and_each_secret_has_a_seed_of_its_own() -> None:
    one, other = uuid4(), uuid4()
    assert draw.seed_of(b"k" * 32, one) == draw.seed_of(b"k" * 32, one)
    seeds = {draw.seed_of(secret, day) for secret in (b"k" * 32, b"l" * 32) for day in (one, other)}
    assert len(seeds) == 4
    assert {len(seed) for seed in seeds} == {draw.SEED_BYTES}


def test_another_seed_gives_another_order_and_each_place_is_as_likely() -> None:
    # 3,000 fixed seeds over 5 entries: chi-square with 4 degrees of freedom, 18.47 is p = 0.001.
    first = [draw.in_order(number.to_bytes(32, "big"), ENTRIES)[0] for number in range(3000)]
    counts = [first.count(entry) for entry in ENTRIES]
    assert sum((count - 600) ** 2 / 600 for count in counts) < 18.47


def test_a_rank_fits_into_a_signed_number_of_64_bits() -> None:
    assert all(0 <= draw.rank_of(SEED, uuid4()) < draw.RANKS <= 2**63 for _ in range(100))
