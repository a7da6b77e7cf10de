"""What agencies and citizens do in journeys: applications, reports at both doors, looking on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from aiokafka import AIOKafkaProducer

from contracts.agencies import ActivityReported, StageOutcome, StageReported
from contracts.ids import AgencyId, ApplicationId, ReportId, StageCode, uuid7
from simulator.doors import report_over_http, report_over_kafka
from simulator.platform import Answered, Calls

BUILDING = "persetujuan-bangunan-gedung"
FIRST_STAGE, ITS_AGENCY = StageCode("pemeriksaan-kelengkapan"), AgencyId("dinas-teknis")
DLH = AgencyId("dlh")
T = TypeVar("T")


def key() -> str:
    """A fresh idempotency key."""
    return f"journey-{uuid7()}"


async def until(
    look: Callable[[], Awaitable[T]], right: Callable[[T], bool], seconds: float = 30
) -> T:
    """Look again and again until what is seen is right; fails with what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        seen = await look()
        if right(seen):
            return seen
        assert time.monotonic() < deadline, f"not so within {seconds:.0f} s; last seen: {seen!r}"
        await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Doors:
    """Both doors of the platform, and its read model."""

    calls: Calls
    producer: AIOKafkaProducer

    async def submit(self, journey: str | None = None) -> ApplicationId:
        """A new application; without a journey agencies report freely."""
        made = await self.calls.post(
            "tracking",
            "/v1/applications",
            {"journey": journey} if journey else {},
            key=key(),
            headers=await self.calls.bearer("operator"),
        )
        return ApplicationId(made["application_id"])

    def activity(self, application_id: ApplicationId, name: str = "Cek lokasi") -> ActivityReported:
        """A report about an application on an open journey."""
        return ActivityReported(
            report_id=ReportId.new(), application_id=application_id, activity=name
        )

    def stage(
        self, application_id: ApplicationId, outcome: StageOutcome = "accepted"
    ) -> StageReported:
        """A report about the first stage of the building approval."""
        return StageReported(
            report_id=ReportId.new(),
            application_id=application_id,
            stage=FIRST_STAGE,
            outcome=outcome,
        )

    async def over_http(
        self, report: ActivityReported | StageReported, agency: AgencyId = DLH
    ) -> Any:
        """Report with the agency's token."""
        return await report_over_http(self.calls, agency, report, datetime.now(UTC))

    async def over_kafka(
        self, report: ActivityReported | StageReported, agency: AgencyId = DLH
    ) -> None:
        """Report on the agency's topic."""
        await report_over_kafka(self.producer, agency, report, datetime.now(UTC))

    async def timeline(self, application_id: ApplicationId) -> list[dict[str, Any]]:
        """The application's entries in the read model, oldest first."""
        page = await self.calls.get(
            "tracking",
            f"/v1/applications/{application_id}/timeline",
            headers=await self.calls.bearer("operator"),
            limit=1000,
        )
        entries: list[dict[str, Any]] = page["entries"]
        return entries

    async def told(self, application_id: ApplicationId, count: int) -> list[dict[str, Any]]:
        """The entries once there are so many."""

        async def look() -> list[dict[str, Any]]:
            try:
                return await self.timeline(application_id)
            except Answered as answered:
                if answered.code != "not_found":
                    raise
                return []  # the read model comes a little later

        return await until(look, lambda entries: len(entries) >= count)

    async def parked(self, service: str = "tracking") -> list[dict[str, Any]]:
        """What a service has parked and not settled."""
        rows: list[dict[str, Any]] = await self.calls.get(
            service, "/v1/parked", headers=await self.calls.bearer("operator"), limit=1000
        )
        return rows
