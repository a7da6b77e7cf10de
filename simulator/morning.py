"""A morning in one mall, played through the public doors: from booking to the approval."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from aiokafka import AIOKafkaProducer

from chassis.clock import now
from contracts.agencies import StageOutcome, StageReported
from contracts.ids import AgencyId, ApplicationId, ReportId, StageCode, uuid7
from simulator.counters import Counters
from simulator.doors import report_over_http, report_over_kafka
from simulator.known import once_known
from simulator.platform import Answered, Calls

MALL = "mpp-nusantara"
ZONE = ZoneInfo("Asia/Jakarta")
OFFICER, SECOND_OFFICER, KIOSK = f"officer-{MALL}-1", f"officer-{MALL}-2", f"kiosk-{MALL}"
SUPERVISOR = f"supervisor-{MALL}"
KTP, KIA, PBG = "DUK-KTP", "DUK-KIA", "PTSP-PBG"
KTP_COUNTER, PBG_COUNTER = "Z1-01", "Z3-02"
# An officer holds one counter at a time.
OFFICERS = {KTP_COUNTER: OFFICER, PBG_COUNTER: SECOND_OFFICER}
BUILDING = "persetujuan-bangunan-gedung"
_WAIT_SECONDS = 30.0
# Opening and closing two counters, the applicant's ticket, the application's own steps.
_OTHER_STEPS = 4 + 2 + 18


@dataclass
class Citizen:
    """Somebody who comes to the mall. The secrets are what the platform gave to them."""

    number: int
    person_id: str = ""
    appointment_id: str = ""
    booking_code: str = ""


@dataclass(frozen=True)
class Story:
    """The application that the morning is about."""

    application_id: ApplicationId
    tracking_code: str


@dataclass
class Morning:
    """One play. `step` is called after each step, for a progress bar."""

    calls: Calls
    producer: AIOKafkaProducer
    step: Callable[[], None]
    visitors: int = 10

    async def play(self) -> Story:
        """The whole morning. Raises Answered when something is refused, TimeoutError when late."""
        hall = Counters(self.calls, OFFICERS, SUPERVISOR, self.step)
        await hall.open()
        open_session = partial(self._post, "booking", "/v1/sessions", self._session(), OFFICER)
        session, later = await once_known(open_session), await once_known(open_session)
        booked = [Citizen(number) for number in range(self.visitors)]
        await asyncio.gather(*(self._book(one, session["session_id"]) for one in booked))
        await self._as_holder(booked[0], "move", {"session_id": later["session_id"]})
        await asyncio.gather(*(self._arrive(one) for one in booked))
        walk_ins = [self._walk_in(KTP, _first(number)) for number in range(self.visitors // 2)]
        slips = await asyncio.gather(*walk_ins)
        await hall.serve(KTP_COUNTER, len(booked) + len(slips), sent_on_to=KIA)
        await asyncio.gather(*(self._judge(slip) for slip in slips))
        ticket = await self._walk_in(PBG)
        await hall.serve(PBG_COUNTER, 1)
        story = await self._apply(ticket, booked[0].person_id)
        await self._building_approval(story)
        await hall.close()
        return story

    def steps(self) -> int:
        """How often `step` will be called."""
        walk_ins = self.visitors // 2
        visits = 3 * self.visitors + 2 * walk_ins
        return visits + _OTHER_STEPS

    # --- at the mall

    def _session(self) -> dict[str, Any]:
        here = now().astimezone(ZONE)
        last = here.replace(hour=23, minute=59, second=59, microsecond=0)
        return {
            "mall": MALL,
            "service": KTP,
            "starts_at": here.replace(microsecond=0).isoformat(),
            "ends_at": min(here + timedelta(hours=4), last).isoformat(),
            "capacity": self.visitors,
        }

    async def _book(self, citizen: Citizen, session_id: str) -> None:
        contact = await self._public(
            "notify",
            "/v1/recipients",
            {"email": f"warga{citizen.number}@contoh.test", "language": "id"},
        )
        citizen.person_id = contact["person_id"]
        # Every other one looks at the place for a while before taking it.
        hesitates = citizen.number % 2 == 1
        place = await self._public(
            "booking",
            "/v1/holds" if hesitates else "/v1/appointments",
            {"session_id": session_id, "person_id": citizen.person_id},
        )
        citizen.appointment_id = place["appointment_id"]
        citizen.booking_code = place["booking_code"]
        if hesitates:
            await self._as_holder(citizen, "confirm", {})
        self.step()

    async def _arrive(self, citizen: Citizen) -> None:
        await self._as_holder(citizen, "check-in", {})
        self.step()

    async def _as_holder(self, citizen: Citizen, verb: str, body: dict[str, Any]) -> None:
        """What whoever has the code of an appointment may do with it."""
        await self.calls.post(
            "booking",
            f"/v1/appointments/{citizen.appointment_id}/{verb}",
            body,
            key=_key(),
            headers={"Booking-Code": citizen.booking_code},
        )

    async def _walk_in(self, service: str, more: Mapping[str, str] | None = None) -> dict[str, Any]:
        wish = {"mall": MALL, "service": service, **(more or {})}
        ticket: dict[str, Any] = await self._post("queue", "/v1/tickets", wish, KIOSK)
        self.step()
        return ticket

    async def _judge(self, slip: Mapping[str, Any]) -> None:
        """The survey after service, by the code on the slip."""
        await self.calls.post(
            "queue",
            f"/v1/tickets/{slip['ticket_id']}/survey",
            {f"u{element}": 3 + slip["number"] % 2 for element in range(1, 10)},
            key=_key(),
            headers={"Ticket-Code": slip["code"]},
        )

    # --- one application through its agencies

    async def _apply(self, ticket: dict[str, Any], person_id: str) -> Story:
        made = await self._post(
            "tracking",
            "/v1/applications",
            {
                "journey": BUILDING,
                "mall": MALL,
                "service": PBG,
                "ticket_id": ticket["ticket_id"],
                "applicant_id": person_id,
            },
            OFFICER,
        )
        self.step()
        return Story(ApplicationId(made["application_id"]), made["tracking_code"])

    async def _building_approval(self, story: Story) -> None:
        tell = self._teller(story)
        await tell("dinas-teknis", "pemeriksaan-kelengkapan", "accepted")
        await tell("dinas-teknis", "pemeriksaan-kelengkapan", "done")
        # Two agencies work side by side; one reports over Kafka, the other over HTTP.
        await asyncio.gather(
            self._in_turn(tell, "dlh", "dokumen-lingkungan"),
            self._in_turn(tell, "dpmptsp", "kesesuaian-ruang"),
        )
        await tell("dinas-teknis", "pemeriksaan-teknis", "accepted")
        await tell(
            "dinas-teknis", "pemeriksaan-teknis", "returned", requirement="proteksi_kebakaran"
        )
        await self._mend(story, "pemeriksaan-teknis")
        await tell("dinas-teknis", "pemeriksaan-teknis", "accepted")
        await tell("dinas-teknis", "pemeriksaan-teknis", "done")
        for agency, stage in (
            ("dinas-teknis", "perhitungan-retribusi"),
            ("dinas-teknis", "pernyataan-standar"),
        ):
            await tell(agency, stage, "done")
        await tell("dpmptsp", "pembayaran-retribusi", "returned", requirement="retribusi_lunas")
        await self._mend(story, "pembayaran-retribusi")
        await tell("dpmptsp", "pembayaran-retribusi", "done")
        await tell("dpmptsp", "penerbitan-persetujuan", "done")

    async def _in_turn(
        self, tell: Callable[..., Coroutine[Any, Any, None]], agency: str, stage: str
    ) -> None:
        for outcome in ("accepted", "done"):
            await tell(agency, stage, outcome)

    def _teller(self, story: Story) -> Callable[..., Coroutine[Any, Any, None]]:
        async def tell(
            agency: str, stage: str, outcome: StageOutcome, requirement: str | None = None
        ) -> None:
            report = StageReported(
                report_id=ReportId.new(),
                application_id=story.application_id,
                stage=StageCode(stage),
                outcome=outcome,
                requirement=requirement,
            )
            if agency == "dlh":
                await report_over_kafka(self.producer, AgencyId(agency), report, now())
                await self._until(story, stage, outcome)
            else:
                await report_over_http(self.calls, AgencyId(agency), report, now())
            self.step()

        return tell

    async def _until(self, story: Story, stage: str, state: str) -> None:
        """Wait until the read model shows what the report caused."""
        async with asyncio.timeout(_WAIT_SECONDS):
            while True:
                if (stage, state) in await self._shown(story):
                    return
                await asyncio.sleep(0.05)

    async def _shown(self, story: Story) -> set[tuple[str, str]]:
        """Stages and states in the read model, which follows behind: at first it knows nothing."""
        try:
            found = await self.calls.get(
                "tracking",
                f"/v1/applications/{story.application_id}",
                headers=await self.calls.bearer(OFFICER),
            )
        except Answered as refused:
            if refused.code != "not_found":
                raise
            return set()
        return {(one["stage"], one["state"]) for one in found["stages"]}

    async def _mend(self, story: Story, stage: str) -> None:
        await self.calls.post(
            "tracking",
            f"/v1/applications/{story.application_id}/stages/{stage}/resubmit",
            {},
            key=_key(),
            headers={"Authorization": f"Loket-Code {story.tracking_code}"},
        )
        self.step()

    # --- calls

    async def _post(self, service: str, path: str, body: dict[str, Any], client: str) -> Any:
        headers = await self.calls.bearer(client)
        return await self.calls.post(service, path, body, key=_key(), headers=headers)

    async def _public(self, service: str, path: str, body: dict[str, Any]) -> Any:
        return await self.calls.post(service, path, body, key=_key())


def _key() -> str:
    return f"morning-{uuid7()}"


def _first(number: int) -> Mapping[str, str]:
    """The first who comes is old, and is let in before others."""
    return {} if number else {"lane": "prioritas", "reason": "lansia"}
