"""A small catalogue, and what agencies, officers and citizens do with tracking in these tests."""

from datetime import UTC, datetime
from typing import Any

from chassis.arrivals import Arrival
from chassis.testing import Probe
from contracts.agencies import ActivityReported, StageReported
from contracts.catalogue import EntryPublished
from contracts.envelope import Envelope, to_headers
from contracts.ids import ApplicationId, EntryId, EventId, ReportId

SECRET = b"a secret of more than thirty-two bytes for tests"
LIMIT = {"value": 3, "unit": "working_days"}
MEND = {
    "code": "gambar_rencana",
    "text_id": "Gambar rencana lengkap",
    "text_en": "The drawings are complete",
    "mend_id": "Lengkapi gambar.",
    "mend_en": "Complete the drawings.",
}
JOURNEY: dict[str, Any] = {
    "revision": 1,
    "code": "izin-bangunan",
    "name_id": "Izin Bangunan",
    "name_en": "Building permit",
    "promised_time": LIMIT,
    "stages": [
        {
            "code": "kelengkapan",
            "agency": "dpmptsp",
            "name_id": "Pemeriksaan berkas",
            "name_en": "Completeness check",
            "promised_time": LIMIT,
            "may_return": True,
            "requirements": [MEND],
        },
        {
            "code": "lingkungan",
            "agency": "dlh",
            "name_id": "Telaah lingkungan",
            "name_en": "Environmental review",
            "after": ["kelengkapan"],
            "promised_time": LIMIT,
            "reasons": [
                {"code": "kawasan_lindung", "text_id": "Kawasan lindung", "text_en": "Protected"}
            ],
        },
        {
            "code": "teknis",
            "agency": "dinas-teknis",
            "name_id": "Pemeriksaan teknis",
            "name_en": "Technical check",
            "after": ["kelengkapan"],
            "promised_time": LIMIT,
            "may_return": True,
            "requirements": [MEND],
        },
        {
            "code": "penerbitan",
            "agency": "dpmptsp",
            "name_id": "Penerbitan izin",
            "name_en": "Issue of the permit",
            "after": ["lingkungan", "teknis"],
            "promised_time": LIMIT,
        },
    ],
}
AGENCIES = {
    "dpmptsp": "Dinas Penanaman Modal",
    "dlh": "Dinas Lingkungan Hidup",
    "dinas-teknis": "Dinas Teknis",
}


def entry(kind: str, body: dict[str, Any]) -> EntryPublished:
    """An entry of the catalogue."""
    return EntryPublished(
        entry_id=EntryId.of(kind, body["code"]),
        kind=kind,
        code=body["code"],
        revision=body["revision"],
        body=body,
    )


CATALOGUE = [
    entry("journey", JOURNEY),
    *(
        entry("agency", {"revision": 1, "code": code, "name": name, "short_name": code})
        for code, name in AGENCIES.items()
    ),
]


def report_headers(
    agency: str, report: StageReported | ActivityReported, at: datetime | None = None
) -> list[tuple[str, bytes]]:
    """The envelope that an agency puts around its report."""
    return to_headers(
        Envelope(
            id=EventId(str(report.report_id)),
            source=f"/agencies/{agency}",
            type=report.wire_type(),
            subject=str(report.report_id),
            time=at or datetime.now(UTC),
        )
    )


class Desk:
    """What agencies, officers and citizens do in these tests."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    async def submit(self, **form: Any) -> tuple[ApplicationId, str]:
        """A new application and its code."""
        answer = await self.probe.client.post(
            "/v1/applications",
            json=form,
            headers={**self.key(), **self.probe.bearer("siti", "officer")},
        )
        assert answer.status_code == 201, answer.text
        return ApplicationId(answer.json()["application_id"]), answer.json()["tracking_code"]

    def key(self) -> dict[str, str]:
        """A fresh idempotency key."""
        return {"Idempotency-Key": str(EventId.new())}

    def agency(self, agency: str) -> dict[str, str]:
        """The headers of an agency's system."""
        return self.probe.bearer(f"agency-{agency}", "agency", agency=agency)

    def stage(
        self, application_id: ApplicationId, stage: str, outcome: str, **why: Any
    ) -> StageReported:
        """A report about a stage."""
        return StageReported.model_validate(
            {
                "report_id": str(ReportId.new()),
                "application_id": str(application_id),
                "stage": stage,
                "outcome": outcome,
                **why,
            }
        )

    def activity(self, application_id: ApplicationId, activity: str) -> ActivityReported:
        """A report about an activity."""
        return ActivityReported(
            report_id=ReportId.new(), application_id=application_id, activity=activity
        )

    async def post(
        self,
        agency: str,
        report: StageReported | ActivityReported,
        *,
        at: datetime | None = None,
        token_of: str | None = None,
    ) -> Any:
        """Report over HTTP."""
        kind = "stage" if isinstance(report, StageReported) else "activity"
        body = {
            "type": kind,
            "occurred_at": (at or datetime.now(UTC)).isoformat(),
            **report.model_dump(mode="json"),
        }
        return await self.probe.client.post(
            f"/v1/agencies/{agency}/reports",
            json=body,
            headers={**self.key(), **self.agency(token_of or agency)},
        )

    def record(
        self, agency: str, report: StageReported | ActivityReported, at: datetime | None = None
    ) -> Arrival:
        """The same report as a record on Kafka."""
        return self.raw(
            agency,
            str(report.application_id),
            report_headers(agency, report, at),
            report.model_dump_json().encode(),
        )

    def raw(self, agency: str, key: str, headers: list[tuple[str, bytes]], value: bytes) -> Arrival:
        """Any record on an agency's topic."""
        return self.probe.raw_arrival(f"agency.{agency}.reports.v1", key, headers, value)

    async def take(self, *arrivals: Arrival) -> None:
        """The records arrive."""
        await self.probe.deliver("tracking.reports", *arrivals)

    async def facts_of(self, application_id: ApplicationId) -> list[str]:
        """Short names of the application's facts, in order."""
        return [
            f"{fact['type'].split('.')[1]}:{fact['payload'].get('stage', '')}".rstrip(":")
            for fact in await self.probe.facts()
            if str(fact["aggregate_id"]) == str(application_id)
        ]

    async def answers(self) -> list[tuple[str, str]]:
        """Report id and `accepted` or the code of refusal, in order."""
        return [
            (fact["payload"]["report_id"], fact["payload"].get("code", "accepted"))
            for fact in await self.probe.facts()
            if fact["type"].startswith("tracking.report_")
        ]

    async def replicate(self) -> None:
        """What relay and Kafka do: every fact of the log arrives at the read model."""
        rows = await self.probe.rows(
            "SELECT * FROM event_log WHERE topic = 'tracking.applications.v1' ORDER BY seq"
        )
        await self.probe.deliver(
            "tracking.read_model", *(arrival_of_row(self.probe, row) for row in rows)
        )

    async def parked(self) -> list[str]:
        """The reasons of parked records, in order."""
        return [
            row["reason"] for row in await self.probe.rows("SELECT reason FROM parked ORDER BY id")
        ]


def arrival_of_row(probe: Probe, row: Any) -> Arrival:
    """A row of the log as the relay sends it."""
    envelope = Envelope(
        id=EventId(row["event_id"]),
        source="/tracking",
        type=row["type"],
        subject=str(row["aggregate_id"]),
        time=row["time"],
        actor=row["actor"],
        version=row["version"],
        recorded_at=row["recorded_at"],
        correlation_id=row["correlation_id"],
    )
    return probe.raw_arrival(
        row["topic"], row["key"], to_headers(envelope), row["payload"].encode()
    )


def by_code(code: str) -> dict[str, str]:
    """How a citizen shows the code."""
    return {"Authorization": f"Loket-Code {code}"}


async def busy_morning(desk: Desk) -> list[tuple[ApplicationId, str]]:
    """Three applications: one completed with a return, one refused, one open."""
    whole, refused, free = (
        await desk.submit(journey="izin-bangunan"),
        await desk.submit(journey="izin-bangunan"),
        await desk.submit(),
    )
    stage = desk.stage
    for one in (whole[0], refused[0]):
        await desk.post("dpmptsp", stage(one, "kelengkapan", "accepted"))
        await desk.post("dpmptsp", stage(one, "kelengkapan", "done"))
    back = stage(whole[0], "teknis", "returned", requirement="gambar_rencana")
    await desk.post("dinas-teknis", back)
    await desk.probe.client.post(
        f"/v1/applications/{whole[0]}/stages/teknis/resubmit",
        headers={**desk.key(), **by_code(whole[1])},
    )
    await desk.post("dinas-teknis", stage(whole[0], "teknis", "done"))
    await desk.post("dlh", stage(whole[0], "lingkungan", "done"))
    await desk.post("dpmptsp", stage(whole[0], "penerbitan", "done"))
    no = stage(refused[0], "lingkungan", "refused", reason="kawasan_lindung")
    await desk.post("dlh", no)
    await desk.post("dlh", desk.activity(free[0], "Cek lokasi"))
    return [whole, refused, free]
