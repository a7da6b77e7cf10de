"""Queue answers as its OpenAPI document says, whatever it is asked."""

import pytest

from tests.openapi import ROLES, Explorer, without_example
from tests.services.queue.conftest import COUNTERS, KIA, KTP, MALL, Queue

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


async def test_whatever_is_asked_the_answer_is_one_that_is_described(queue: Queue) -> None:
    probe = queue.probe
    counters = [await queue.opened("K-01"), await queue.opened("K-02")]
    tickets = await queue.issued(6)
    await queue.called(counters[0])
    callers = {role: probe.bearer(f"{role}-1", role, mall=MALL) for role in ROLES}
    callers["agency"] = probe.bearer("agency-dukcapil", "agency")
    explorer = Explorer(
        probe.client,
        probe.app.openapi(),
        {**callers, "nobody": {}},
        {
            "mall": [MALL],
            "service": [KTP, KIA],
            "code": ["K-01", *COUNTERS],
            "counter_id": counters,
            "ticket_id": tickets,
        },
    )
    await explorer.explore()
    for name in ("POST /v1/tickets", "GET /v1/lines", "POST /v1/counters/{code}/take-over"):
        assert min(explorer.answered[name]) < 300, explorer.answered[name]


async def test_every_parameter_and_every_body_shows_an_example(queue: Queue) -> None:
    assert without_example(queue.probe.app.openapi()) == []
