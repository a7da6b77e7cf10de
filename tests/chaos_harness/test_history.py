"""The history is complete up to its last line, and says what the checker expects."""

import json
from pathlib import Path

from tests.chaos.history import Event, History

FIELDS = {"n", "at", "wall", "client", "op", "phase", "key", "request", "status", "code", "answer"}


def test_each_event_is_a_line_at_once(tmp_path: Path) -> None:
    history = History(tmp_path)
    request = {"service": "queue", "path": "/v1/tickets", "body": {}}
    history.add(Event("citizen", "walk_in", "invoke", "k1", 1, request))
    history.add(Event("citizen", "walk_in", "ok", "k1", 1, request, 201, None, {"number": 1}))
    lines = (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()
    history.close()
    invoked, ended = map(json.loads, lines)
    assert invoked.keys() >= FIELDS
    assert [invoked["n"], ended["n"]] == [1, 2]
    assert (ended["phase"], ended["status"], ended["answer"]) == ("ok", 201, {"number": 1})
    assert ended["at"] >= invoked["at"]


def test_only_answered_commands_count_as_acknowledged(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add(Event("reader", "read", "ok", None, 1, {}, 200))
    history.add(Event("citizen", "book", "unknown", "k1", 2, {}, 503, "unavailable"))
    history.add(Event("citizen", "book", "ok", "k1", 3, {}, 201))
    history.add(Event("citizen", "book", "refused", "k2", 4, {}, 409, "session_full"))
    history.close()
    assert history.acknowledged == 1
    assert history.phases == {"invoke": 0, "ok": 2, "refused": 1, "unknown": 1}
    assert history.statuses == {200: 1, 503: 1, 201: 1, 409: 1}
