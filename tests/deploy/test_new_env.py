"""deploy/new-env writes secrets that nobody else has, once."""

import shutil
import stat
import subprocess
from pathlib import Path

from tests.deploy.compose import ROOT


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "deploy" / "new-env"], capture_output=True, text=True, timeout=20, check=False
    )


def test_every_empty_name_gets_its_own_random_value_and_an_old_file_stays(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "new-env", tmp_path / "deploy")
    shutil.copy(ROOT / ".env.example", tmp_path)
    assert _run(tmp_path).returncode == 0
    file = tmp_path / ".env"
    lines = file.read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
    secrets = [value for name, value in values.items() if "PASSWORD" in name or "KEY" in name]
    assert len(secrets) == len(set(secrets)) == 19
    assert all(len(value) == 64 and value.isalnum() for value in secrets)
    assert values["LOKET_TRACES"] == "off"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = _run(tmp_path)
    assert again.returncode == 1
    assert "already" in again.stderr
    assert file.read_text(encoding="utf-8").splitlines() == lines
