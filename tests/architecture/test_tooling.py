"""The tools that people start first: make, the setup, the hooks, and the locked requirements."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.architecture.tree import REPOSITORY

LOCKS = REPOSITORY / "requirements"


def _locked(name: str) -> dict[str, str]:
    """`name==version; marker` -> its hashes, for each entry of a lock file."""
    text = (LOCKS / name).read_text(encoding="utf-8").replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line and not line.startswith("#")]
    pairs = (re.split(r"\s+(?=--hash)", entry, maxsplit=1) for entry in entries)
    return {name.strip(): "".join(rest) for name, *rest in pairs}


def _run(command: list[str | Path], folder: Path, **variables: str) -> tuple[int, str]:
    outcome = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return outcome.returncode, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("name", ["runtime.lock", "dev.lock"])
def test_every_locked_package_has_one_version_and_hashes(name: str) -> None:
    for entry, hashes in _locked(name).items():
        assert re.match(r"^[a-z0-9._-]+(\[[a-z0-9,-]+\])?==[^ ]+( *;.*)?$", entry), entry
        assert re.fullmatch(r"(--hash=sha256:[0-9a-f]{64}\s*)+", hashes), entry
    assert "://" not in (LOCKS / name).read_text(encoding="utf-8")


def test_tests_run_with_the_versions_that_run_in_service() -> None:
    assert _locked("runtime.lock").items() <= _locked("dev.lock").items()


def test_make_alone_lists_every_target_by_group() -> None:
    status, listing = _run(["make", "--no-print-directory"], REPOSITORY)
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) - {"help"}
    assert status == 0
    assert targets == set(re.findall(r"^  ([a-z-]+) ", listing, re.MULTILINE))
    assert {"demo", "up", "down", "status", "logs", "replay", "test", "check"} <= targets
    assert listing.index("Run the platform") < listing.index("Work on the code")


def test_every_target_is_phony() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_every_hook_uses_a_tool_of_the_project() -> None:
    text = (REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (source,) = yaml.safe_load(text)["repos"]
    assert source["repo"] == "local"
    for hook in source["hooks"]:
        tool = hook["entry"].split()[0]
        assert hook["language"] == "system"
        assert tool.startswith(".venv/bin/")
        package = {"mypy": "mypy", "ruff": "ruff", "lint-imports": "import-linter"}
        wanted = package.get(tool.rpartition("/")[2], "pytest")
        assert any(entry.startswith(f"{wanted}==") for entry in _locked("dev.lock"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh clone, as far as the setup looks at one."""
    shutil.copytree(LOCKS, tmp_path / "requirements")
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    return tmp_path


def _plant_python(folder: Path, script: str) -> Path:
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    return python


def test_a_python_that_is_too_old_is_told_in_one_sentence(checkout: Path) -> None:
    python = _plant_python(checkout, "exit 1")
    status, said = _run(["requirements/install", "dev"], checkout, PYTHON=str(python))
    assert status == 1
    assert "3.11 or newer" in said
    assert len(said.splitlines()) == 1
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_is_told_with_what_to_install(checkout: Path) -> None:
    python = _plant_python(checkout, 'case "$*" in *venv*) exit 1 ;; esac; echo Python 3.11.0')
    status, said = _run(["requirements/install", "runtime"], checkout, PYTHON=str(python))
    assert status == 1
    assert "python3-venv" in said
    assert not (checkout / ".venv").exists()


def test_what_is_installed_already_is_not_installed_again(checkout: Path) -> None:
    tools = checkout / ".venv" / "bin"
    tools.mkdir(parents=True)
    _plant_python(tools, 'case "$1" in -c) ;; -) echo same ;; *) exit 1 ;; esac')
    (checkout / ".venv" / "dev.stamp").write_text("same\n", encoding="utf-8")
    assert _run(["requirements/install", "dev"], checkout) == (0, "")


def test_replay_without_a_log_says_how_to_name_one(checkout: Path) -> None:
    tools = checkout / ".venv" / "bin"
    tools.mkdir(parents=True)
    _plant_python(tools, 'case "$1" in -c) ;; -) echo same ;; *) exit 1 ;; esac')
    (checkout / ".venv" / "runtime.stamp").write_text("same\n", encoding="utf-8")
    status, said = _run(["make", "replay"], checkout)
    assert status == 2
    assert "make replay LOG=" in said
