"""Every rule of tracking that can say no, and what to do then. When it does is elsewhere."""

from contracts.base import Refused


class ApplicationUnknown(Refused):
    """No application has this id."""

    code = "application_unknown"
    kind = "not_found"
    title_id = "Permohonan dengan nomor ini tidak ada; periksa kembali nomornya"
    title_en = "There is no application with this id; check the id"


class ApplicationEnded(Refused):
    """An end is final: a completed or refused application takes nothing more."""

    code = "application_ended"
    title_id = "Permohonan ini sudah selesai; tidak ada lagi yang dapat dilaporkan"
    title_en = "This application has ended; nothing more can be reported on it"


class StageUnknown(Refused):
    """The journey of the application has no such stage."""

    code = "stage_unknown"
    kind = "not_found"
    title_id = "Tahap ini tidak ada pada alur permohonan; periksa kode tahapnya"
    title_en = "The journey of this application has no such stage; check the code of the stage"


class NotThisAgencysStage(Refused):
    """Only the agency that owns a stage may report it."""

    code = "not_this_agencys_stage"
    kind = "forbidden"
    title_id = "Tahap ini milik instansi lain; hanya instansi itu yang dapat melaporkannya"
    title_en = "This stage belongs to another agency; only that agency may report it"


class StageNotOpen(Refused):
    """The stage still waits for others, or is finished."""

    code = "stage_not_open"
    title_id = "Tahap ini belum dibuka atau sudah selesai; lihat keadaan permohonan"
    title_en = "This stage is not open yet, or is finished; look at the state of the application"


class StageAlreadyAccepted(Refused):
    """The file of this stage was found complete before."""

    code = "stage_already_accepted"
    title_id = "Berkas tahap ini sudah dinyatakan lengkap; laporkan hasilnya"
    title_en = "The file of this stage was accepted before; report its outcome"


class StageAwaitsApplicant(Refused):
    """A returned file must be resubmitted by the applicant first."""

    code = "stage_awaits_applicant"
    title_id = "Berkas ada pada pemohon; tunggu sampai diajukan kembali"
    title_en = "The file lies with the applicant; wait until it is resubmitted"


class StageMayNotReturn(Refused):
    """The journey does not let this stage return the file."""

    code = "stage_may_not_return"
    title_id = "Tahap ini tidak dapat mengembalikan berkas; laporkan selesai atau ditolak"
    title_en = "This stage may not return the file; report it done or refused"


class StageNotReturned(Refused):
    """There is nothing to resubmit at this stage."""

    code = "stage_not_returned"
    title_id = "Tahap ini tidak sedang menunggu perbaikan berkas"
    title_en = "This stage is not waiting for a mended file"


class ReportsStagesOnly(Refused):
    """On a modelled journey agencies report stages."""

    code = "reports_stages_only"
    title_id = "Permohonan ini mengikuti alur baku; laporkan tahapnya, bukan kegiatan bebas"
    title_en = "This application follows a modelled journey; report its stage, not an activity"


class ReportsActivitiesOnly(Refused):
    """On an open journey there are no stages."""

    code = "reports_activities_only"
    title_id = "Permohonan ini beralur terbuka; laporkan kegiatan, bukan tahap"
    title_en = "This application is on an open journey; report an activity, not a stage"


class TimeInFuture(Refused):
    """A report may not lie more than a day ahead of our clock."""

    code = "time_in_future"
    kind = "invalid"
    title_id = "Waktu laporan lebih dari satu hari di masa depan; periksa jam sistem Anda"
    title_en = "The time of the report is more than one day in the future; check your clock"


class ReportIdTaken(Refused):
    """The id of the report already names something else. It cannot even be answered by a fact."""

    code = "report_id_taken"
    title_id = "Nomor laporan ini sudah dipakai; buat nomor acak yang baru"
    title_en = "This report id names something else already; make a new random one"


class AgencyUnknown(Refused):
    """The catalogue knows no such agency (yet)."""

    code = "agency_unknown"
    kind = "not_found"
    title_id = "Instansi ini tidak ada dalam katalog"
    title_en = "The catalogue has no such agency"


class JourneyUnknown(Refused):
    """The catalogue knows no such journey (yet)."""

    code = "journey_unknown"
    kind = "not_found"
    title_id = "Alur ini tidak ada dalam katalog; periksa kodenya"
    title_en = "The catalogue has no such journey; check its code"


class ServiceUnknown(Refused):
    """The catalogue knows no such service (yet)."""

    code = "service_unknown"
    kind = "not_found"
    title_id = "Layanan ini tidak ada dalam katalog; periksa kodenya"
    title_en = "The catalogue has no such service; check its code"


class MallUnknown(Refused):
    """The catalogue knows no such mall (yet)."""

    code = "mall_unknown"
    kind = "not_found"
    title_id = "Mal pelayanan publik ini tidak ada dalam katalog; periksa kodenya"
    title_en = "The catalogue has no such mall; check its code"


OF_SUBMISSION: tuple[type[Refused], ...] = (JourneyUnknown, ServiceUnknown, MallUnknown)
OF_RESUBMISSION: tuple[type[Refused], ...] = (
    ApplicationUnknown,
    ApplicationEnded,
    StageUnknown,
    StageNotReturned,
)
OF_REPORT: tuple[type[Refused], ...] = (
    ApplicationUnknown,
    ApplicationEnded,
    StageUnknown,
    NotThisAgencysStage,
    StageNotOpen,
    StageAlreadyAccepted,
    StageAwaitsApplicant,
    StageMayNotReturn,
    ReportsStagesOnly,
    ReportsActivitiesOnly,
    TimeInFuture,
    ReportIdTaken,
    AgencyUnknown,
)
