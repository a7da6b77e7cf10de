"""The text that the voice reads, case by case."""

import pytest

from services.queue.domain.voice import caption, in_words, spoken, spoken_counter, spoken_label

# Labels with a zone's digit, counters 01, 10, 12 and 20: what a voice in use gets wrong first.
CALLS = [
    ("A-007", "4", "A, nol nol tujuh", "empat"),
    ("1A-007", "Z1-04", "1 A, nol nol tujuh", "Z1 nol empat"),
    ("KTP-120", "Z1-01", "K T P, satu dua nol", "Z1 nol satu"),
    ("KTP-B003", "K-10", "K T P, B, nol nol tiga", "K sepuluh"),
    ("4K-010", "12", "4 K, nol satu nol", "dua belas"),
    ("SIM-1000", "20", "S I M, satu nol nol nol", "dua puluh"),
    ("A-011", "11", "A, nol satu satu", "sebelas"),
    ("A-100", "9", "A, satu nol nol", "sembilan"),
    ("1O-099", "Z5-00", "1 O, nol sembilan sembilan", "Z5 nol nol"),
    ("KTP-BA12345", "Z1-A", "K T P, B A, satu dua tiga empat lima", "Z1 A"),
    ("007", "LOBI", "nol nol tujuh", "LOBI"),
]

NUMBERS = [
    (0, "nol"),
    (9, "sembilan"),
    (10, "sepuluh"),
    (11, "sebelas"),
    (12, "dua belas"),
    (19, "sembilan belas"),
    (20, "dua puluh"),
    (21, "dua puluh satu"),
    (99, "sembilan puluh sembilan"),
    (100, "seratus"),
    (101, "seratus satu"),
    (111, "seratus sebelas"),
    (250, "dua ratus lima puluh"),
    (1000, "seribu"),
    (1999, "seribu sembilan ratus sembilan puluh sembilan"),
    (4010, "empat ribu sepuluh"),
    (9999, "sembilan ribu sembilan ratus sembilan puluh sembilan"),
]


@pytest.mark.parametrize("label, counter, number, place", CALLS)
def test_a_call_names_number_and_counter_so_that_everybody_understands_them(
    label: str, counter: str, number: str, place: str
) -> None:
    assert spoken_label(label) == number
    assert spoken_counter(counter) == place
    assert spoken(label, counter) == f"Nomor antrean, {number}, silakan menuju loket {place}"


@pytest.mark.parametrize("number, words", NUMBERS)
def test_numbers_in_words(number: int, words: str) -> None:
    assert in_words(number) == words


def test_all_numbers_of_counters_have_words_of_their_own() -> None:
    assert len({in_words(number) for number in range(10_000)}) == 10_000


@pytest.mark.parametrize("number", [-1, 10_000])
def test_no_counter_has_such_a_number(number: int) -> None:
    with pytest.raises(ValueError, match="no counter has the number"):
        in_words(number)


def test_the_caption_is_for_eyes() -> None:
    assert caption("A-007", "Z1-04") == "Ticket A-007, please go to counter Z1-04"
