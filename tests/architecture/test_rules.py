"""The repository keeps every rule; test_planted_violations.py shows that each rule can fail."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from chassis import auth, pages
from chassis.health import Health
from tests.architecture import rules_code, rules_docs, rules_doors, rules_files
from tests.architecture.tree import REPOSITORY

Rule = Callable[[Path], Iterator[str]]

RULES: list[Rule] = [
    rules_code.domain_reads_no_clock_and_draws_no_lots,
    rules_code.sql_is_never_put_together,
    rules_code.only_the_chassis_opens_connections,
    rules_code.only_the_chassis_touches_engines,
    rules_code.blind_excepts_are_at_listed_edges,
    rules_code.contracts_need_pydantic_only,
    rules_code.nobody_changes_the_path,
    rules_code.classes_say_what_they_are,
    rules_code.every_silenced_warning_has_a_reason,
    rules_files.files_are_named_after_their_job,
    rules_files.modules_open_with_a_docstring,
    rules_files.files_stay_short,
    rules_files.nothing_is_left_to_do,
    rules_files.no_file_names_a_package_registry,
    rules_files.migrations_are_numbered_without_gap,
    rules_files.every_package_is_under_the_rules,
    rules_doors.public_endpoints_are_listed,
    rules_doors.endpoints_say_who_may_call,
    rules_docs.links_lead_somewhere,
    rules_docs.linked_names_are_defined_there,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_repository_keeps_the_rule(rule: Rule) -> None:
    violations = list(rule(REPOSITORY))
    assert not violations, "\n".join(violations)


def test_the_repository_keeps_the_import_rules() -> None:
    report = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert report.returncode == 0, report.stdout + report.stderr


def test_every_listed_public_endpoint_exists() -> None:
    declared = {endpoint for _, _, endpoint in rules_doors.declared_public(REPOSITORY)}
    listed = {one for one in rules_doors.listed() if not one.startswith("every ")}
    assert listed - declared == set()


def test_the_pages_that_every_service_has_are_listed() -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.extend(pages.router(app, Health()).routes)
    listed = {one.removeprefix("every ") for one in rules_doors.listed() if "every " in one}
    assert auth.public_routes(app) == listed
    assert auth.protected_routes(app) == {}


def test_every_excuse_is_still_needed() -> None:
    lines = rules_code.BLIND_EXCEPTS.read_text(encoding="utf-8").splitlines()
    excused = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert all("except Exception" in (REPOSITORY / name).read_text() for name in excused)
    assert all(len(line.split()) > 3 for line in lines if line)
    assert all((REPOSITORY / name).is_file() for name in rules_files.LONGER)
