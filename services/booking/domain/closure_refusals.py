"""Why booking says no about closures and special openings: one class per rule."""

from contracts.base import Refused


class ClosureUnknown(Refused):
    """There is no such closure."""

    code = "closure_unknown"
    kind = "not_found"
    title_id = "Penutupan ini tidak ditemukan; periksa nomornya"
    title_en = "There is no such closure; check its number"


class ClosureTimesImpossible(Refused):
    """It begins a day ago at the earliest, ends later and in the future, lasts a year at most."""

    code = "closure_times_impossible"
    kind = "invalid"
    title_id = "Waktu penutupan tidak mungkin; mulai sebelum selesai dan selesai di masa depan"
    title_en = "These times are impossible: begin before the end, and end in the future"


class ClosureTooWide(Refused):
    """More sessions are touched than one decision may close."""

    code = "closure_too_wide"
    kind = "invalid"
    title_id = "Terlalu banyak sesi yang terkena; bagi menjadi beberapa penutupan"
    title_en = "Too many sessions are touched; declare several shorter closures"


class LiftedAlready(Refused):
    """The closure does not hold any more."""

    code = "lifted_already"
    title_id = "Penutupan ini sudah dicabut; tidak ada yang perlu dilakukan"
    title_en = "This closure was lifted already; there is nothing to do"


class AgencyNotInMall(Refused):
    """The agency has no place in this mall."""

    code = "agency_not_in_mall"
    kind = "invalid"
    title_id = "Instansi ini tidak ada di mal ini; periksa kodenya"
    title_en = "This agency has no place in this mall; check its code"


class ServiceClosed(Refused):
    """A closure covers the time for which a session is to be opened."""

    code = "service_closed"
    title_id = "Layanan ditutup pada waktu itu; pilih waktu lain atau cabut penutupannya"
    title_en = "The service is closed at that time; choose another one or lift the closure"


class RangeTooLong(Refused):
    """A range of dates begins before it ends and has 31 days at most."""

    code = "range_too_long"
    kind = "invalid"
    title_id = "Rentang tanggal tidak mungkin atau lebih dari 31 hari; persempit"
    title_en = "The range of dates is impossible or longer than 31 days; narrow it"


class CalendarUnknown(Refused):
    """The holidays of a year were not published, so nobody can say what is open in it."""

    code = "calendar_missing"
    kind = "not_found"
    title_id = "Kalender tahun itu belum diterbitkan; coba lagi nanti"
    title_en = "The calendar of that year is not published yet; try again later"
