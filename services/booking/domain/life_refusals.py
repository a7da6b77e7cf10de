"""Why an appointment cannot take a step: it stands elsewhere, or the step is not for it."""

from contracts.base import Refused


class NotConfirmed(Refused):
    """The place is only held."""

    code = "not_confirmed"
    title_id = "Tempat ini baru ditahan; konfirmasi dahulu"
    title_en = "This place is only held; confirm it first"


class NotApproved(Refused):
    """The office has not answered the request yet."""

    code = "not_approved"
    title_id = "Janji ini masih menunggu persetujuan kantor; tunggu jawabannya"
    title_en = "This request waits for the office's answer; wait for it"


class AppointmentOver(Refused):
    """The appointment lapsed, was declined or missed."""

    code = "appointment_over"
    title_id = "Janji ini sudah berakhir; buat janji baru bila perlu"
    title_en = "This appointment has ended; book again if you need to"


class NotHeld(Refused):
    """Only a place that is held can be confirmed or let go."""

    code = "not_held"
    title_id = "Tempat ini tidak sedang ditahan; lihat keadaan janji Anda"
    title_en = "This place is not on hold; look where your appointment stands"


class HoldOver(Refused):
    """The time for confirming has ended."""

    code = "hold_over"
    title_id = "Waktu menahan tempat sudah habis; pesan kembali"
    title_en = "Your hold has ended; book again"


class NotDue(Refused):
    """The time has not come, or it has passed: only a timer asks for this."""

    code = "not_due"
    title_id = "Waktunya belum tiba atau sudah lewat; tidak ada yang perlu dilakukan"
    title_en = "It is not time for this, or no longer; there is nothing to do"


class SameSession(Refused):
    """The appointment is in that session already."""

    code = "same_session"
    title_id = "Janji ini sudah di sesi itu; pilih sesi lain"
    title_en = "It is in that session already; choose another one"


class OtherService(Refused):
    """An appointment is moved within its service and mall."""

    code = "other_service"
    title_id = "Pilih sesi dari layanan dan mal yang sama"
    title_en = "Choose a session of the same service and mall"


class TooEarly(Refused):
    """Checking in begins some minutes before the session."""

    code = "too_early"
    title_id = "Belum waktunya lapor datang; kembalilah pada waktu yang tertera"
    title_en = "It is too early to check in; come back at the time given"


class TooLate(Refused):
    """The grace has ended."""

    code = "too_late"
    title_id = "Waktu lapor datang sudah lewat; ambil nomor antrean atau buat janji baru"
    title_en = "It is too late to check in; take a ticket or book again"


class MovedTooOften(Refused):
    """An appointment is moved a few times only."""

    code = "moved_too_often"
    title_id = "Janji ini sudah terlalu sering dipindah; batalkan bila tidak dapat datang"
    title_en = "This appointment was moved too often; cancel it if you cannot come"


class TooLateToMove(Refused):
    """Shortly before it begins an appointment stays where it is."""

    code = "too_late_to_move"
    title_id = "Sudah terlambat untuk memindah janji ini; batalkan bila tidak dapat datang"
    title_en = "It is too late to move this appointment; cancel it if you cannot come"


class NotRequested(Refused):
    """Only a request can be granted or declined."""

    code = "not_requested"
    title_id = "Janji ini tidak menunggu persetujuan; lihat keadaannya"
    title_en = "This appointment waits for no approval; look where it stands"


class NotMissed(Refused):
    """Only a miss that counts can be pardoned."""

    code = "not_missed"
    title_id = "Tidak ada ketidakhadiran yang dapat dimaafkan pada janji ini"
    title_en = "There is no miss of this appointment to pardon"
