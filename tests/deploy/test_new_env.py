"""deploy/new-env writes secrets that nobody else has, once."""

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from local import credentials
from tests.deploy import compose


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh clone, as far as the script looks at one."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(compose.ROOT / "deploy" / "new-env", tmp_path / "deploy")
    shutil.copy(compose.ROOT / ".env.example", tmp_path)
    return tmp_path


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "deploy" / "new-env"], capture_output=True, text=True, timeout=20, check=False
    )


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_empty_name_gets_its_own_random_value(checkout: Path) -> None:
    assert _run(checkout).returncode == 0
    lines = (checkout / ".env").read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
    secrets = [value for name, value in values.items() if "PASSWORD" in name]
    assert len(secrets) == len(set(secrets)) == 18
    assert all(len(value) == 64 and value.isalnum() for value in secrets)
    assert values["LOKET_TRACES"] == "off"
    assert _mode(checkout / ".env") == 0o600


def test_the_keys_that_compose_names_are_made_and_other_users_cannot_reach_them(
    checkout: Path,
) -> None:
    _run(checkout)
    keys = [checkout / secret.file for secret in compose.read().secrets.values()]
    assert {key.name for key in keys} == {key.name for key in (checkout / ".secrets").iterdir()}
    assert len({key.read_bytes() for key in keys}) == len(keys)
    lengths = {key.name: len(key.read_bytes()) for key in keys}
    assert lengths.pop("kafka-admin") > 64
    assert lengths == {
        "booking-code-key": 64,
        "queue-code-key": 64,
        "tracking-code-key": 64,
        "notify-key": 32,
        **{f"kafka-{name}": 64 for name in credentials.PLATFORM},
    }
    assert _mode(checkout / ".secrets") == 0o700


def test_kafkas_own_tools_log_in_with_the_password_that_the_broker_knows(checkout: Path) -> None:
    _run(checkout)
    (line,) = re.findall("^KAFKA_ADMIN_PASSWORD=(.+)$", _env(checkout), re.MULTILINE)
    assert f'username="admin" password="{line}";' in (checkout / ".secrets/kafka-admin").read_text()


def _env(folder: Path) -> str:
    return (folder / ".env").read_text(encoding="utf-8")


def test_a_second_run_touches_nothing_and_says_why(checkout: Path) -> None:
    _run(checkout)
    before = (checkout / ".env").read_bytes()
    again = _run(checkout)
    assert again.returncode == 1
    assert "already" in again.stderr
    assert (checkout / ".env").read_bytes() == before
