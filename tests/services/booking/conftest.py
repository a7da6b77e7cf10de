"""Booking at work on a fresh database, with a small catalogue and the callers that tests need."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from chassis import testing
from chassis.testing import Probe
from contracts.catalogue import EntryPublished
from contracts.ids import EntryId, PersonId
from local.testing import Database
from services.booking.wiring import SERVICE

MALL, SERVICE_CODE = "mpp-uji", "DUK-KTP"


def mall_entry(
    code: str = MALL, agencies: tuple[str, ...] = ("dukcapil",), policy: str | None = None
) -> EntryPublished:
    body: dict[str, Any] = {
        "revision": 1,
        "code": code,
        "name": "MPP Uji",
        "zone": "Asia/Jayapura",
        "opens_at": "08:00:00",
        "closes_at": "15:00:00",
        "agencies": list(agencies),
        "counters": [{"code": "A-01", "services": [SERVICE_CODE]}],
        "booking_policy": policy,
    }
    return _entry("mall", code, body)


def service_entry(code: str = SERVICE_CODE, agency: str = "dukcapil") -> EntryPublished:
    body: dict[str, Any] = {
        "revision": 1,
        "code": code,
        "agency": agency,
        "name_id": "KTP",
        "name_en": "ID card",
        "published": {
            "requirements": ["KK"],
            "procedure": ["Datang"],
            "promised_time": {"value": 1, "unit": "working_days"},
            "fee": {"rupiah": 0},
            "product": "KTP",
            "complaints": "Loket",
        },
        "managed": {
            "legal_basis": ["UU"],
            "facilities": "Loket",
            "staff_competence": "Terlatih",
            "internal_supervision": "Ya",
            "number_of_staff": 2,
            "service_guarantee": "Ya",
            "safety_guarantee": "Ya",
            "performance_evaluation": "Ya",
        },
    }
    return _entry("service", code, body)


def calendar_entry(year: int, *holidays: str) -> EntryPublished:
    """A year in which every day but these is a working day."""
    body: dict[str, Any] = {
        "revision": 1,
        "code": f"nasional-{year}",
        "year": year,
        "working_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "holidays": [{"date": day, "name": "Hari Uji", "kind": "national"} for day in holidays],
    }
    return _entry("calendar", body["code"], body)


def agency_entry(code: str = "dukcapil") -> EntryPublished:
    body: dict[str, Any] = {"revision": 1, "code": code, "name": "Dinas Uji", "short_name": "Uji"}
    return _entry("agency", code, body)


def policy_entry(code: str = "uji", **rules: Any) -> EntryPublished:
    """A policy that allows what the built-in one does, with these rules instead."""
    body: dict[str, Any] = {
        "revision": 1,
        "code": code,
        "name_id": "Uji",
        "name_en": "Test",
        "window": {},
        "hold": {"minutes": 10, "most_live": 1},
        "identity": "optional",
        "limits": {},
        "release": {"mode": "open"},
        "weight": 1,
        "moves": {"until_minutes": 0},
        "reminders_hours": [],
        "overbook": {"most_percent": 0, "risk_percent": 5},
        **rules,
    }
    return _entry("booking_policy", code, body)


def plan_entry(mall: str, service: str, most: int | None = None) -> EntryPublished:
    """A plan of one session on each day, with a quota."""
    body: dict[str, Any] = {
        "revision": 1,
        "code": f"{mall}.{service.lower()}",
        "mall": mall,
        "service": service,
        "valid_from": "2020-01-01",
        "days_ahead": 7,
        "week": [
            {
                "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                "most": most,
                "sessions": [{"starts_at": "08:00:00", "ends_at": "10:00:00", "places": 40}],
            }
        ],
    }
    return _entry("session_plan", body["code"], body)


def _entry(kind: str, code: str, body: dict[str, Any]) -> EntryPublished:
    return EntryPublished(
        entry_id=EntryId.of(kind, code), kind=kind, code=code, revision=1, body=body
    )


def local_now() -> datetime:
    """The instant on the wall of the mall."""
    return datetime.now(ZoneInfo("Asia/Jayapura"))


def span_today() -> dict[str, str]:
    """The whole day of the mall, so that a session of it is never over while a test runs."""
    start = local_now().replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(days=1, seconds=-1)).isoformat(),
    }


@dataclass
class Booking:
    """Booking as its callers see it."""

    probe: Probe
    officer: dict[str, str] = field(default_factory=dict)
    revision: int = 1

    def __post_init__(self) -> None:
        self.officer = self.probe.bearer("officer-1", "officer", mall=MALL)

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = {"Idempotency-Key": key or uuid4().hex, **(headers or {})}
        return await self.probe.client.post(path, json=body, headers=sent)

    async def under(self, **rules: Any) -> None:
        """From now on the mall goes by a policy with these rules."""
        self.revision += 1
        entries = policy_entry(revision=self.revision, **rules), mall_entry(policy="uji")
        arrivals = [self.probe.arrival(one, version=self.revision) for one in entries]
        await self.probe.deliver("booking.catalogue", *arrivals)

    async def opened_in(self, days: int, capacity: int = 2, **changes: Any) -> str:
        """A session of two hours, so many days from now."""
        start = local_now().replace(hour=9, minute=0, second=0, microsecond=0)
        start += timedelta(days=days)
        span = {
            "starts_at": start.isoformat(),
            "ends_at": (start + timedelta(hours=2)).isoformat(),
        }
        return await self.opened(capacity, **span, **changes)

    async def opened(self, capacity: int = 2, **changes: Any) -> str:
        body = {
            "mall": MALL,
            "service": SERVICE_CODE,
            "capacity": capacity,
            **span_today(),
            **changes,
        }
        answer = await self.post("/v1/sessions", body, headers=self.officer)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["session_id"])

    async def book(
        self, session_id: str, person: PersonId | None = None, *, key: str | None = None
    ) -> httpx.Response:
        body = {"session_id": session_id, "person_id": str(person or PersonId.new())}
        return await self.post("/v1/appointments", body, key=key)

    async def take(
        self,
        session_id: str,
        person: PersonId | None = None,
        *,
        door: str = "appointments",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Book or hold, with whatever else is sent along."""
        body = {"session_id": session_id, "person_id": str(person or PersonId.new()), **more}
        return await self.post(f"/v1/{door}", body, headers=headers)

    async def act(
        self,
        appointment: dict[str, str],
        action: str,
        headers: dict[str, str] | None = None,
        **body: str,
    ) -> httpx.Response:
        path = f"/v1/appointments/{appointment['appointment_id']}/{action}"
        proof = {"Booking-Code": appointment["booking_code"]}
        sent = proof if headers is None else headers
        return await self.post(path, body or None, headers=sent)

    async def booked_count(self, session_id: str) -> tuple[int, int]:
        """What the session says is taken, and how many live appointments there are."""
        (row,) = await self.probe.rows(
            """
            SELECT booked + held AS booked,
                   (SELECT sum(places) FROM appointments WHERE session_id = sessions.id
                    AND status IN ('held', 'requested', 'booked', 'checked_in')) AS live
            FROM sessions WHERE id = $1::uuid
            """,
            session_id,
        )
        return row["booked"], row["live"] or 0

    async def sums(self) -> dict[str, Any]:
        """What sessions and days say, beside what appointments and claims are worth."""
        (row,) = await self.probe.rows(SUMS)
        return dict(row)


SUMS = """
WITH live AS (
    SELECT * FROM appointments WHERE status IN ('held', 'requested', 'booked', 'checked_in')
)
SELECT (SELECT sum(booked + held) FROM sessions) AS in_sessions,
       (SELECT sum(held) FROM sessions) AS held,
       (SELECT sum(taken) FROM days) AS on_days,
       (SELECT coalesce(sum(places), 0) FROM live) AS places,
       (SELECT coalesce(sum(places), 0) FROM live WHERE status = 'held') AS places_held,
       (SELECT sum(free_online) FROM days) AS free,
       (SELECT sum(capacity - booked - held) FROM sessions WHERE most_online IS NULL) AS left,
       (SELECT count(*) FROM claims WHERE live AND appointment_id NOT IN (SELECT id FROM live))
           AS claims_of_nobody,
       (SELECT count(*) FROM live WHERE NOT EXISTS (
           SELECT FROM claims WHERE appointment_id = live.id AND kind = 'service_day'
                                    AND claims.live)) AS without_claim
"""


def add_up(sums: dict[str, Any]) -> None:
    """Every place is counted once wherever it is counted."""
    assert sums["in_sessions"] == sums["on_days"] == sums["places"]
    assert sums["held"] == sums["places_held"]
    assert sums["free"] == sums["left"]
    assert (sums["claims_of_nobody"], sums["without_claim"]) == (0, 0)


Fresh = Callable[[str], Awaitable[Database]]


@pytest.fixture
async def booking(fresh_database: Fresh, tmp_path: Path) -> AsyncIterator[Booking]:
    """Booking with one mall and one service in its catalogue."""
    key_file = tmp_path / "code-key"
    key_file.write_bytes(b"k" * 32)
    addresses = await fresh_database("booking")
    async with testing.running(SERVICE, addresses, code_key_file=key_file) as probe:
        arrivals = [probe.arrival(mall_entry()), probe.arrival(service_entry())]
        await probe.deliver("booking.catalogue", *arrivals)
        yield Booking(probe)
