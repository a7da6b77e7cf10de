"""Where data live, who can reach them, and the sentence for an older Python."""

import sys
from pathlib import Path

import pytest

import local
from local import paths
from local.errors import NotEnoughDisk, Unsupported


def test_run_time_data_are_in_the_repository_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LOKET_HOME", raising=False)
    assert paths.home() == paths.REPOSITORY / ".loket"
    monkeypatch.setenv("LOKET_HOME", str(tmp_path))
    assert paths.home() == tmp_path


def test_the_cache_follows_the_xdg_convention(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert paths.cache() == tmp_path / "loket"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert paths.cache() == Path.home() / ".cache" / "loket"


def test_too_little_disk_space_says_how_much_is_needed_and_what_to_do(tmp_path: Path) -> None:
    paths.need_free_space(tmp_path / "not" / "there" / "yet", 1)
    with pytest.raises(NotEnoughDisk, match=r"900000000 MB are needed: make room, or set LOKET_"):
        paths.need_free_space(tmp_path, 900_000_000)


def test_a_private_file_is_readable_by_its_owner_only_and_replaced_as_a_whole(
    tmp_path: Path,
) -> None:
    file = tmp_path / "new folder" / "secret"
    paths.write_private(file, "first")
    paths.write_private(file, "second")
    assert file.read_text() == "second"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["secret"]


def test_a_fallback_directory_that_others_could_write_is_not_trusted(tmp_path: Path) -> None:
    place = paths.claim(paths.fallback(tmp_path))
    try:
        assert paths.claim(place) == place
        place.chmod(0o777)
        with pytest.raises(Unsupported, match="is not a directory that only this user can write"):
            paths.claim(place)
    finally:
        place.rmdir()


def test_a_directory_below_a_private_one_is_not_reachable_by_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert not paths.reachable_by_others(tmp_path / "data")
    assert paths.reachable_by_others(Path("/usr/bin"))


def test_an_older_python_gets_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    source = Path(local.__file__).read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
        exec(compile(source, "local", "exec"), {"__name__": "local"})  # noqa: S102 - our own file
