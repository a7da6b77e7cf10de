"""A mail server that accepts and never answers holds up its own mails, and these only."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chassis.testing import Probe
from tests.services.notify.conftest import Start
from tests.services.notify.sink import Sink
from tests.services.notify.steps import make_due, register, submit, told

pytestmark = pytest.mark.integration
AT_ONCE = 3
# Nothing times out by itself while these tests look on, except where they say so.
PATIENT = {"smtp_seconds": 60, "attempt_seconds": 60, "lease_seconds": 120, "retry_seconds": 3600}


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await is_so():  # noqa: ASYNC110 - a socket and a database tell no event
            await asyncio.sleep(0.02)


async def submitted(probe: Probe, *addresses: str) -> None:
    """An application of each address; each is told that it has come in."""
    for address in addresses:
        await submit(probe, await register(probe, address, key=f"registration-{address}"))


def hung(sink: Sink, count: int) -> Callable[[], Awaitable[bool]]:
    """Whether so many mails wait for an answer."""

    async def look() -> bool:
        return sink.waiting == count

    return look


def arrived(sink: Sink, *addresses: str) -> Callable[[], Awaitable[bool]]:
    """Whether these have got their mail, and nobody else."""

    async def look() -> bool:
        return receivers(sink) == set(addresses)

    return look


def receivers(sink: Sink) -> set[str]:
    return {str(mail["To"]) for mail in sink.messages()}


async def test_others_get_their_mail_while_some_servers_never_answer(
    start: Start, sink: Sink
) -> None:
    silent = [f"silent-{number}@example.org" for number in range(AT_ONCE - 1)]
    others = [f"other-{number}@example.org" for number in range(10)]
    sink.silent_for = set(silent)
    patient: dict[str, Any] = {**PATIENT, "shutdown_seconds": 0.5}
    async with start(by_itself=True, attempts_at_once=AT_ONCE, **patient) as notify:
        await submitted(notify, *silent)
        await eventually(hung(sink, len(silent)))
        await submitted(notify, *others)
        await eventually(arrived(sink, *others))
        # They still wait: nobody has waited for them.
        assert sink.waiting == len(silent)
        # The service itself does as well as ever.
        assert (await notify.client.get("/livez")).status_code == 200


async def test_no_more_attempts_are_made_at_once_than_the_setting_says(
    start: Start, sink: Sink
) -> None:
    silent = [f"silent-{number}@example.org" for number in range(3 * AT_ONCE)]
    sink.silent_for = set(silent)
    short: dict[str, Any] = {**PATIENT, "smtp_seconds": 0.3, "attempt_seconds": 0.5}
    async with start(by_itself=True, attempts_at_once=AT_ONCE, **short) as notify:
        await submitted(notify, *silent)
        most = 0

        async def all_tried() -> bool:
            nonlocal most
            most = max(most, sink.waiting)
            (row,) = await notify.rows(
                "SELECT count(*) AS tried FROM deliveries WHERE attempts = 1"
            )
            return bool(row["tried"] == len(silent))

        await eventually(all_tried)
        assert 1 <= most <= AT_ONCE


async def test_what_was_never_answered_is_tried_again_later_and_arrives(
    start: Start, sink: Sink
) -> None:
    sink.silent_for = {"silent@example.org"}
    short: dict[str, Any] = {**PATIENT, "smtp_seconds": 0.3, "attempt_seconds": 0.5}
    async with start(by_itself=True, **short) as notify:
        await submitted(notify, "silent@example.org")

        async def is_postponed() -> bool:
            rows = await notify.rows(
                "SELECT 1 FROM deliveries WHERE attempts = 1 "
                "AND due_at > clock_timestamp() + interval '10 minutes'"
            )
            return bool(rows)

        await eventually(is_postponed)
        sink.silent_for = set()
        await make_due(notify)
        await eventually(arrived(sink, "silent@example.org"))

        async def is_told() -> bool:
            return await told(notify) == [("queued", None, None), ("sent", 2, None)]

        await eventually(is_told)


async def test_a_silent_server_does_not_hold_up_the_stop(start: Start, sink: Sink) -> None:
    sink.silent_for = {"silent@example.org"}
    async with asyncio.timeout(30):
        async with start(by_itself=True, shutdown_seconds=0.5, **PATIENT) as notify:
            await submitted(notify, "silent@example.org")
            await eventually(hung(sink, 1))
            facts = await told(notify)
    assert facts == [("queued", None, None)]
