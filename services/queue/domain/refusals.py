"""Why queue says no: one class per rule, named after it."""

from contracts.base import Refused


class MallUnknown(Refused):
    """The catalogue has no such mall, or it has not arrived yet."""

    code = "mall_unknown"
    kind = "invalid"
    title_id = "Mal pelayanan ini tidak dikenal; periksa kode mal"
    title_en = "This mall is not known; check its code"


class ServiceUnknown(Refused):
    """No counter of this mall offers the service."""

    code = "service_unknown"
    kind = "invalid"
    title_id = "Tidak ada loket di mal ini untuk layanan tersebut; periksa kode layanan"
    title_en = "No counter of this mall offers the service; check its code"


class CounterUnknown(Refused):
    """The mall has no such counter."""

    code = "counter_unknown"
    kind = "not_found"
    title_id = "Loket ini tidak ada di mal Anda; periksa kode loket"
    title_en = "Your mall has no such counter; check its code"


class CounterAlreadyOpen(Refused):
    """A counter is opened once until it is closed."""

    code = "counter_already_open"
    title_id = "Loket ini sudah buka"
    title_en = "This counter is open already"


class CounterClosedNow(Refused):
    """Nobody serves at a closed counter."""

    code = "counter_closed"
    title_id = "Loket ini sedang tutup; buka dahulu"
    title_en = "This counter is closed; open it first"


class CounterBusy(Refused):
    """A counter has one ticket at a time."""

    code = "counter_busy"
    title_id = "Selesaikan dahulu nomor antrean yang sedang dipanggil di loket ini"
    title_en = "Finish the ticket that this counter has called first"


class TicketUnknown(Refused):
    """There is no such ticket."""

    code = "ticket_unknown"
    kind = "not_found"
    title_id = "Nomor antrean ini tidak ditemukan"
    title_en = "There is no such ticket"


class AlreadyInLine(Refused):
    """One appointment gets one ticket."""

    code = "already_in_line"
    title_id = "Janji ini sudah mendapat nomor antrean"
    title_en = "This appointment has its ticket already"


class NotCalledHere(Refused):
    """Only the counter that called a ticket may serve and finish it."""

    code = "not_called_here"
    title_id = "Nomor antrean ini tidak dipanggil oleh loket ini"
    title_en = "This ticket was not called by this counter"


class AlreadyServed(Refused):
    """Service has begun before."""

    code = "already_served"
    title_id = "Nomor antrean ini sudah mulai dilayani"
    title_en = "This ticket is being served already"


class NotServedYet(Refused):
    """Whoever was never served cannot have been served to the end."""

    code = "not_served_yet"
    title_id = "Nomor antrean ini belum dilayani; mulai dahulu, atau catat sebagai tidak hadir"
    title_en = "This ticket was not served yet; serve it, or finish it as a no-show"


class TicketFinishedAlready(Refused):
    """A finished ticket stays finished."""

    code = "ticket_finished_already"
    title_id = "Nomor antrean ini sudah selesai"
    title_en = "This ticket is finished already"


class NotYours(Refused):
    """The thing belongs to another mall than the one that the caller works for."""

    code = "not_yours"
    kind = "forbidden"
    title_id = "Ini milik mal lain; hanya petugas mal itu yang dapat mengubahnya"
    title_en = "This belongs to another mall; only its own officers may change it"


class PriorityReasonMissing(Refused):
    """Nobody is let in before others without a reason."""

    code = "priority_reason_missing"
    kind = "invalid"
    title_id = "Sebutkan alasan prioritas"
    title_en = "Give the reason for priority"


class PriorityReasonUnknown(Refused):
    """The policy of this line does not have the reason."""

    code = "priority_reason_unknown"
    kind = "invalid"
    title_id = "Alasan prioritas ini tidak berlaku di sini; pilih salah satu yang diumumkan"
    title_en = "This reason for priority does not count here; choose a published one"


class PriorityUsedUp(Refused):
    """The policy bounds the priority numbers of a day."""

    code = "priority_used_up"
    title_id = "Kuota nomor prioritas hari ini habis; ambil nomor reguler"
    title_en = "Today's priority numbers are used up; take an ordinary one"


class LaneForOfficers(Refused):
    """Whether somebody goes on with what was begun elsewhere, only an officer can see."""

    code = "lane_for_officers"
    kind = "forbidden"
    title_id = "Nomor lanjutan hanya diberikan oleh petugas"
    title_en = "Only an officer gives numbers for going on"


class LineUnknown(Refused):
    """There is no such line."""

    code = "line_unknown"
    kind = "not_found"
    title_id = "Antrean ini tidak ditemukan"
    title_en = "There is no such line"


class PolicyUnknown(Refused):
    """There is no such policy, or no such version of it."""

    code = "policy_unknown"
    kind = "not_found"
    title_id = "Aturan giliran ini tidak ditemukan; periksa kode dan versinya"
    title_en = "There is no such policy; check its code and version"


class PresenceKnown(Refused):
    """The agency has come, or was told absent already."""

    code = "presence_known"
    title_id = "Kehadiran instansi ini pada hari itu sudah tercatat"
    title_en = "Whether this agency came on that day is on record already"


class NotServedHere(Refused):
    """Only who was served to the end can judge the service."""

    code = "not_served_here_yet"
    title_id = "Survei dibuka setelah nomor ini selesai dilayani"
    title_en = "The survey opens once this ticket has been served"


class SurveyAnsweredAlready(Refused):
    """One answer per ticket."""

    code = "already_answered"
    title_id = "Survei untuk nomor ini sudah diisi"
    title_en = "This ticket's survey was answered already"


class SurveyOver(Refused):
    """The survey of a ticket is open for some days."""

    code = "survey_over"
    title_id = "Masa pengisian survei untuk nomor ini sudah lewat"
    title_en = "The time to answer this ticket's survey is over"


class TooFewAnswers(Refused):
    """So few answers could be told apart, and are not published."""

    code = "too_few_answers"
    kind = "not_found"
    title_id = "Jawaban survei belum cukup untuk diumumkan"
    title_en = "There are not enough answers to publish"
