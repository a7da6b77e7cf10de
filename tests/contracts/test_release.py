"""Releases: made once, never edited, and refused when they would break a promise."""

import json
from pathlib import Path

import pytest

import contracts
from contracts import gate, release
from contracts.catalog import TOPICS
from contracts.gate import RELEASED, versions
from contracts.release import NotReleasable, hashes, manifest


def test_no_released_file_was_edited_added_or_lost() -> None:
    assert sorted(manifest()) == sorted(versions())
    for version, files in manifest().items():
        assert hashes(RELEASED / version) == files, f"{version} was edited after its release"


def test_the_version_of_the_package_is_that_of_the_newest_release() -> None:
    assert contracts.__version__ == versions()[-1]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of releases."""
    for module in (gate, release):
        monkeypatch.setattr(module, "RELEASED", tmp_path)
    monkeypatch.setattr(release, "MANIFEST", tmp_path / "manifest.json")
    return tmp_path


def in_version(monkeypatch: pytest.MonkeyPatch, version: str) -> str:
    monkeypatch.setattr(release, "__version__", version)
    return version


def test_a_release_holds_schemas_and_samples_and_their_hashes(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.release(in_version(monkeypatch, "0.1.0"))
    names = hashes(elsewhere / "0.1.0")
    assert "schemas/queue.ticket_called.v1.writer.json" in names
    assert "schemas/catalog.json" in names
    assert "samples/queue.ticket_called.v1/fullest.json" in names
    assert json.loads((elsewhere / "manifest.json").read_text()) == {"0.1.0": names}
    assert gate.released("0.1.0") == gate.current()


def test_an_edit_of_a_released_file_changes_its_hash(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.release(in_version(monkeypatch, "0.1.0"))
    edited = elsewhere / "0.1.0" / "schemas" / "catalog.json"
    edited.write_text(edited.read_text() + " ")
    assert hashes(elsewhere / "0.1.0") != manifest_of(elsewhere)["0.1.0"]


def manifest_of(folder: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((folder / "manifest.json").read_text())
    return found


def test_a_version_is_released_once_and_in_order(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.release(in_version(monkeypatch, "0.2.0"))
    with pytest.raises(NotReleasable, match="released already; a release is never edited"):
        release.release("0.2.0")
    with pytest.raises(NotReleasable, match="is newer"):
        release.release(in_version(monkeypatch, "0.1.9"))
    release.release(in_version(monkeypatch, "0.10.0"))
    assert gate.versions() == ["0.2.0", "0.10.0"]


def test_the_version_must_be_that_of_the_package(elsewhere: Path) -> None:
    with pytest.raises(NotReleasable, match="raise it first"):
        release.release("7.0.0")
    assert release.main(["7.0.0"]) == 1
    assert list(elsewhere.iterdir()) == []


def test_what_breaks_an_older_release_is_not_released(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.release(in_version(monkeypatch, "0.1.0"))
    catalog = elsewhere / "0.1.0" / "schemas" / "catalog.json"
    promised = json.loads(catalog.read_text())
    promised["topics"][TOPICS[0].name]["partitions"] = 99
    catalog.write_text(json.dumps(promised))
    with pytest.raises(NotReleasable, match=r"breaks 0\.1\.0.*(?s:.*)partitions was 99"):
        release.release(in_version(monkeypatch, "0.2.0"))
    assert gate.versions() == ["0.1.0"]
