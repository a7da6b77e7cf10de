"""A morning in one mall, played through the public doors: from booking to the approval."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiokafka import AIOKafkaProducer

from chassis.clock import now
from contracts.agencies import StageOutcome, StageReported
from contracts.ids import AgencyId, ApplicationId, ReportId, StageCode, uuid7
from simulator.doors import report_over_http, report_over_kafka
from simulator.platform import Answered, Calls

MALL = "mpp-nusantara"
ZONE = ZoneInfo("Asia/Jakarta")
OFFICER, SECOND_OFFICER, KIOSK = f"officer-{MALL}-1", f"officer-{MALL}-2", f"kiosk-{MALL}"
SUPERVISOR = f"supervisor-{MALL}"
KTP, PBG = "DUK-KTP", "PTSP-PBG"
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
        counters = {code: await self._open(code) for code in OFFICERS}
        session = await self._post("booking", "/v1/sessions", self._session(), OFFICER)
        booked = [Citizen(number) for number in range(self.visitors)]
        await asyncio.gather(*(self._book(one, session["session_id"]) for one in booked))
        await asyncio.gather(*(self._arrive(one) for one in booked))
        await asyncio.gather(*(self._walk_in(KTP) for _ in range(self.visitors // 2)))
        await self._serve(KTP_COUNTER, counters, len(booked) + self.visitors // 2)
        ticket = await self._walk_in(PBG)
        await self._serve(PBG_COUNTER, counters, 1)
        story = await self._apply(ticket, booked[0].person_id)
        await self._building_approval(story)
        for code in OFFICERS:
            await self._close(code)
            self.step()
        return story

    def steps(self) -> int:
        """How often `step` will be called."""
        walk_ins = self.visitors // 2
        visits = 3 * self.visitors + 2 * walk_ins
        return visits + _OTHER_STEPS

    # --- at the mall

    async def _open(self, counter: str) -> str:
        """Open a counter and return its id; one left open by an earlier morning is opened anew."""
        path, officer = f"/v1/counters/{counter}", OFFICERS[counter]
        try:
            opened = await self._post("queue", f"{path}/open", {}, officer)
        except Answered as refused:
            if refused.code != "counter_already_open":
                raise
            await self._close(counter)
            opened = await self._post("queue", f"{path}/open", {}, officer)
        self.step()
        return str(opened["counter_id"])

    async def _close(self, counter: str) -> None:
        """Close a counter; while people still wait there, a supervisor has to agree."""
        path, officer = f"/v1/counters/{counter}", OFFICERS[counter]
        try:
            await self._post("queue", f"{path}/close", {}, officer)
        except Answered as refused:
            if refused.code != "approval_needed":
                raise
            wish = {"wants": "close", "reason": "akhir_hari"}
            await self._post("queue", f"{path}/ask", wish, officer)
            await self._post("queue", f"{path}/decide", {"approve": True}, SUPERVISOR)

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
        place = await self._public(
            "booking",
            "/v1/appointments",
            {"session_id": session_id, "person_id": citizen.person_id},
        )
        citizen.appointment_id, citizen.booking_code = (
            place["appointment_id"],
            place["booking_code"],
        )
        self.step()

    async def _arrive(self, citizen: Citizen) -> None:
        await self.calls.post(
            "booking",
            f"/v1/appointments/{citizen.appointment_id}/check-in",
            {},
            key=_key(),
            headers={"Booking-Code": citizen.booking_code},
        )
        self.step()

    async def _walk_in(self, service: str) -> dict[str, Any]:
        ticket: dict[str, Any] = await self._post(
            "queue", "/v1/tickets", {"mall": MALL, "service": service}, KIOSK
        )
        self.step()
        return ticket

    async def _serve(self, counter: str, ids: Mapping[str, str], tickets: int) -> None:
        """Call and serve until that many were served; the checked-in ones arrive over Kafka."""
        counter_id, officer, served = ids[counter], OFFICERS[counter], 0
        async with asyncio.timeout(_WAIT_SECONDS):
            while served < tickets:
                called = await self._post(
                    "queue", f"/v1/counters/{counter_id}/call-next", {}, officer
                )
                if called["ticket"] is None:
                    await asyncio.sleep(0.1)
                    continue
                path = f"/v1/tickets/{called['ticket']['ticket_id']}"
                at = {"counter_id": counter_id}
                await self._post("queue", f"{path}/serve", at, officer)
                await self._post("queue", f"{path}/finish", {**at, "outcome": "served"}, officer)
                served += 1
                self.step()

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
