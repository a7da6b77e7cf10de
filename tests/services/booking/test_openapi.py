"""Booking answers as its OpenAPI document says, whatever it is asked."""

import pytest

from contracts.ids import PersonId, VisitId
from tests.openapi import ROLES, Explorer, without_example
from tests.services.booking.conftest import MALL, SERVICE_CODE, Booking, local_now, span_today

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


async def test_whatever_is_asked_the_answer_is_one_that_is_described(booking: Booking) -> None:
    probe = booking.probe
    sessions = [await booking.opened(capacity) for capacity in (1, 40)]
    people = [PersonId.new() for _ in range(3)]
    made = [(await booking.book(sessions[1], person)).json() for person in people]
    span = span_today()
    closure = await booking.post(
        "/v1/closures",
        {
            "kind": "special_opening",
            "mall": MALL,
            "from_at": span["starts_at"],
            "until_at": span["ends_at"],
            "reason": "extra_day",
        },
        headers=probe.bearer("kepala-1", "officer", "supervisor", mall=MALL),
    )
    callers = {role: probe.bearer(f"{role}-1", role, mall=MALL) for role in ROLES}
    callers["agency"] = probe.bearer("agency-dukcapil", "agency")
    holders = {
        f"holder {place}": {"Booking-Code": one["booking_code"]} for place, one in enumerate(made)
    }
    explorer = Explorer(
        probe.client,
        probe.app.openapi(),
        {**callers, **holders, "nobody": {}},
        {
            "mall": [MALL],
            "service": [SERVICE_CODE],
            "session_id": sessions,
            "person_id": [str(PersonId.new()) for _ in range(40)],
            "appointment_id": [one["appointment_id"] for one in made],
            "date": [local_now().date().isoformat()],
            "visit_id": [str(VisitId.new())],
            "closure_id": [closure.json()["closure_id"]],
            "from_at": [span["starts_at"]],
            "until_at": [span["ends_at"]],
            **{name: [value] for name, value in span.items()},
        },
    )
    await explorer.explore()
    for name in ("POST /v1/appointments", "POST /v1/sessions", "GET /v1/sessions"):
        assert min(explorer.answered[name]) < 300, explorer.answered[name]


async def test_every_parameter_and_every_body_shows_an_example(booking: Booking) -> None:
    assert without_example(booking.probe.app.openapi()) == []
