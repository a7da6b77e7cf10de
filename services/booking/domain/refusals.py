"""Why a session or a place in one is refused."""

from contracts.base import Refused


class MallUnknown(Refused):
    """The catalogue has no such mall, or it has not arrived yet."""

    code = "mall_unknown"
    kind = "invalid"
    title_id = "Mal pelayanan ini tidak dikenal; periksa kode mal"
    title_en = "This mall is not known; check its code"


class ServiceUnknown(Refused):
    """The catalogue has no such service, or it has not arrived yet."""

    code = "service_unknown"
    kind = "invalid"
    title_id = "Layanan ini tidak dikenal; periksa kode layanan"
    title_en = "This service is not known; check its code"


class ServiceNotInMall(Refused):
    """The agency of the service has no place in this mall."""

    code = "service_not_in_mall"
    kind = "invalid"
    title_id = "Layanan ini tidak tersedia di mal ini; pilih mal lain"
    title_en = "This service is not offered in this mall; choose another mall"


class SpanImpossible(Refused):
    """A session begins before it ends, on one day in the mall's zone."""

    code = "span_impossible"
    kind = "invalid"
    title_id = "Sesi harus mulai sebelum selesai dan pada hari yang sama; perbaiki jamnya"
    title_en = "A session must begin before it ends, on one day; correct its times"


class SessionOver(Refused):
    """The session lies in the past."""

    code = "session_over"
    title_id = "Sesi ini sudah lewat; pilih sesi lain"
    title_en = "This session is over; choose another one"


class SessionUnknown(Refused):
    """There is no such session."""

    code = "session_unknown"
    kind = "not_found"
    title_id = "Sesi ini tidak ditemukan; pilih dari daftar sesi"
    title_en = "There is no such session; choose one from the list of sessions"


class SessionFull(Refused):
    """Every place of the session is taken."""

    code = "session_full"
    title_id = "Sesi ini sudah penuh; pilih sesi lain"
    title_en = "This session is full; choose another one"


class ChannelFull(Refused):
    """The places for this way of booking are taken; others may be free."""

    code = "channel_full"
    title_id = "Tempat untuk saluran ini habis; coba lewat loket atau sesi lain"
    title_en = "No place is left for this channel; try the counter or another session"


class DayFull(Refused):
    """The quota of the service for that day is used up."""

    code = "day_full"
    title_id = "Kuota layanan untuk hari itu habis; pilih hari lain"
    title_en = "The quota of that day is used up; choose another day"


class SessionClosedNow(Refused):
    """The office closes at the time of the session."""

    code = "session_closed"
    title_id = "Layanan tutup pada waktu itu; pilih waktu lain"
    title_en = "The service is closed at that time; choose another time"


class AlreadyBooked(Refused):
    """One person holds one place per service and day."""

    code = "already_booked"
    title_id = (
        "Anda sudah punya janji untuk layanan ini pada hari itu; batalkan dahulu untuk mengganti"
    )
    title_en = "You hold a place for this service on that day already; cancel it to change it"


class AppointmentUnknown(Refused):
    """There is no such appointment."""

    code = "appointment_unknown"
    kind = "not_found"
    title_id = "Janji ini tidak ditemukan; periksa kembali nomornya"
    title_en = "There is no such appointment; check its number"


class AlreadyCheckedIn(Refused):
    """The citizen is in the mall already."""

    code = "already_checked_in"
    title_id = "Anda sudah lapor datang; tunggu panggilan di papan antrean"
    title_en = "You have checked in already; wait to be called"


class AppointmentCancelledAlready(Refused):
    """The place was given up."""

    code = "appointment_cancelled_already"
    title_id = "Janji ini sudah dibatalkan; buat janji baru bila perlu"
    title_en = "This appointment was cancelled already; book again if you need to"


class NotToday(Refused):
    """Checking in is possible on the day of the appointment only."""

    code = "not_today"
    title_id = "Janji ini bukan untuk hari ini; datanglah pada harinya"
    title_en = "This appointment is not for today; come on its day"


class NotYours(Refused):
    """The thing belongs to another mall than the one that the caller works for."""

    code = "not_yours"
    kind = "forbidden"
    title_id = "Ini milik mal lain; hanya petugas mal itu yang dapat mengubahnya"
    title_en = "This belongs to another mall; only its own officers may change it"


class FurtherServiceImpossible(Refused):
    """Further services of an appointment are of its agency, each named once, few altogether."""

    code = "further_service_impossible"
    kind = "invalid"
    title_id = "Layanan tambahan harus dari instansi yang sama dan tidak terlalu banyak; perbaiki"
    title_en = "Further services must be of the same agency and not too many; correct them"


class PolicyUnknown(Refused):
    """The mall names a booking policy that has not arrived from the catalogue."""

    code = "policy_unknown"
    kind = "invalid"
    title_id = "Kebijakan pemesanan mal ini belum diterima; coba lagi nanti atau hubungi operator"
    title_en = "The booking policy of this mall has not arrived; try later or tell the operator"


class OutsideWindow(Refused):
    """A day is open for booking from some days before it, until its session is near."""

    code = "outside_window"
    title_id = "Pemesanan untuk sesi itu belum dibuka atau sudah ditutup; lihat waktunya"
    title_en = "That session is not open for booking yet, or no longer; see the time"
