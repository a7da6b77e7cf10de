"""What an answer counts as when reports are asked for once, and what a stretch of load is."""

import asyncio
import os

import pytest

from bench import asking
from bench.asking import Answers, Door
from bench.reports import Load
from contracts.agencies import ActivityReported
from contracts.ids import AgencyId, ApplicationId, ReportId
from simulator.replay.wire import ConnectionLost, Reply

AGENCY = AgencyId("one")


def said() -> ActivityReported:
    return ActivityReported(
        report_id=ReportId.new(), application_id=ApplicationId.new(), activity="step"
    )


class Wire:
    """A server that gives these answers in turn; None is none."""

    def __init__(self, *replies: Reply | None) -> None:
        self.replies = list(replies)

    async def post(self, *_: object) -> Reply:
        await asyncio.sleep(0)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if reply is None:
            raise ConnectionLost("TimeoutError")
        return reply


def door(*replies: Reply | None) -> Door:
    load = Load("http", 0, 0, [ApplicationId.new()], [AGENCY])
    wire: object = Wire(*replies)
    return Door(wire, {AGENCY: {}}, load)  # type: ignore[arg-type]  # stands in for the real one


@pytest.mark.parametrize("status", [429, 503])
def test_a_later_with_its_time_is_a_proper_answer(status: int) -> None:
    answers = Answers()
    answers.take(said(), Reply(status, {"retry-after": "1"}, b""))
    assert (answers.turned_away, answers.faults(), answers.accepted) == (1, [], [])


@pytest.mark.parametrize(
    "reply, fault",
    [
        (Reply(503, {}, b""), "1 answers 503 without Retry-After"),
        (Reply(504, {"retry-after": "1"}, b""), "1 answers 504"),
        (Reply(500, {}, b""), "1 answers 500"),
    ],
)
def test_everything_else_is_a_fault(reply: Reply, fault: str) -> None:
    answers = Answers()
    answers.take(said(), reply)
    assert answers.faults() == [fault]
    assert answers.turned_away == 0


async def test_what_is_accepted_is_what_will_be_looked_for_and_no_answer_is_a_fault() -> None:
    answers, way = Answers(), door(Reply(201, {}, b""), None)
    await way.ask(answers)
    await way.ask(answers)
    assert (answers.asked, len(answers.sent().reports)) == (2, 1)
    assert answers.faults() == ["1 requests without an answer (TimeoutError)"]


async def test_a_stretch_counts_what_was_accepted_after_the_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "DROPPED_SECONDS", 0.05)
    answers = Answers()
    way = door(Reply(201, {}, b""))
    leg = await asking.stretch(
        lambda stop: asking.on_time(way, answers, 200.0, stop), answers, 0.1, os.getpid()
    )
    assert 0 < leg.operations < len(answers.accepted)
    assert leg.operations == pytest.approx(leg.rate * leg.seconds)


async def test_closed_callers_stop_when_they_are_told() -> None:
    answers, stop = Answers(), asyncio.Event()
    load = asyncio.create_task(asking.closed(door(Reply(201, {}, b"")), answers, stop))
    async with asyncio.timeout(5):
        while len(answers.accepted) < 2 * asking.CALLERS:  # noqa: ASYNC110 - plain state
            await asyncio.sleep(0)
        stop.set()
        await load
    assert answers.asked == len(answers.accepted)
