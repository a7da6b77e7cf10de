"""Surveys: once per ticket that was served, by its holder, and published of five or more only."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from chassis import clock
from contracts.ids import TicketId
from services.queue.settings import TicketCodes
from tests.services.queue.conftest import KTP, MALL, Fresh, Queue, today, two_processes

pytestmark = pytest.mark.integration


def judging(*scores: int) -> dict[str, int]:
    """The nine elements; the last score stands for the rest."""
    given = [*scores, *[scores[-1]] * (9 - len(scores))]
    return {f"u{place}": score for place, score in enumerate(given, start=1)}


def month() -> str:
    return f"{today():%Y-%m}"


async def served(queue: Queue, counter_id: str, outcome: str = "served") -> dict[str, str]:
    """The slip of a ticket that has been through a counter."""
    issued = await queue.issue()
    slip: dict[str, str] = issued.json()
    called = await queue.called(counter_id)
    assert called["ticket_id"] == slip["ticket_id"]
    if outcome == "served":
        assert (await queue.serve(slip["ticket_id"], counter_id)).status_code == 200
    assert (await queue.finish(slip["ticket_id"], counter_id, outcome)).status_code == 200
    return slip


async def judge(
    queue: Queue, slip: dict[str, str], form: dict[str, Any], *, key: str | None = None
) -> httpx.Response:
    headers = {"Ticket-Code": slip["code"]}
    return await queue.post(
        f"/v1/tickets/{slip['ticket_id']}/survey", form, key=key, headers=headers
    )


async def ikm(queue: Queue, **query: str) -> httpx.Response:
    asked = {"mall": MALL, "from_month": month(), "to_month": month(), **query}
    return await queue.probe.client.get("/v1/surveys/ikm", params=asked)


async def test_a_holder_judges_once_and_only_after_service(queue: Queue) -> None:
    counter_id = await queue.opened()
    slip = (await queue.issue()).json()
    early = await judge(queue, slip, judging(4))
    assert (early.status_code, early.json()["code"]) == (409, "not_served_here_yet")
    await queue.called(counter_id)
    await queue.serve(slip["ticket_id"], counter_id)
    await queue.finish(slip["ticket_id"], counter_id)
    first = await judge(queue, slip, judging(4, 3))
    assert (first.status_code, first.json()) == (201, {"service": KTP})
    second = await judge(queue, slip, judging(1))
    assert (second.status_code, second.json()["code"]) == (409, "already_answered")


async def test_who_did_not_come_judges_nothing(queue: Queue) -> None:
    slip = await served(queue, await queue.opened(), "no_show")
    answer = await judge(queue, slip, judging(1))
    assert answer.json()["code"] == "not_served_here_yet"


async def test_only_the_slip_lets_somebody_judge(queue: Queue, key_file: Path) -> None:
    slip = await served(queue, await queue.opened())
    other = TicketCodes(key_file).code_of(TicketId.new())
    for code in ("", other, slip["code"][:-1]):
        answer = await judge(queue, {**slip, "code": code}, judging(4))
        assert answer.status_code == 403
    assert (await judge(queue, {**slip, "code": slip["code"].lower()}, judging(4))).is_success


async def test_twenty_answers_at_once_to_one_ticket_are_one(
    fresh_database: Fresh, key_file: Path
) -> None:
    async with two_processes(fresh_database, key_file) as both:
        one = both[0].probe
        slip = await served(both[0], await both[0].opened())
        answers = await asyncio.gather(
            *(judge(both[turn % 2], slip, judging(1 + turn % 4)) for turn in range(20))
        )
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
        (sums,) = await one.rows("SELECT respondents FROM survey_months")
        (kept,) = await one.rows("SELECT count(*) AS count FROM surveys")
        assert sums["respondents"] == kept["count"] == 1


async def test_an_answer_says_neither_who_nor_when(queue: Queue) -> None:
    slip = await served(queue, await queue.opened())
    await judge(queue, slip, judging(2, 3, 4, 1))
    (fact,) = [one for one in await queue.probe.facts() if one["type"].startswith("queue.survey")]
    told = json.dumps(fact, default=str)
    assert slip["ticket_id"] not in told
    assert slip["label"] not in told
    assert (fact["time"].hour, fact["time"].minute, fact["time"].second) == (0, 0, 0)
    assert set(fact["payload"]) == {"survey_id", "mall", "service", "service_date", *judging(1)}
    rows = await queue.probe.rows("SELECT at FROM commands WHERE name = 'AnswerSurvey'")
    assert [row["at"].hour for row in rows] == [0]


async def test_the_index_is_exact_and_appears_in_steps_of_five(queue: Queue) -> None:
    counter_id = await queue.opened()
    seen: list[int] = []
    for turn in range(11):
        slip = await served(queue, counter_id)
        assert (await judge(queue, slip, judging(2, 3))).status_code == 201
        answer = await ikm(queue)
        if turn < 4:
            assert (answer.status_code, answer.json()["code"]) == (404, "too_few_answers")
        else:
            seen.append(answer.json()["respondents"])
    assert seen == [5] * 5 + [10] * 2
    found = (await ikm(queue, service=KTP)).json()
    assert (found["ikm"], found["grade"], found["respondents"]) == ("72.22", "C", 10)
    assert [one["mean"] for one in found["elements"]] == ["2.00"] + ["3.00"] * 8
    assert found["elements"][0]["name_id"] == "Persyaratan"
    assert (await ikm(queue, service="DUK-KIA")).status_code == 404
    assert (await ikm(queue, from_month="2026-03", to_month="2026-02")).status_code == 400
    (sums,) = await queue.probe.rows("SELECT respondents, s1, shown, p1 FROM survey_months")
    assert tuple(sums) == (11, 22, 10, 20)


async def test_a_survey_is_open_for_thirty_days(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    slip = await served(queue, await queue.opened())
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=32))
    late = await judge(queue, slip, judging(4))
    assert (late.status_code, late.json()["code"]) == (409, "survey_over")


@pytest.mark.parametrize(
    "form",
    [
        {**judging(4), "u3": 5},
        {**judging(4), "u9": 0},
        {f"u{place}": 4 for place in range(1, 9)},
        {**judging(4), "comment": "words would tell who writes"},
    ],
)
async def test_nine_scores_of_one_to_four_and_nothing_else(
    queue: Queue, form: dict[str, Any]
) -> None:
    slip = await served(queue, await queue.opened())
    assert (await judge(queue, slip, form)).status_code == 400


_MONTH = "INSERT INTO survey_months (mall, service, month, respondents, {}) VALUES ({})"
_ANSWER = "INSERT INTO surveys VALUES (gen_random_uuid(), {})"
_SUMS = ", ".join(f"s{place}" for place in range(1, 10))
_SHOWN = "shown, " + ", ".join(f"p{place}" for place in range(1, 10))
_KEY = "'m', 's', '2026-03-01'"
BROKEN = [
    (_MONTH.format(_SUMS, f"{_KEY}, 2, 1{', 2' * 8}"), "add_up"),
    (_MONTH.format(_SUMS, f"{_KEY}, 2, 9{', 8' * 8}"), "add_up"),
    (_MONTH.format(f"{_SUMS}, {_SHOWN}", f"{_KEY}, 2{', 2' * 9}{', 3' * 10}"), "show_in_steps"),
    (_ANSWER.format(f"{_KEY}, 5{', 1' * 8}"), "u1_is_1_to_4"),
]


@pytest.mark.parametrize("statement, constraint", BROKEN)
async def test_whoever_goes_round_the_domain_meets_a_constraint(
    queue: Queue, statement: str, constraint: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match=constraint):
        await queue.probe.rows(statement)


async def test_a_kiosk_prints_the_slip_of_a_ticket_of_its_mall(queue: Queue) -> None:
    slip = (await queue.issue()).json()
    path = f"/v1/tickets/{slip['ticket_id']}/slip"
    again = await queue.probe.client.get(path, headers=queue.kiosk)
    printed = {name: slip[name] for name in ("ticket_id", "label", "number", "code")}
    assert again.json() == printed
    officer = await queue.probe.client.get(path, headers=queue.officer)
    assert officer.status_code == 403
    elsewhere = queue.probe.bearer("kiosk-9", "kiosk", mall="mpp-lain")
    assert (await queue.probe.client.get(path, headers=elsewhere)).json()["code"] == "not_yours"
    unknown = f"/v1/tickets/{TicketId.new()}/slip"
    assert (await queue.probe.client.get(unknown, headers=queue.kiosk)).status_code == 404
