"""The package stands alone: pydantic is all it needs, and what is installed is all there is."""

import ast
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from contracts.generate import PACKAGE

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import importlib, pkgutil
import contracts
for module in pkgutil.iter_modules(contracts.__path__):
    importlib.import_module(f"contracts.{module.name}")
from contracts.asyncapi import asyncapi_document
from contracts.samples import payload
from contracts.catalog import BY_WIRE_TYPE
BY_WIRE_TYPE["queue.ticket_called.v1"].model_validate(payload("queue.ticket_called.v1", "fullest"))
assert asyncapi_document()["channels"]
print(contracts.__file__)
"""


def closure(name: str) -> set[str]:
    """A distribution and all that it needs here, extras left out."""
    found = {name}
    for line in requires(name) or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found |= closure(requirement.name)
    return found


@pytest.fixture(scope="module")
def pydantic_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from which pydantic can be imported, and nothing that pydantic does not need."""
    folder = tmp_path_factory.mktemp("site")
    for name in closure("pydantic"):
        package = distribution(name)
        tops = {Path(str(file)).parts[0] for file in package.files or []} - {"..", "__pycache__"}
        for top in tops:
            (folder / top).symlink_to(str(package.locate_file(top)))
    return folder


def run_isolated(folder: Path) -> str:
    # -S leaves site-packages out, -I the current folder and the environment.
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_module_works_where_only_pydantic_can_be_imported(
    pydantic_only: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    shutil.copytree(pydantic_only, site, symlinks=True)
    (site / "contracts").symlink_to(PACKAGE)
    assert run_isolated(site).startswith(str(site))


def test_what_the_metadata_puts_into_the_package_is_enough(
    pydantic_only: Path, tmp_path: Path
) -> None:
    tool = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert tool["setuptools"]["package-dir"] == {"contracts": "."}
    site = tmp_path / "site"
    shutil.copytree(pydantic_only, site, symlinks=True)
    for pattern in ("*.py", *tool["setuptools"]["package-data"]["contracts"]):
        found = [path for path in PACKAGE.glob(pattern) if "released" not in path.parts]
        assert found, f"{pattern} names nothing"
        for path in found:
            target = site / "contracts" / path.relative_to(PACKAGE)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    for needed in ("schemas/catalog.json", "schemas/entries/mall.json", "asyncapi.yaml"):
        assert (site / "contracts" / needed).is_file()
    assert run_isolated(site).startswith(str(site))


def test_the_metadata_asks_for_pydantic_and_nothing_else() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [Requirement(line).name for line in project["dependencies"]] == ["pydantic"]
    assert Requirement(project["dependencies"][0]).specifier.contains(
        distribution("pydantic").version
    )


def test_no_module_imports_anything_but_python_pydantic_and_contracts() -> None:
    allowed = {"contracts", "pydantic", "pydantic_core", *sys.stdlib_module_names}
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            assert {name.partition(".")[0] for name in names} <= allowed, path
