"""What is kept in lists: settings, metrics and fail-points are complete, documented and used."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from chassis import failpoints, metrics
from chassis.failpoints import POINTS, CausedFailure, arm, failpoint
from chassis.settings import ServiceSettings, SettingsProblem, describe

ROOT = Path(__file__).parents[2]
NEEDED = {
    "LOKET_DATABASE_URL": "postgresql+asyncpg://booking:s3cret@db:5432/booking",
    "LOKET_KAFKA_BOOTSTRAP": "kafka:9092",
    "LOKET_JWKS_URL": "http://issuer/jwks",
    "LOKET_TOKEN_ISSUER": "http://issuer",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_settings_come_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("LOKET_HTTP_PORT", "8123")
    environment.setenv("LOKET_OWNER_DATABASE_URL", "")
    settings = ServiceSettings.load()
    assert settings.http_port == 8123
    assert settings.owner_database_url is None
    assert settings.database_url.get_secret_value() == NEEDED["LOKET_DATABASE_URL"]


def test_settings_never_print_secrets(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("LOKET_RELAY_DATABASE_URL", "postgresql://relay:s3cret@db/x")
    settings = ServiceSettings.load()
    assert "s3cret" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_wrong_settings_are_named_with_what_they_mean(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("LOKET_KAFKA_BOOTSTRAP")
    environment.setenv("LOKET_HTTP_PORT", "s3cret")
    with pytest.raises(SettingsProblem) as caught:
        ServiceSettings.load()
    text = str(caught.value)
    assert "LOKET_KAFKA_BOOTSTRAP: Field required. Kafka brokers" in text
    assert "LOKET_HTTP_PORT" in text
    assert "s3cret" not in text


def test_a_way_into_kafka_that_cannot_be_gone_is_named_at_the_start(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def told() -> str:
        with pytest.raises(SettingsProblem) as caught:
            ServiceSettings.load()
        return str(caught.value)

    environment.setenv("LOKET_KAFKA_TLS", "true")
    assert told().startswith("LOKET_KAFKA_USERNAME: needed")
    environment.setenv("LOKET_KAFKA_USERNAME", "booking")
    environment.setenv("LOKET_KAFKA_PASSWORD_FILE", str(tmp_path / "word"))
    assert told().startswith("LOKET_KAFKA_PASSWORD_FILE: names no file")
    (tmp_path / "word").write_text("s3cret")
    environment.setenv("LOKET_KAFKA_CA_FILE", str(tmp_path / "ca"))
    assert told() == "LOKET_KAFKA_CA_FILE: no file with certificates."
    (tmp_path / "ca").write_text("no certificate")
    assert told() == "LOKET_KAFKA_CA_FILE: no file with certificates."
    environment.delenv("LOKET_KAFKA_CA_FILE")
    assert ServiceSettings.load().kafka_tls


def test_every_setting_is_described() -> None:
    rows = describe(ServiceSettings)
    assert len(rows) == len(ServiceSettings.model_fields)
    for row in rows:
        assert row.variable.startswith("LOKET_")
        assert row.description.endswith("."), row.variable
    by_name = {row.variable: row for row in rows}
    assert by_name["LOKET_DATABASE_URL"].default == "required"
    assert by_name["LOKET_RELAY_DATABASE_URL"].default == "unset"


def test_every_duration_and_size_says_its_unit() -> None:
    for row in describe(ServiceSettings):
        for unit in ("seconds", "bytes"):
            if row.variable.lower().endswith(unit):
                assert unit in row.description.lower(), row.variable


def test_every_metric_is_documented_and_well_named() -> None:
    page = metrics.markdown()
    for metric in metrics.every():
        assert re.fullmatch(r"loket_[a-z0-9_]+", metric.name)
        assert f"| `{metric.name}` | {metric.kind} |" in page
        assert metric.meaning
        assert metric.moves
        if metric.kind == "counter":
            assert metric.name.endswith("_total")
        if "duration" in metric.name or "age" in metric.name:
            assert metric.name.endswith("_seconds")


def test_every_exposed_metric_is_on_the_list() -> None:
    metrics.BUILD("booking", "0.1.0", "3.11").set(1)
    exposed = set(re.findall(r"^# TYPE (\S+)", metrics.exposition().decode(), re.MULTILINE))
    listed = {metric.name for metric in metrics.every()}
    assert {name.removesuffix("_created") for name in exposed} - {
        name.removesuffix("_total") for name in listed
    } <= listed


def test_no_metric_is_labelled_with_a_person() -> None:
    allowed = {"method", "route", "status", "command", "outcome", "topic", "partition", "reason"}
    allowed |= {"consumer", "hub", "timer", "service", "version", "python", "table", "by", "part"}
    assert {label for metric in metrics.every() for label in metric.labels} <= allowed


def test_a_child_is_made_once() -> None:
    assert metrics.COMMANDS("A", "done") is metrics.COMMANDS("A", "done")


@pytest.fixture
def disarmed() -> object:
    yield None
    arm("")


async def test_unarmed_places_do_nothing(disarmed: object) -> None:
    for name in POINTS:
        await failpoint(name)


async def test_a_place_fails_when_it_is_told_to(disarmed: object) -> None:
    arm("relay.after_send=error@3, consume.after_poll=sleep:0.0")
    await failpoint("consume.after_poll")
    outcomes = []
    for _ in range(5):
        try:
            await failpoint("relay.after_send")
            outcomes.append("passed")
        except CausedFailure:
            outcomes.append("failed")
    assert outcomes == ["passed", "passed", "failed", "passed", "passed"]
    arm("relay.after_send=error")
    for _ in range(2):
        with pytest.raises(CausedFailure):
            await failpoint("relay.after_send")


def test_a_crash_is_a_kill(disarmed: object) -> None:
    program = (
        "import asyncio; from chassis.failpoints import arm, failpoint\n"
        "arm('dispatch.before_commit=crash@2')\n"
        "async def main():\n"
        "    for turn in range(9):\n"
        "        print(turn, flush=True); await failpoint('dispatch.before_commit')\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=20, check=False
    )
    assert done.returncode == -9
    assert done.stdout.split() == [b"0", b"1"]


@pytest.mark.parametrize(
    "text",
    [
        "relay.after_sned=crash",
        "relay.after_send",
        "relay.after_send=explode",
        "relay.after_send=sleep",
        "relay.after_send=error@0",
        "relay.after_send=error;consume.after_poll=error",
    ],
)
def test_what_cannot_be_armed_is_an_error_at_the_start(text: str, disarmed: object) -> None:
    with pytest.raises(ValueError, match="LOKET_FAILPOINTS"):
        arm(text)
    assert failpoints._armed == {}


def test_every_place_in_the_code_is_on_the_list() -> None:
    called = set()
    for folder in ("chassis", "services"):
        for file in (ROOT / folder).rglob("*.py"):
            called |= set(re.findall(r'failpoint\(\s*"([^"]*)"', file.read_text()))
    assert called <= POINTS.keys()


def test_every_place_is_explained() -> None:
    for name, sentence in POINTS.items():
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", name)
        assert sentence.endswith("."), name
