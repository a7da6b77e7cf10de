"""deploy/Dockerfile: one recipe, and what it copies is all that the program inside imports."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local import plan
from tests.deploy import compose

ROOT = compose.ROOT
INSTRUCTIONS = {
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "RUN",
    "USER",
    "WORKDIR",
}


@dataclass
class Stage:
    """One stage of the recipe with its instructions, those of the stage it stands on included."""

    name: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        """What stands behind each such instruction."""
        return [rest for word, rest in self.lines if word == instruction]


def _stages() -> dict[str, Stage]:
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    stages: dict[str, Stage] = {}
    current = Stage("before the first stage")
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        word, _, rest = line.strip().partition(" ")
        if not word:
            continue
        assert word in INSTRUCTIONS, line
        if word == "FROM":
            parent, _, name = rest.partition(" AS ")
            inherited = list(stages[parent].lines) if parent in stages else []
            current = stages[name] = Stage(name, inherited)
        else:
            current.lines.append((word, rest))
    return stages


STAGES = _stages()


def _copied(stage: Stage, service: str) -> list[str]:
    """The paths that a stage takes from the repository."""
    copies = [rest for rest in stage.all("COPY") if not rest.startswith("--from=")]
    return [rest.split()[0].replace("${SERVICE}", service).rstrip("/") for rest in copies]


def _lay_out(stage: Stage, service: str, root: Path) -> None:
    for path in _copied(stage, service):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / path, target)


def _import(module: str, root: Path) -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.path.insert(0, {str(root)!r}); import {module}"
    return subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_targets_that_compose_builds_exist() -> None:
    for service in compose.read().services.values():
        if service.build is not None:
            assert (ROOT / service.build.dockerfile).is_file()
            assert service.build.target in {"service", "platform"} <= STAGES.keys()
            assert all(
                name in STAGES[service.build.target].all("ARG") for name in service.build.args
            )


def test_packages_are_installed_from_the_lock_and_nothing_else_is_fetched() -> None:
    (install,) = [run for stage in STAGES.values() for run in stage.all("RUN") if "pip" in run]
    for option in ("--require-hashes", "--no-deps", "-r requirements/runtime.lock"):
        assert option in install
    whole = " ".join(run for stage in STAGES.values() for run in stage.all("RUN"))
    assert not re.search(r"\b(curl|wget|apt-get|apk)\b", whole)


@pytest.mark.parametrize("target", ["service", "platform"])
def test_an_image_does_not_run_as_root_and_says_how_it_does(target: str) -> None:
    assert STAGES[target].all("USER")[-1].split(":")[0].isdecimal()
    assert STAGES[target].all("USER")[-1] != "0"
    (check,) = STAGES[target].all("HEALTHCHECK")
    assert "/readyz" in check
    assert STAGES[target].all("ENTRYPOINT")[-1].startswith("[")


@pytest.mark.parametrize("service", plan.SERVICES)
def test_a_service_image_holds_no_other_service(service: str) -> None:
    copied = _copied(STAGES["service"], service)
    assert [path for path in copied if path.startswith("services/")] == [
        "services/__init__.py",
        f"services/{service}",
    ]
    assert not {"local", "catalogue", "simulator", "tests"} & set(copied)


@pytest.mark.parametrize("service", plan.SERVICES)
def test_what_is_copied_is_enough_to_start_the_service(service: str, tmp_path: Path) -> None:
    _lay_out(STAGES["service"], service, tmp_path)
    outcome = _import(f"services.{service}.wiring", tmp_path)
    assert outcome.returncode == 0, outcome.stderr


def test_what_is_copied_is_enough_for_the_jobs(tmp_path: Path) -> None:
    _lay_out(STAGES["platform"], "", tmp_path)
    outcome = _import("deploy.prepare, local.identity, local.mailbox", tmp_path)
    assert outcome.returncode == 0, outcome.stderr


def test_the_builder_sees_all_that_is_copied() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = [line.removeprefix("!") for line in lines if line.startswith("!")]
    for stage in STAGES.values():
        for path in _copied(stage, "booking"):
            assert any(path == one or path.startswith(f"{one}/") for one in let_through), path
