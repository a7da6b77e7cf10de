"""What tracking makes of agencies' records on Kafka: reports become commands, others answers.

The agency is taken from the topic, never from what the record says of itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from chassis.arrivals import Arrival, Delivered, Reading, Rejected
from chassis.clock import now
from chassis.decide import Submission
from chassis.errors import MALFORMED
from chassis.eventlog import Cause
from contracts.agencies import ActivityReported, StageReported
from contracts.base import Command
from contracts.catalog import agency_of
from contracts.envelope import Envelope
from contracts.ids import Actor, AgencyId, ApplicationId, ReportId
from services.tracking.commands import AnswerRejected, report_command

# Why a record is no report, as its sender is told; what can be wrong with JSON is in MALFORMED.
_TOLD: dict[str, tuple[str, str]] = {
    "malformed_envelope": (
        "Tajuk CloudEvents laporan ini kurang atau salah; perbaiki lalu kirim kembali",
        "The CloudEvents headers of this report are missing or wrong; mend them and send again",
    ),
    "unknown_event": (
        "Jenis laporan ini tidak dikenal; lihat daftar jenis yang berlaku",
        "This type of report is not known; look at the list of types in force",
    ),
    "not_a_report": (
        "Catatan ini bukan laporan instansi",
        "This record is not a report of an agency",
    ),
    "source_mismatch": (
        "Laporan ini mengatasnamakan pihak lain; ce_source harus /agencies/<instansi>",
        "This report speaks for another; ce_source must be /agencies/<agency>",
    ),
    "id_mismatch": (
        "ce_id, ce_subject, dan kunci harus sama dengan report_id dan application_id pada isi",
        "ce_id, ce_subject and the key must equal report_id and application_id in the body",
    ),
    "key_reused": (
        "Nomor laporan ini sudah dipakai untuk laporan lain; pakai nomor baru",
        "This report id was used for another report; use a new one",
    ),
}
_OTHERWISE = (
    "Catatan ini tidak dapat dibaca sebagai laporan",
    "This record cannot be read as a report",
)


@dataclass(frozen=True, slots=True)
class ReportReading(Reading):
    """Reads reports, and rejects what speaks for another or is numbered as only facts are."""

    @override
    def read(self, arrival: Arrival) -> Delivered | Rejected:
        """The report, if it is one of the agency whose topic it stands on."""
        # Not `super()`: a dataclass with slots is made anew, and the short form would miss it.
        found = Reading.read(self, arrival)
        if isinstance(found, Rejected):
            return found
        envelope, report = found.envelope, found.fact
        if not isinstance(report, StageReported | ActivityReported):
            return Rejected(arrival, "not_a_report", "agencies send reports only")
        if not _is_own(agency_of(arrival.topic), envelope):
            return Rejected(arrival, "source_mismatch", "source or actor name another agency")
        if envelope.version is not None or envelope.recorded_at is not None:
            return Rejected(arrival, "malformed_envelope", "a report has no aggregate version")
        names = (str(envelope.id), envelope.subject.lower(), arrival.key.lower())
        if names != (str(report.report_id), str(report.report_id), str(report.application_id)):
            return Rejected(arrival, "id_mismatch", "ce_id, ce_subject or key differ from the body")
        return found


def _is_own(agency: AgencyId, envelope: Envelope) -> bool:
    return envelope.source == f"/agencies/{agency}" and envelope.actor in {
        None,
        f"agency:{agency}",
    }


def on_report(delivered: Delivered) -> Sequence[Command]:
    """The same command as at the HTTP door; the CloudEvents time is the agency's own."""
    report = delivered.fact
    assert isinstance(report, StageReported | ActivityReported)  # noqa: S101 - as it was read
    agency = agency_of(delivered.arrival.topic)
    return [report_command(agency, report, delivered.envelope.time, now())]


def answer_rejected(rejected: Rejected) -> Sequence[Submission]:
    """Tell the agency why its record was parked, if the record tells what it was about."""
    arrival = rejected.arrival
    try:
        agency = agency_of(arrival.topic)
        application_id = ApplicationId(arrival.key)
        report_id = ReportId(_header(arrival, "ce_id"))
    except ValueError:
        return []
    title_id, title_en = _TOLD.get(rejected.reason) or MALFORMED.get(rejected.reason) or _OTHERWISE
    place = f"{arrival.topic}:{arrival.partition}:{arrival.offset}"
    command = AnswerRejected(
        actor=Actor("system:tracking"),
        at=now(),
        # The id, too: in a log made anew another record may have this offset.
        key=f"rejected:{place}:{report_id}",
        agency=agency,
        application_id=application_id,
        report_id=report_id,
        reason=rejected.reason,
        title_id=title_id,
        title_en=title_en,
    )
    return [Submission(command, Cause(correlation_id=str(report_id), causation_id=str(report_id)))]


def _header(arrival: Arrival, name: str) -> str:
    """The only header of this name. Raises ValueError when there is none, or more than one."""
    values = [value for key, value in arrival.headers if key == name]
    if len(values) != 1:
        raise ValueError(f"{name} is not there once")
    return values[0].decode()
