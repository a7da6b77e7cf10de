"""Logs: one line stays one line, nothing personal comes through, and no library floods them."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import structlog
from pydantic import BaseModel

from chassis import logs

Said = Callable[[], list[dict[str, Any]]]
NIK = "3174012345678901"


@pytest.fixture(autouse=True)
def logging_as_in_a_service() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    httpx_level = logging.getLogger("httpx").level
    configuration = structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(httpx_level)
    structlog.configure(**configuration)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """What was logged since the last look."""

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return lines


def test_a_line_says_when_how_bad_who_what_and_in_which_request(said: Said) -> None:
    logs.configure("booking")
    token = logs.request_id.set("request-0001")
    structlog.get_logger().info("relay.round", sent=3, ids=[uuid4()])
    logs.request_id.reset(token)
    (line,) = said()
    assert line["event"] == "relay.round"
    assert line["level"] == "info"
    assert line["service"] == "booking"
    assert line["request_id"] == "request-0001"
    assert line["sent"] == 3
    assert str(line["time"]).endswith("Z")


@pytest.mark.parametrize(
    "evil",
    [
        'x"}\n{"event":"forged","level":"info"}',
        "a\r\nb",
        "\x1b[2J\x1b[31mred",
        "\u2028\u2029\x85\x9b31m\x7f\x00",
        "\ud800 half a character",
    ],
)
def test_no_text_can_end_its_line_or_move_the_cursor(
    evil: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("booking")
    structlog.get_logger().warning(evil, where=evil, more={"inner": [evil]})
    logging.getLogger("library").warning("said %s", evil)
    out = capsys.readouterr().out
    assert out.count("\n") == len(out.splitlines()) == 2
    assert all(" " <= character <= "~" for character in out.replace("\n", ""))
    assert [json.loads(line)["level"] for line in out.splitlines()] == ["warning", "warning"]
    assert json.loads(out.splitlines()[0])["where"] == evil


class Citizen(BaseModel):
    full: str = NIK


def test_personal_keys_and_whole_objects_are_masked_at_any_depth(said: Said) -> None:
    logs.configure("booking")
    structlog.get_logger().info(
        "x",
        nik=NIK,
        applicant_name=NIK,
        Phone=NIK,
        payload={"a": NIK},
        deep={"list": [{"e_mail": "kept", "email": NIK, "person": [NIK]}]},
        model=Citizen(),
        raw=NIK.encode(),
        authorization=f"Bearer {NIK}",
        person_id="0199",
        long="y" * 5000,
    )
    (line,) = said()
    assert NIK not in json.dumps(line)
    assert line["nik"] == line["Phone"] == line["model"] == line["raw"] == logs.MASK
    assert line["person_id"] == "0199"
    assert len(line["long"]) == logs.MAX_TEXT + 1


def test_an_exception_is_its_class_and_places_without_its_message(said: Said) -> None:
    logs.configure("booking")
    try:
        try:
            int(NIK + "x")
        except ValueError as cause:
            raise KeyError(NIK) from cause
    except KeyError:
        structlog.get_logger().exception("broken")
        logging.getLogger("library").exception("broken too")
    for line in said():
        assert NIK not in json.dumps(line)
        assert (line["exception"], line["because_of"]) == ("KeyError", "ValueError")
        assert "test_an_exception" in str(line["at"])


def test_levels_below_the_chosen_one_are_not_written(said: Said) -> None:
    logs.configure("booking")
    structlog.get_logger().debug("quiet")
    logging.getLogger("library").debug("quiet")
    assert said() == []


def test_an_outage_makes_a_client_library_write_a_few_lines_only(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure("booking")
    now = 1000.0
    monkeypatch.setattr("chassis.logs.time.monotonic", lambda: now)
    for _ in range(500):
        logging.getLogger("aiokafka.conn").error("connection failed")
        logging.getLogger("aiokafka.cluster").error("no broker")
    logging.getLogger("ours").error("still heard")
    lines = said()
    assert len(lines) == logs.NOISY_LINES + 1
    assert lines[-1]["event"] == "still heard"
    now += logs.NOISY_SECONDS
    logging.getLogger("aiokafka.conn").error("connection failed")
    (line,) = said()
    assert line["held_back_before"] == 1000 - logs.NOISY_LINES
    assert line["logger"] == "aiokafka.conn"
