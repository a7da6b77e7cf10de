"""What people, agencies and Kafka do with each service: once through every door.

Each drive returns the doors that it left out.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from aiokafka import TopicPartition
from fastapi.routing import APIRoute

from chassis import clock, places, testing
from chassis.metric import REGISTRY
from chassis.retention import Retention
from chassis.testing import Probe
from contracts.catalog import TOPICS
from contracts.ids import ApplicationId, MallId, PersonId, TicketId
from contracts.tracking import ApplicationSubmitted
from local.testing import Database, Servers
from local.topics import create
from services.booking.wiring import SERVICE as BOOKING
from services.ledger.wiring import SERVICE as LEDGER
from services.notify.wiring import SERVICE as NOTIFY
from services.queue.queries.boards import Boards
from services.queue.settings import TicketCodes
from services.queue.stream import forget_some
from services.queue.wiring import SERVICE as QUEUE
from services.tracking.queries import ReadModel
from services.tracking.wiring import SERVICE as TRACKING
from tests.services.booking import conftest as booking_steps
from tests.services.booking import waiting as waiting_steps
from tests.services.ledger.told import story
from tests.services.notify import steps as notify_steps
from tests.services.notify.sink import Sink
from tests.services.queue import conftest as queue_steps
from tests.services.tracking.desk import CATALOGUE, SECRET, Desk, busy_morning, by_code


@dataclass(frozen=True)
class Place:
    """Where a drive happens."""

    stack: Servers
    database: Database
    scratch: Path

    def key_file(self) -> Path:
        """A secret for codes or addresses."""
        path = self.scratch / f"key-{secrets.token_hex(4)}"
        path.write_bytes(SECRET[:32])
        return path


async def booking(place: Place) -> set[str]:
    """Sessions, appointments and their ends."""
    async with testing.running(BOOKING, place.database, code_key_file=place.key_file()) as probe:
        left = _doors(probe)
        entries = [booking_steps.mall_entry(), booking_steps.service_entry()]
        await probe.deliver("booking.catalogue", *map(probe.arrival, entries))
        citizen = booking_steps.Booking(probe)
        session_id = await citizen.opened(capacity=5)
        kept, dropped = [(await citizen.book(session_id, PersonId.new())).json() for _ in range(2)]
        proof = {"Booking-Code": kept["booking_code"]}
        _good(await probe.client.get(f"/v1/appointments/{kept['appointment_id']}", headers=proof))
        for paper in ("calendar", "qr"):
            path = f"/v1/appointments/{kept['appointment_id']}/{paper}"
            _good(await probe.client.get(path, headers=proof))
        _good(await citizen.act(kept, "check-in"))
        _good(await citizen.act(dropped, "cancel"))
        await _under_rules(citizen, session_id)
        day = booking_steps.local_now().date().isoformat()
        where = {"mall": booking_steps.MALL, "service": booking_steps.SERVICE_CODE, "date": day}
        _good(await probe.client.get("/v1/sessions", params=where))
        await _close(citizen, session_id)
        await _wait_for_places(citizen)
        await _numbers(citizen)
        await _release(citizen)
        await _visit(citizen)
        await _operate(probe)
    return left


async def _visit(citizen: booking_steps.Booking) -> None:
    """Two agencies in one go, looked at and given up."""
    probe, mall = citizen.probe, booking_steps.mall_entry(agencies=("dukcapil", "polri"))
    newer = mall.model_copy(update={"revision": 9, "body": {**mall.body, "revision": 9}})
    police = booking_steps.service_entry("POL-SKCK", "polri")
    await probe.deliver("booking.catalogue", probe.arrival(newer, version=9), probe.arrival(police))
    tomorrow = booking_steps.local_now() + timedelta(days=1)
    span = {
        "starts_at": tomorrow.replace(hour=8).isoformat(),
        "ends_at": tomorrow.replace(hour=15).isoformat(),
    }
    services = (booking_steps.SERVICE_CODE, "POL-SKCK")
    opened = [await citizen.opened(5, service=one, **span) for one in services]
    where = {
        "mall": booking_steps.MALL,
        "date": tomorrow.date().isoformat(),
        "service": list(services),
    }
    _good(await probe.client.get("/v1/visit-plans", params=where))
    body = {"person_id": str(PersonId.new()), "stops": [{"session_id": one} for one in opened]}
    made = await citizen.post("/v1/visits", body)
    _good(made)
    path, proof = f"/v1/visits/{made.json()['visit_id']}", made.json()["visit_code"]
    _good(await probe.client.get(path, headers={"Booking-Code": proof}))
    _good(await citizen.post(f"{path}/cancel", headers={"Booking-Code": proof}))


async def _under_rules(citizen: booking_steps.Booking, session_id: str) -> None:
    """Holds, moves, requests, and what time does, on a day with a policy."""
    probe, mall = citizen.probe, booking_steps.MALL
    await citizen.under(
        flag={"rebook_within_seconds": 60},
        misses={"block_after": 9, "within_days": 30},
        check_in={"before_minutes": 0, "grace_minutes": 0},
        approve={"within_hours": 1},
        channels={"online": 80, "counter": 20, "partner": 0, "open_before_hours": 1},
    )
    later = await citizen.opened_in(2, capacity=20)
    for action in ("confirm", "release"):
        held = (await citizen.take(later, door="holds")).json()
        _good(await citizen.act(held, action))
    moved = (await citizen.take(later, nik="9912345203900001")).json()
    _good(await citizen.act(moved, "move", session_id=session_id))
    await citizen.take(later, door="holds")
    granted, refused = [(await citizen.take(later)).json() for _ in range(2)]
    because = {"reason": "ill"}
    _good(await citizen.act(granted, "approve", citizen.officer))
    _good(await citizen.act(refused, "decline", citizen.officer, **because))
    await probe.time_comes(clock.now() + timedelta(days=5))
    supervisor = probe.bearer("supervisor-1", "officer", "supervisor", mall=mall)
    _good(await citizen.act(granted, "pardon", supervisor, **because))
    day = booking_steps.local_now().date().isoformat()
    where = {"mall": mall, "service": booking_steps.SERVICE_CODE, "from": day, "to": day}
    _good(await probe.client.get("/v1/places", params=where))
    _good(await probe.client.get("/v1/booking-policies/uji"))


async def _close(citizen: booking_steps.Booking, session_id: str) -> None:
    """A closure with somebody to tell, lifted in the end, and the hours of these days."""
    probe, today = citizen.probe, booking_steps.span_today()
    _good(await citizen.book(session_id, PersonId.new()))
    head = probe.bearer("kepala-1", "officer", "supervisor", mall=booking_steps.MALL)
    span = {"from_at": today["starts_at"], "until_at": today["ends_at"], "reason": "drill"}
    body = {"kind": "closure", "mall": booking_steps.MALL, **span}
    made = await citizen.post("/v1/closures", body, headers=head)
    path = f"/v1/closures/{made.json()['closure_id']}"
    await probe.time_comes(clock.now())
    _good(await probe.client.get(f"{path}/conflicts", headers=head))
    _good(await citizen.post(f"{path}/lift", {"reason": "is_back"}, headers=head))
    where = {"from": today["starts_at"], "to": today["ends_at"], "mall": booking_steps.MALL}
    _good(await probe.client.get("/v1/closures", params=where))
    year = booking_steps.local_now().year
    calendar = booking_steps.calendar_entry(year)
    agency = booking_steps.agency_entry()
    await probe.deliver("booking.catalogue", probe.arrival(calendar), probe.arrival(agency))
    day = booking_steps.local_now().date().isoformat()
    where = {"mall": booking_steps.MALL, "agency": "dukcapil", "from": day, "to": day}
    _good(await probe.client.get("/v1/hours", params=where))


async def _wait_for_places(citizen: booking_steps.Booking) -> None:
    """A list that gets a freed place, and a draw; both end with their days."""
    await citizen.under(waiting=waiting_steps.LIST_RULE)
    taken = await waiting_steps.full(citizen, 2)
    waits = [await waiting_steps.entry(citizen) for _ in range(3)]
    _good(await citizen.act(taken[0], "cancel"))
    await citizen.probe.time_comes(clock.now())
    for wait in waits:
        await waiting_steps.seen(citizen, wait)
    _good(await waiting_steps.leave(citizen, waits[1]))
    _good(await waiting_steps.leave(citizen, waits[0]))
    closes_at = await waiting_steps.by_lot(citizen, timedelta(hours=1))
    _good(await waiting_steps.join(citizen))
    for days in (0, 9):
        await citizen.probe.time_comes(closes_at + timedelta(days=days))


async def _release(citizen: booking_steps.Booking) -> None:
    """A day after a waiting room, and one that comes in parts."""
    probe, now = citizen.probe, clock.now()
    head = probe.bearer("kepala-1", "officer", "supervisor", mall=booking_steps.MALL)
    first, second = ((now + timedelta(minutes=minutes)).isoformat() for minutes in (5, 10))
    where = {"mall": booking_steps.MALL, "service": booking_steps.SERVICE_CODE}
    dates = [(booking_steps.local_now() + timedelta(days=days)).date() for days in (20, 21)]
    with_room: dict[str, Any] = {"mode": "first_come", "opens_at": first, "spread_s": 60}
    in_parts: dict[str, Any] = {
        "mode": "staggered",
        "opens_at": first,
        "parts": [{"at": first, "percent": 50}, {"at": second, "percent": 50}],
    }
    for on, how in zip(dates, (with_room, in_parts), strict=True):
        body = {**where, "date": on.isoformat(), **how}
        made = await citizen.post("/v1/releases", body, headers=head)
        _good(made)
        path = f"/v1/releases/{made.json()['day_id']}"
        if how is with_room:
            _good(await citizen.post(f"{path}/enter", {"person_id": str(PersonId.new())}))
        _good(await probe.client.get(path))
    span = {"from": dates[0].isoformat(), "to": dates[1].isoformat()}
    _good(await probe.client.get("/v1/releases", params={**where, **span}))
    await citizen.opened_in(21)
    for minutes in (5, 10):
        await probe.time_comes(now + timedelta(minutes=minutes, seconds=1))


async def _numbers(citizen: booking_steps.Booking) -> None:
    """Another number of places, and what is told of those who took them."""
    head = citizen.probe.bearer("kepala-1", "officer", "supervisor", mall=booking_steps.MALL)
    session_id = await citizen.opened(capacity=50)
    people = await asyncio.gather(
        *(citizen.take(session_id, headers={"Loket-Device": "a-device"}) for _ in range(50))
    )
    for body, door in (({"capacity": 51}, "capacity"), ({"places": 0}, "overbook")):
        path = f"/v1/sessions/{session_id}/{door}"
        _good(await citizen.post(path, {**body, "reason": "drill"}, headers=head))
    day = booking_steps.local_now().date().isoformat()
    where = {"mall": booking_steps.MALL, "service": booking_steps.SERVICE_CODE}
    get = partial(citizen.probe.client.get, headers=head)
    _good(await get("/v1/hoarding", params={**where, "date": day}))
    assert {one.status_code for one in people} == {201}, {one.text for one in people}
    ids = [one.json()["appointment_id"] for one in people]
    await citizen.probe.rows(
        "UPDATE appointments SET status = 'missed' WHERE id = ANY($1::text[]::uuid[])", ids
    )
    _good(await get("/v1/no-shows", params={**where, "from": day, "to": day}))
    _good(await get("/v1/overbooking-advice", params={**where, "capacity": "10"}))


async def queue(place: Place) -> set[str]:
    """A morning at two counters."""
    async with testing.running(QUEUE, place.database, code_key_file=place.key_file()) as probe:
        left = _doors(probe)
        kiosk = {"code": "kiosk-1", "kind": "kiosk", "client": "kiosk-1"}
        mall = queue_steps.mall_entry(devices=[kiosk])
        await probe.deliver("queue.catalogue", probe.arrival(mall))
        office = queue_steps.Queue(probe)
        *_, last = await office.issued(5)
        counter_id = await office.opened("K-01")
        ticket = await office.called(counter_id)
        _good(await office.serve(ticket["ticket_id"], counter_id))
        _good(await office.finish(ticket["ticket_id"], counter_id))
        await _aside(office, counter_id)
        await _pause(office, place.key_file())
        await _print(office)
        _good(await office.post("/v1/counters/K-01/close"))
        (line, *_) = await office.board()
        for path in (f"lines/{line['line_id']}/steps", "policies/umum", "policies/umum/0"):
            _good(await probe.client.get(f"/v1/{path}"))
        own = f"/v1/tickets/{ticket['ticket_id']}"
        slip = _good(await probe.client.get(f"{own}/slip", headers=office.kiosk)).json()
        form = {f"u{place}": 4 for place in range(1, 10)}
        _good(await office.post(f"{own}/survey", form, headers={"Ticket-Code": slip["code"]}))
        code = _good(await probe.client.get(f"/v1/tickets/{last}/slip", headers=office.kiosk))
        holder = {"Ticket-Code": code.json()["code"]}
        _good(await probe.client.get(f"/v1/tickets/{last}", headers=holder))
        asked = {"mall": queue_steps.MALL, "date": queue_steps.today().isoformat()}
        _good(await probe.client.get("/v1/waiting-accuracy", params=asked))
        months = {"from_month": "2026-01", "to_month": "2026-12"}
        shown = await probe.client.get("/v1/surveys/ikm", params={"mall": "mpp-10", **months})
        assert shown.json()["ikm"] == "25.00"
        _good(await probe.client.get(f"/v1/boards/{queue_steps.MALL}"))
        # What the streams ask for; the streams themselves do not end.
        boards = Boards(probe.running.database)
        await boards.must_know(MallId(queue_steps.MALL))
        queue_id = await boards.queue_of(TicketId(ticket["ticket_id"]))
        latest = await boards.position()
        for key in (queue_id, queue_steps.MALL, f"{queue_steps.MALL}/K"):
            assert await boards.since(latest - 12, 100, key)
        assert await boards.since(latest - 12, 100, None)
        # The service itself may have come first.
        await forget_some(probe.running.database, 48)
        await _agencies_come(office)
        await _operate(probe)
    return left


async def _aside(office: queue_steps.Queue, counter_id: str) -> None:
    """All that may happen to tickets that do not go straight."""
    here = {"counter_id": counter_id}

    async def do(ticket_id: str, what: str, **said: Any) -> None:
        _good(await office.post(f"/v1/tickets/{ticket_id}/{what}", said or None))

    first = (await office.called(counter_id))["ticket_id"]
    await do(first, "recall", **here)
    await do(first, "hold", **here, reason="bayar", minutes=5)
    await do(first, "resume", **here)
    await do(first, "skip", **here)
    second = (await office.called(counter_id))["ticket_id"]
    await do(second, "transfer", **here, to_counter="K-01", reason="lanjut")
    assert (await office.called(counter_id))["ticket_id"] == second
    await do(second, "hold", **here, reason="bayar", minutes=5)
    await do(second, "return")
    issued = [(await office.issue()).json() for _ in range(2)]
    await do(issued[0]["ticket_id"], "lane", lane="prioritas", reason="lansia")
    await do(issued[0]["ticket_id"], "call", **here, reason="salah_panggil")
    _good(await office.finish(issued[0]["ticket_id"], counter_id, "no_show"))
    key = {"Idempotency-Key": uuid4().hex, "Ticket-Code": issued[1]["code"]}
    path = f"/v1/tickets/{issued[1]['ticket_id']}/leave"
    _good(await office.probe.client.post(path, headers=key))


async def _print(office: queue_steps.Queue) -> None:
    """A kiosk that works without a link and tells it, is locked and let in again."""
    at = "/v1/devices/kiosk-1"
    _good(await office.post(f"{at}/session", headers=office.kiosk))
    wish = {"service": queue_steps.KTP, "epoch": 1}
    granted = (await office.post(f"{at}/series", wish, headers=office.kiosk)).json()
    slip = {"number": 1, "printed_at": granted["granted_at"]}
    said = {name: granted[name] for name in ("service_date", "series")}
    slips = [{"ticket_id": str(TicketId.new()), **slip}]
    _good(await office.post(f"{at}/merge", {**wish, **said, "slips": slips}, headers=office.kiosk))
    _good(await office.post(f"{at}/lock", {"reason": "hilang"}, headers=office.supervisor))
    _good(await office.post(f"{at}/unlock", headers=office.supervisor))
    _good(await office.probe.client.get("/v1/devices", headers=office.supervisor))


async def _pause(office: queue_steps.Queue, key_file: Path) -> None:
    """A pause, a request that is withdrawn, and one that is refused; then at another screen."""
    at = "/v1/counters/K-01"
    wish = {"wants": "close", "reason": "sakit"}
    _good(await office.post(f"{at}/pause", {"reason": "istirahat"}))
    _good(await office.post(f"{at}/resume"))
    _good(await office.post(f"{at}/ask", wish))
    _good(await office.post(f"{at}/withdraw"))
    _good(await office.post(f"{at}/ask", wish))
    no = {"approve": False}
    _good(await office.post(f"{at}/decide", no, headers=office.supervisor))
    _good(await office.post(f"{at}/take-over"))
    there = await office.opened("K-02")
    (ticket,) = await office.issued(1)
    now, code = clock.now().isoformat(), TicketCodes(key_file).code_of(TicketId(ticket))
    slip = {"ticket_id": ticket, "code": code, "called_at": now, "ended_at": now}
    by_slip = {"services": [slip]}
    who = office.officers[there]
    _good(await office.post(f"/v1/counters/{there}/merge", by_slip, headers=who))
    _good(await office.post("/v1/counters/K-02/release", headers=office.supervisor))
    why = {"reason": "akhir_hari"}
    for what in ("close", "reopen"):
        path = f"/v1/lines/{queue_steps.KTP}/{what}-numbers"
        _good(await office.post(path, why, headers=office.supervisor))
    _good(await office.probe.client.get("/v1/counters", params={"mall": queue_steps.MALL}))


async def _agencies_come(office: queue_steps.Queue) -> None:
    """Once the mall minds its hours, an agency is missed, and opens."""
    probe, agency = office.probe, ("agency", "dukcapil")
    named = queue_steps.published(("queue_policy", "jam-kantor"), agency, ("service", "DUK-KTP"))
    mall = queue_steps.mall_entry(policy="jam-kantor")
    await probe.deliver("queue.catalogue", *(map(probe.arrival, named)))
    await probe.deliver("queue.catalogue", probe.arrival(mall, version=2))
    await probe.time_comes(datetime(2026, 3, 2, 8, 6, tzinfo=ZoneInfo("Asia/Jayapura")))
    await office.opened("K-02")
    where = {"mall": queue_steps.MALL, "date": "2026-03-02"}
    assert (await probe.client.get("/v1/presence", params=where)).json()
    _good(await probe.client.get("/v1/presence", params={"mall": queue_steps.MALL}))


async def tracking(place: Place) -> set[str]:
    """Applications, reports good and bad, and everything that looks at them."""
    key = place.key_file()
    key.write_bytes(SECRET)
    async with testing.running(TRACKING, place.database, code_key_file=key) as probe:
        left = _doors(probe)
        await probe.deliver("tracking.catalogue", *map(probe.arrival, CATALOGUE))
        desk = Desk(probe)
        applications = await busy_morning(desk)
        await desk.replicate()
        application_id, code = applications[0]
        await desk.take(
            desk.record("dlh", desk.activity(application_id, "Cek lokasi")),
            desk.raw("dlh", str(application_id), [], b"{"),
        )
        operator = probe.bearer("budi", "operator")
        _good(await probe.client.get("/v1/tracking", headers=by_code(code)))
        for path in (f"applications/{application_id}", f"applications/{application_id}/timeline"):
            _good(await probe.client.get(f"/v1/{path}", headers=operator))
        _good(await probe.client.get("/v1/timeline", params={"limit": 100}, headers=operator))
        # What the live stream asks for; the stream itself does not end.
        read_model = ReadModel(probe.running.database)
        assert await read_model.entries_since(await read_model.position() - 2, 100, None)
        assert await read_model.entries_since(0, 100, str(application_id))
        digest = probe.running.settings.codes().digest(code)
        assert await read_model.owner_of_code(digest) == application_id
        await _operate(probe)
        await _park_and_settle(probe, operator)
    return left


_DUE_AGAIN = """
UPDATE deliveries SET due_at = clock_timestamp() FROM notifications
WHERE notifications.notification_id = deliveries.notification_id AND application_id = $1
RETURNING due_at
"""


async def notify(place: Place) -> set[str]:
    """Mails that arrive, that must be tried again, and that nobody may send any more."""
    sink = Sink()
    await sink.start()
    try:
        service = replace(NOTIFY, tasks=())
        values: dict[str, Any] = {
            "key_file": place.key_file(),
            "smtp_host": "127.0.0.1",
            "smtp_port": sink.port,
        }
        async with testing.running(service, place.database, **values) as probe:
            left = _doors(probe)
            made = await notify_steps.register(probe)
            assert await notify_steps.register(probe) == made
            application_id = await notify_steps.submit(probe, made)
            sink.refusal = "451 later"
            assert await notify_steps.deliverer(probe).deliver_next()
            sink.refusal = None
            await probe.rows(_DUE_AGAIN, application_id)
            assert await notify_steps.deliverer(probe).deliver_next()
            headers = probe.bearer("budi", "operator")
            wanted = {"application_id": str(application_id)}
            _good(await probe.client.get("/v1/notifications", params=wanted, headers=headers))
            _good(await notify_steps.erase(probe, made))
            await _operate(probe)
    finally:
        await sink.stop()
    return left


async def ledger(place: Place) -> set[str]:
    """Facts in order and out of order, and a checkpoint that goes to Kafka and is looked at."""
    topic = next(topic for topic in TOPICS if topic.name == "ledger.checkpoints.v1")
    await create(place.stack.bootstrap, [topic])
    mark = f"t{secrets.token_hex(4)}"
    service = replace(
        LEDGER,
        subscriptions=(
            replace(LEDGER.subscriptions[0], consumer=mark, pattern=rf"^{mark}\.[a-z]+\.v1$"),
        ),
    )
    bootstrap = place.stack.bootstrap
    async with testing.running(
        service, place.database, bootstrap=bootstrap, checkpoints_seconds=1
    ) as probe:
        left = _doors(probe)
        first, second, third, _ = story(probe, ApplicationId.new())
        await probe.deliver(mark, first, third)
        await probe.deliver(mark, replace(second, offset=third.offset + 1))
        operator = probe.bearer("budi", "operator")
        key = {"Idempotency-Key": uuid4().hex}
        _good(await probe.client.post("/v1/checkpoints", headers={**operator, **key}))
        _good(await probe.client.get("/v1/checkpoint"))
        _good(await probe.client.get(f"/v1/chains/{first.key}", headers=operator))
        _good(await probe.client.get("/v1/entries", headers=operator))
        await _operate(probe)
        await _until_all_is_sent(probe)
        await _until_looked()
    return left


DRIVES: Mapping[str, Callable[[Place], Awaitable[set[str]]]] = {
    drive.__name__: drive for drive in (booking, queue, tracking, notify, ledger)
}


def _good(answer: Any) -> Any:
    assert answer.is_success, answer.text
    return answer


def _doors(probe: Probe) -> set[str]:
    """The doors that nobody has passed yet; it empties itself as answers are good."""
    transport: Any = probe.client._transport
    routes = [
        route
        for route in transport.app.routes
        if isinstance(route, APIRoute) and route.path.startswith("/v1/")
    ]
    left = {f"{method} {route.path}" for route in routes for method in route.methods or ()}

    async def note(answer: Any) -> None:
        request = answer.request
        for route in routes if answer.is_success else ():
            if route.path_regex.match(request.url.path):
                left.discard(f"{request.method} {route.path}")

    probe.client.event_hooks["response"].append(note)
    return left


async def _operate(probe: Probe) -> None:
    """What every service answers to those who run it."""
    operator = probe.bearer("budi", "operator")
    for path in ("/v1/facts", "/v1/parked"):
        _good(await probe.client.get(path, params={"limit": 100}, headers=operator))
    retention = Retention(probe.running.database, commands_days=30, settled_days=90)
    await retention.forget_some()
    async with probe.running.database.transaction() as tx:
        await places.forget(tx, "nobody", TopicPartition("nothing.v1", 0))


async def _park_and_settle(probe: Probe, operator: Mapping[str, str]) -> None:
    """One record that nobody will mend, and one key whose record can be read again."""
    await _settle(probe, operator, await _parked_by(probe, "tracking.reports"), "dismiss")
    bad = probe.arrival(ApplicationSubmitted(application_id=ApplicationId.new()))
    await probe.deliver("tracking.read_model", replace(bad, value=b"{"))
    parked_id = await _parked_by(probe, "tracking.read_model")
    await probe.rows(
        "UPDATE parked SET value = $2 WHERE id = $1 RETURNING id", parked_id, bad.value
    )
    await _settle(probe, operator, parked_id, "redrive")


async def _parked_by(probe: Probe, consumer: str) -> int:
    (row,) = await probe.rows("SELECT id FROM parked WHERE consumer = $1", consumer)
    parked_id: int = row["id"]
    return parked_id


async def _settle(probe: Probe, operator: Mapping[str, str], parked_id: int, how: str) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    path = f"/v1/parked/{parked_id}/{how}"
    _good(await probe.client.post(path, headers={**operator, **key}))


async def _until_looked() -> None:
    """The ledger has looked at its checkpoints twice, so once after what is on Kafka now."""
    wanted = _looks() + 2
    async with asyncio.timeout(30):
        while _looks() < wanted:  # noqa: ASYNC110 - the task tells no event
            await asyncio.sleep(0.1)


def _looks() -> float:
    return REGISTRY.get_sample_value("loket_ledger_looks_total") or 0.0


async def _until_all_is_sent(probe: Probe) -> None:
    async with asyncio.timeout(30):
        while await probe.rows("SELECT seq FROM unsent LIMIT 1"):  # noqa: ASYNC110 - a relay tells no event
            await asyncio.sleep(0.1)
