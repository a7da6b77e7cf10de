"""Applications and the agencies that report on them, over HTTP and on their own Kafka topic."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contracts.agencies import ActivityReported, StageOutcome, StageReported
from contracts.ids import AgencyId, ApplicationId, ReportId, StageCode
from simulator.doors import report_over_kafka
from tests.chaos.client import PATIENCE_SECONDS, Answer, Ask, Client, World
from tests.chaos.history import Event
from tests.chaos.sender import Sender

JOURNEY = "persetujuan-bangunan-gedung"
ON_KAFKA = "dlh"
OVER_HTTP = ("dinas-teknis", "dpmptsp", "dinkes")
_KNOWN = 60


@dataclass(frozen=True)
class Step:
    """What an agency reports of its stage; after `returned` the applicant mends the file."""

    agency: str
    stage: str
    outcome: StageOutcome
    requirement: str | None = None


SCRIPT = (
    Step("dinas-teknis", "pemeriksaan-kelengkapan", "accepted"),
    Step("dinas-teknis", "pemeriksaan-kelengkapan", "done"),
    Step("dlh", "dokumen-lingkungan", "accepted"),
    Step("dpmptsp", "kesesuaian-ruang", "accepted"),
    Step("dlh", "dokumen-lingkungan", "done"),
    Step("dpmptsp", "kesesuaian-ruang", "done"),
    Step("dinas-teknis", "pemeriksaan-teknis", "accepted"),
    Step("dinas-teknis", "pemeriksaan-teknis", "returned", "proteksi_kebakaran"),
    Step("dinas-teknis", "pemeriksaan-teknis", "accepted"),
    Step("dinas-teknis", "pemeriksaan-teknis", "done"),
    Step("dinas-teknis", "perhitungan-retribusi", "done"),
    Step("dinas-teknis", "pernyataan-standar", "done"),
    Step("dpmptsp", "pembayaran-retribusi", "returned", "retribusi_lunas"),
    Step("dpmptsp", "pembayaran-retribusi", "done"),
    Step("dpmptsp", "penerbitan-persetujuan", "done"),
)


class Agencies(Client):
    """All agencies, and the applicants whose files they have."""

    def __init__(self, world: World, sender: Sender) -> None:
        super().__init__("agency", world)
        self._sender = sender
        self.known: deque[str] = deque(maxlen=_KNOWN)
        """Applications to read."""
        self._open: deque[str] = deque(maxlen=_KNOWN)

    async def journey(self) -> None:
        """One application through all its agencies."""
        applicant = await self.register()
        made = await self._submit({"journey": JOURNEY, "applicant_id": applicant})
        if not made.is_ok:
            return
        application, code = made.body["application_id"], made.body["tracking_code"]
        for step in SCRIPT:
            if self.world.stopping.is_set() or not await self._take(step, application):
                return
            if step.outcome == "returned":
                await self.command(
                    Ask(
                        "resubmit",
                        "tracking",
                        f"/v1/applications/{application}/stages/{step.stage}/resubmit",
                        {},
                        headers={"Authorization": f"Loket-Code {code}"},
                    )
                )

    async def activity(self) -> None:
        """A free report about an application without a journey."""
        if len(self._open) < 10 or self.lots.random() < 0.05:
            made = await self._submit({})
            if made.is_ok:
                self._open.append(made.body["application_id"])
            return
        report = ActivityReported(
            report_id=ReportId.new(),
            application_id=ApplicationId(self.lots.choice(self._open)),
            activity=f"Langkah {self.lots.randrange(1000)}",
        )
        if self.lots.random() < 0.3:
            await self._over_kafka(report)
        else:
            await self._over_http(self.lots.choice(OVER_HTTP), report)

    async def checkpoint(self) -> None:
        """An operator has the ledger say how long it is."""
        await self.command(Ask("checkpoint", "ledger", "/v1/checkpoints", {}, "operator"))

    async def _submit(self, form: dict[str, Any]) -> Answer:
        other = {**form, "mall": "mpp-nusantara"}
        ask = Ask("submit", "tracking", "/v1/applications", form, "operator", other_body=other)
        made = await self.command(ask)
        if made.is_ok:
            self.known.append(made.body["application_id"])
        return made

    async def _take(self, step: Step, application: str) -> bool:
        """Report a step, and wait until it is done; whether it was."""
        report = StageReported(
            report_id=ReportId.new(),
            application_id=ApplicationId(application),
            stage=StageCode(step.stage),
            outcome=step.outcome,
            requirement=step.requirement,
        )
        if self.is_illegal():  # a stage is moved by its own agency only
            intruder = report.model_copy(update={"report_id": ReportId.new()})
            if step.agency == ON_KAFKA:
                await self._over_http("dinkes", intruder)
            else:
                await self._over_kafka(intruder)
        if step.agency == ON_KAFKA:
            sent = await self._over_kafka(report)
            return sent and await self._until(application, step)
        return (await self._over_http(step.agency, report)).is_ok

    async def _over_http(self, agency: str, report: ActivityReported | StageReported) -> Answer:
        kind = "stage" if isinstance(report, StageReported) else "activity"
        body = {
            "type": kind,
            "occurred_at": datetime.now(UTC).isoformat(),
            **report.model_dump(mode="json", exclude_none=True),
        }
        path = f"/v1/agencies/{agency}/reports"
        return await self.command(Ask("report", "tracking", path, body, f"agency-{agency}"))

    async def _until(self, application: str, step: Step) -> bool:
        """Look until the application shows the step."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        ask = Ask("read", "tracking", f"/v1/applications/{application}", bearer="operator")
        while time.monotonic() < deadline:
            found = await self.question(ask)
            shown = {(one["stage"], one["state"]) for one in found.body.get("stages", ())}
            if (step.stage, step.outcome) in shown:
                return True
            await asyncio.sleep(0.3)
        return False

    # --- Kafka

    async def _over_kafka(self, report: ActivityReported | StageReported) -> bool:
        """Put a report on the topic until Kafka has it; some are put there twice."""
        request = {"topic": f"agency.{ON_KAFKA}.reports.v1", "body": report.model_dump(mode="json")}
        key, at = str(report.report_id), datetime.now(UTC)
        deadline = time.monotonic() + PATIENCE_SECONDS
        again = self.lots.random() < 0.05
        while time.monotonic() < deadline:
            call = self.world.history.next_call()
            invoke = Event(self.name, "report_kafka", "invoke", key, call, request)
            self.world.history.add(invoke)
            phase, code, _ = await self._sender.attempt(
                lambda producer: report_over_kafka(producer, AgencyId(ON_KAFKA), report, at)
            )
            self.world.history.add(
                Event(self.name, "report_kafka", phase, key, call, request, code=code)
            )
            if phase == "ok" and not again:
                return True
            again = again and phase != "ok"
            await asyncio.sleep(self.lots.uniform(0.2, 1.0))
        return False
