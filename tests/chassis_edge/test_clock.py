"""The time of a rehearsal comes from a file, and everybody can see that it does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis import clock
from chassis.settings import ServiceSettings, SettingsProblem

INSTANT = datetime(2026, 3, 2, 0, 45, 1, 234_567, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_time() -> Iterator[None]:
    yield
    clock.follow(None)


def test_without_a_file_the_system_says_what_time_it_is() -> None:
    assert not clock.is_set()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_file_says_what_time_it_is_to_the_microsecond(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock.set_file(file, INSTANT)
    clock.follow(file)
    assert (clock.is_set(), clock.now()) == (True, INSTANT)
    for moved in (timedelta(hours=9), timedelta(days=-1)):
        clock.set_file(file, INSTANT + moved)
        assert clock.now() == INSTANT + moved
    clock.follow(None)
    assert clock.now() > INSTANT - timedelta(days=1)


def test_a_file_that_says_no_time_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"1234567")
    with pytest.raises(ValueError, match="eight bytes"):
        clock.follow(tmp_path / "short")
    with pytest.raises(OSError, match="absent"):
        clock.follow(tmp_path / "absent")
    assert not clock.is_set()


def test_a_clock_file_and_real_data_exclude_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "LOKET_DATABASE_URL": "postgresql+asyncpg://x:y@127.0.0.1/z",
        "LOKET_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "LOKET_JWKS_URL": "http://127.0.0.1:1",
        "LOKET_TOKEN_ISSUER": "issuer",
        "LOKET_KAFKA_USERNAME": "queue",
        "LOKET_KAFKA_TLS": "true",
        "LOKET_CLOCK_FILE": "/tmp/clock",  # noqa: S108 - never opened
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsProblem, match="LOKET_CLOCK_FILE"):
        ServiceSettings.load()
