"""What the programs of the stack are told about callers: no limit, unless somebody wants one."""

from pathlib import Path

import pytest

from local import plan
from local.postgres import Postgres
from local.supervisor import Program

RATES = ("LOKET_CALLER_RATE", "LOKET_ADDRESS_RATE")


def services(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[Program]:
    """The services' programs as the stack would start them; nothing is started."""
    monkeypatch.setattr(Postgres, "url", lambda *_: "postgresql+asyncpg://nowhere")
    ports = {name: number for number, name in enumerate(plan.FRIENDLY, start=1)}
    made = plan.programs(
        plan.Options(home), ports, "127.0.0.1:1", Postgres(home / "postgres", port=1)
    )
    return [one for one in made if one.name in plan.SERVICES]


def test_no_caller_of_the_local_stack_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rate in RATES:
        monkeypatch.delenv(rate, raising=False)
    for program in services(tmp_path, monkeypatch):
        assert [program.environment[rate] for rate in RATES] == ["0", "0"]


def test_whoever_wants_to_try_limits_there_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOKET_CALLER_RATE", "5")
    for program in services(tmp_path, monkeypatch):
        assert program.environment["LOKET_CALLER_RATE"] == "5"
