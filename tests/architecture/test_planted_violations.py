"""Each rule reports the violation that is planted for it, and nothing in a tree without one."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture import rules_code, rules_docs, rules_doors, rules_files
from tests.architecture.planting import lay_out, plant
from tests.architecture.test_rules import RULES, Rule
from tests.architecture.tree import REPOSITORY

CODE: list[tuple[Rule, str, str]] = [
    (
        rules_code.domain_reads_no_clock_and_draws_no_lots,
        "services/booking/domain/session.py",
        "from datetime import UTC, datetime\nAT = datetime.now(UTC)",
    ),
    (
        rules_code.domain_reads_no_clock_and_draws_no_lots,
        "services/booking/commands.py",
        "from contracts.ids import TicketId\nFRESH = TicketId.new",
    ),
    (
        rules_code.domain_reads_no_clock_and_draws_no_lots,
        "services/booking/commands/holds.py",
        "from contracts.ids import TicketId\nFRESH = TicketId.new",
    ),
    (
        rules_code.domain_reads_no_clock_and_draws_no_lots,
        "services/queue/domain.py",
        "from random import choice",
    ),
    (
        rules_code.domain_reads_no_clock_and_draws_no_lots,
        "services/queue/domain.py",
        "SEATS = open('/seats')",
    ),
    (
        rules_code.sql_is_never_put_together,
        "services/booking/store.py",
        "def find(tx, name):\n    return tx.fetch(f\"SELECT 1 WHERE name = '{name}'\")",
    ),
    (
        rules_code.sql_is_never_put_together,
        "chassis/database.py",
        "def find(tx, name):\n    return tx.execute('SELECT 1 WHERE name = ' + name)",
    ),
    (
        rules_code.sql_is_never_put_together,
        "services/booking/queries.py",
        "def find(tx, name):\n    return tx.fetchval('SELECT {}'.format(name))",
    ),
    (
        rules_code.only_the_chassis_opens_connections,
        "services/booking/delivery.py",
        "import aiokafka\nproducer = aiokafka.AIOKafkaProducer()",
    ),
    (
        rules_code.only_the_chassis_opens_connections,
        "services/queue/consumers.py",
        "def subscribe(broker):\n    return broker.subscriber('queue.tickets.v1')",
    ),
    (
        rules_code.only_the_chassis_opens_connections,
        "services/booking/wiring.py",
        "import sqlalchemy\nengine = sqlalchemy.create_engine('x')",
    ),
    (
        rules_code.only_the_chassis_touches_engines,
        "services/booking/store.py",
        "from sqlalchemy.ext.asyncio import AsyncConnection",
    ),
    (rules_code.only_the_chassis_touches_engines, "loket/parked.py", "import asyncpg"),
    (
        rules_code.blind_excepts_are_at_listed_edges,
        "services/booking/delivery.py",
        "try:\n    pass\nexcept (ValueError, Exception):\n    pass",
    ),
    (
        rules_code.blind_excepts_are_at_listed_edges,
        "chassis/database.py",
        "try:\n    pass\nexcept:\n    pass",
    ),
    (rules_code.contracts_need_pydantic_only, "contracts/schema.py", "import yaml"),
    (
        rules_code.nobody_changes_the_path,
        "loket/__main__.py",
        "import sys\nsys.path.insert(0, 'services')",
    ),
    (rules_code.classes_say_what_they_are, "chassis/relay.py", "class RelayManager: ..."),
    (rules_code.every_silenced_warning_has_a_reason, "chassis/relay.py", "X = 1  # noqa: S105"),
    (rules_code.every_silenced_warning_has_a_reason, "chassis/relay.py", "X = 1  # type: ignore"),
    (rules_files.files_are_named_after_their_job, "services/queue/domain/helpers.py", ""),
    (rules_files.files_are_named_after_their_job, "tests/common/test_a.py", ""),
    (rules_files.files_stay_short, "services/booking/handlers.py", "X = 1\n" * 300),
    (rules_files.nothing_is_left_to_do, "services/booking/api.py", "# TO" + "DO: the rest"),
    (rules_files.nothing_is_left_to_do, "docs/walkthrough.md", "<!-- FIX" + "ME -->"),
    (
        rules_files.no_file_names_a_package_registry,
        "requirements/dev.in",
        "--index-url https://py" + "pi.org/simple",
    ),
    (
        rules_files.no_file_names_a_package_registry,
        "deploy/Dockerfile",
        "FROM ghcr" + ".io/somebody/python",
    ),
    (
        rules_files.migrations_are_numbered_without_gap,
        "services/booking/migrations/0003_add_holds.sql",
        "",
    ),
    (
        rules_files.migrations_are_numbered_without_gap,
        "services/booking/migrations/2_holds.sql",
        "",
    ),
    (rules_files.every_package_is_under_the_rules, "tools/__init__.py", ""),
    (
        rules_doors.public_endpoints_are_listed,
        "services/booking/api.py",
        "@router.command('/v1/unlisted', allow=PUBLIC)\ndef book(): ...",
    ),
    (
        rules_doors.endpoints_say_who_may_call,
        "services/queue/api.py",
        "@router.query('/v1/tickets/{ticket}')\nasync def ticket(): ...",
    ),
    (
        rules_doors.endpoints_say_who_may_call,
        "services/queue/api.py",
        "@router.get('/v1/tickets/{ticket}', dependencies=[])\nasync def ticket(): ...",
    ),
    (rules_docs.links_lead_somewhere, "docs/page.md", "[the map](map.md)"),
    (rules_docs.links_lead_somewhere, "docs/page.md", "# Here\n\n[there](#nowhere)"),
    (
        rules_docs.linked_names_are_defined_there,
        "docs/page.md",
        "[`submit_application`](../services/booking/api.py)",
    ),
]

# Contract id in pyproject.toml, the file that breaks it, what stands in it.
IMPORTS: list[tuple[str, str, str]] = [
    ("services-apart", "services/queue/wiring.py", "import services.booking.queries"),
    ("one-direction", "contracts/base.py", "import chassis.clock"),
    ("one-direction", "chassis/relay.py", "import services.queue.handlers"),
    ("one-direction", "services/booking/store.py", "import local.kafka"),
    ("one-direction", "services/booking/wiring.py", "import catalogue.checker"),
    ("one-direction", "sdk/client.py", "import services.queue.handlers"),
    ("one-direction", "chassis/relay.py", "import sdk.client"),
    ("service-anatomy", "services/queue/utils.py", ""),
    ("service-anatomy", "services/booking/commands.py", "import services.booking.handlers"),
    ("service-anatomy", "services/booking/handlers.py", "import services.booking.store"),
    ("service-anatomy", "services/booking/domain/session.py", "import services.booking.tables"),
    ("service-anatomy", "services/booking/queries.py", "import services.booking.stream"),
    ("service-anatomy", "services/booking/api.py", "import services.booking.wiring"),
    ("pure-domain", "services/booking/domain/session.py", "import sqlalchemy"),
    ("pure-domain", "services/booking/domain/session.py", "from time import time"),
    ("pure-domain", "services/booking/commands.py", "import random"),
    ("pure-domain", "services/queue/domain.py", "import chassis.clock"),
    ("plain-handlers", "services/booking/handlers.py", "import chassis.dispatch"),
    ("plain-handlers", "services/queue/handlers.py", "from sqlalchemy import select"),
    ("blind-chassis", "chassis/dispatch.py", "from contracts import booking"),
    ("blind-chassis", "chassis/relay.py", "from contracts.catalog import EVENTS"),
    ("kafka-in-chassis", "services/booking/consumers.py", "import aiokafka"),
    ("kafka-in-chassis", "services/queue/wiring.py", "from faststream.kafka import KafkaBroker"),
    ("kafka-in-chassis", "catalogue/checker.py", "import aiokafka"),
    ("doors-speak-commands", "services/booking/api.py", "import services.booking.store"),
    ("doors-speak-commands", "services/booking/api.py", "import services.booking.handlers"),
    ("doors-speak-commands", "services/booking/consumers.py", "import services.booking.domain"),
    ("doors-speak-commands", "services/booking/consumers.py", "import services.booking.tables"),
    ("simulator-outside", "simulator/morning.py", "import services.booking.queries"),
    ("checker-alone", "checker/reading.py", "import contracts.envelope"),
    ("checker-alone", "checker/reading.py", "import aiokafka"),
    ("no-cycles", "chassis/clock.py", "import chassis.relay"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree of the repository's shape that keeps every rule."""
    lay_out(tmp_path)
    return tmp_path


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_tree_without_violations_passes(rule: Rule, tree: Path) -> None:
    assert list(rule(tree)) == []


@pytest.mark.parametrize(
    "rule,path,text", CODE, ids=[f"{rule.__name__}-{path}" for rule, path, _ in CODE]
)
def test_a_planted_violation_is_reported(rule: Rule, path: str, text: str, tree: Path) -> None:
    plant(tree, path, text)
    (violation,) = rule(tree)
    assert violation.startswith(path.removesuffix("/__init__.py").partition("/migrations")[0])


def test_a_module_without_a_docstring_is_reported(tree: Path) -> None:
    plant(tree, "chassis/relay.py", "X = 1", opening="")
    assert len(list(rules_files.modules_open_with_a_docstring(tree))) == 1


def test_every_rule_has_a_planted_violation() -> None:
    planted = {rule for rule, _, _ in CODE} | {rules_files.modules_open_with_a_docstring}
    assert planted == set(RULES)


def test_an_excuse_with_a_reason_is_accepted(tree: Path) -> None:
    plant(
        tree,
        "chassis/database.py",
        "def lock(tx, table):\n"
        "    tx.execute(f'LOCK {table}')  # sql: the name comes from our own table\n"
        "X = 1  # noqa: S105 - no secret, a name",
    )
    assert not list(rules_code.sql_is_never_put_together(tree))
    assert not list(rules_code.every_silenced_warning_has_a_reason(tree))


def test_a_handler_that_cleans_up_and_raises_again_is_accepted(tree: Path) -> None:
    text = "try:\n    pass\nexcept BaseException:\n    print()\n    raise"
    plant(tree, "chassis/database.py", text)
    assert not list(rules_code.blind_excepts_are_at_listed_edges(tree))


def _contracts() -> dict[str, str]:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        contract["id"]: contract["name"]
        for contract in settings["tool"]["importlinter"]["contracts"]
    }


def _broken(tree: Path) -> set[str]:
    """The ids of the import contracts that import-linter finds broken in a tree."""
    report = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=tree,
        env={"COLUMNS": "200", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)$", report.stdout, re.MULTILINE))
    contracts = _contracts()
    assert set(verdicts) == set(contracts.values()), report.stdout + report.stderr
    return {name for name, sentence in contracts.items() if verdicts[sentence] == "BROKEN"}


def test_a_tree_without_violations_keeps_the_import_rules(tree: Path) -> None:
    assert _broken(tree) == set()


@pytest.mark.parametrize(
    "contract,path,text", IMPORTS, ids=[f"{name}-{path}" for name, path, _ in IMPORTS]
)
def test_a_planted_import_breaks_its_contract(
    contract: str, path: str, text: str, tree: Path
) -> None:
    if path.startswith("sdk/") or "sdk" in text:
        _add_sdk(tree)
    if contract == "no-cycles":
        plant(tree, "chassis/relay.py", "import chassis.clock")
    plant(tree, path, text)
    assert contract in _broken(tree)


def _add_sdk(tree: Path) -> None:
    settings = tree / "pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('    "loket",\n]', '    "loket",\n    "sdk",\n]', 1), "utf-8")
    plant(tree, "sdk/__init__.py", "")
    plant(tree, "sdk/client.py", "")


def test_every_import_contract_has_a_planted_violation() -> None:
    assert {contract for contract, _, _ in IMPORTS} == set(_contracts())


@pytest.mark.parametrize("path", ["services/booking/api.py", "simulator/morning.py"])
@pytest.mark.parametrize(
    "text",
    [
        "from datetime import UTC, datetime\nAT = datetime.now(UTC)",
        "import time\nAT = time.time()",
        "import uuid\nFRESH = uuid.uuid4()",
    ],
    ids=["now", "time", "uuid4"],
)
def test_ruff_names_what_to_use_instead_of_clock_and_lots(path: str, text: str, tree: Path) -> None:
    plant(tree, path, text)
    plant(tree, "chassis/clock.py", text)
    report = _ruff(tree, "--select", "TID251", "--output-format", "concise")
    (violation,) = [line for line in report.splitlines() if "TID251" in line]
    assert violation.startswith(path)
    assert "chassis.clock" in violation or "contracts.ids" in violation


def _ruff(tree: Path, *options: str) -> str:
    report = subprocess.run(
        [Path(sys.executable).with_name("ruff"), "check", "--no-cache", *options, "."],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return report.stdout
