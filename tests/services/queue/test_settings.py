"""Codes on slips: from a key, the same each time, and never those of another purpose or key."""

from pathlib import Path

import pytest

from chassis.settings import SettingsProblem
from contracts.ids import TicketId
from services.queue.settings import QueueSettings, TicketCodes

TICKET = TicketId.of("one")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "code-key"
    file.write_bytes(b"k" * 32)
    return file


def test_a_ticket_has_one_code_and_no_other_has_it(key_file: Path) -> None:
    codes = TicketCodes(key_file)
    code = codes.code_of(TICKET)
    assert code == TicketCodes(key_file).code_of(TICKET)
    assert [len(part) for part in code.split("-")] == [5, 5, 5, 5]
    others = {codes.code_of(TicketId.of(str(number))) for number in range(500)}
    assert len(others) == 500
    assert code not in others


def test_another_key_makes_another_code(key_file: Path) -> None:
    code = TicketCodes(key_file).code_of(TICKET)
    key_file.write_bytes(b"l" * 32)
    assert not TicketCodes(key_file).fits(TICKET, code)


def test_a_code_fits_as_people_type_it(key_file: Path) -> None:
    codes = TicketCodes(key_file)
    code = codes.code_of(TICKET)
    for typed in (code, code.lower(), code.replace("-", ""), code.replace("-", " ")):
        assert codes.fits(TICKET, typed)
    for wrong in ("", code[:-1], code + "A", "é" * 20):
        assert not codes.fits(TICKET, wrong)


@pytest.mark.parametrize("content, told", [(b"short", "fewer than 32"), (None, "cannot be read")])
def test_queue_does_not_start_without_a_good_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, told: str
) -> None:
    file = tmp_path / "code-key"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("LOKET_CODE_KEY_FILE", str(file))
    with pytest.raises(SettingsProblem, match=f"LOKET_CODE_KEY_FILE.*{told}"):
        QueueSettings.load()
