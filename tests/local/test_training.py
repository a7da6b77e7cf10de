"""The training run behind fast starts: an acceleration whose failure must not be an error."""

from pathlib import Path

import pytest

from local import aot, jars, kafka_settings, training

pytestmark = pytest.mark.integration


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_training_that_fails_leaves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await jars.fetch(jars.directory(), jars.locked())
    cache = tmp_path / "broker.aot"
    monkeypatch.setattr(aot, "cache_file", lambda: cache)
    monkeypatch.setattr(kafka_settings, "HEAP", "1k")  # Java refuses to start with so little
    assert not await training.train()
    assert "Kafka will start slowly, its training failed" in caplog.text
    assert left_in(tmp_path) == []


async def test_a_cache_that_is_there_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "broker.aot"
    cache.write_bytes(b"made before")
    monkeypatch.setattr(aot, "cache_file", lambda: cache)
    assert await training.train()
    assert cache.read_bytes() == b"made before"
    assert f"-XX:AOTCache={cache}" in aot.use_options()


def test_a_cache_trained_for_other_settings_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "directory", lambda: tmp_path)
    monkeypatch.setattr(aot, "__file__", str(tmp_path / "aot.py"))
    (tmp_path / "training.py").write_text("without logins")
    (tmp_path / "kafka_settings.py").write_text("open")
    aot.cache_file().write_bytes(b"learnt without logins")
    assert aot.use_options()
    (tmp_path / "kafka_settings.py").write_text("locked")
    assert aot.use_options() == ()
