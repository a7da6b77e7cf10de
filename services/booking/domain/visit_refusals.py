"""Why booking says no about visits over several agencies: one class per rule."""

from contracts.base import Refused


class VisitUnknown(Refused):
    """There is no such visit."""

    code = "visit_unknown"
    kind = "not_found"
    title_id = "Kunjungan ini tidak ditemukan; periksa nomornya"
    title_en = "There is no such visit; check its number"


class VisitCancelledAlready(Refused):
    """The visit was given up."""

    code = "visit_cancelled_already"
    title_id = "Kunjungan ini sudah dibatalkan; pesan kunjungan baru bila perlu"
    title_en = "This visit was cancelled already; book again if you need to"


class VisitOver(Refused):
    """No stop of the visit is ahead any more."""

    code = "visit_over"
    title_id = "Tidak ada lagi layanan yang dapat dibatalkan dalam kunjungan ini"
    title_en = "There is nothing left in this visit that could be cancelled"


class VisitImpossible(Refused):
    """No order of free places fits; `service` names one of which no place is free at all."""

    code = "visit_impossible"
    title_id = "Tidak ada susunan waktu yang muat; pilih hari lain atau kurangi layanan"
    title_en = "No order of times fits; choose another day or fewer services"


class TooManyStops(Refused):
    """A visit has two to five different services."""

    code = "too_many_stops"
    kind = "invalid"
    title_id = "Satu kunjungan berisi 2 sampai 5 layanan yang berbeda"
    title_en = "A visit has 2 to 5 different services"


class TwoMalls(Refused):
    """All stops of a visit are in one mall."""

    code = "two_malls"
    kind = "invalid"
    title_id = "Semua layanan satu kunjungan harus di mal yang sama"
    title_en = "All services of a visit must be in the same mall"


class TwoDays(Refused):
    """All stops of a visit are on one day."""

    code = "two_days"
    kind = "invalid"
    title_id = "Semua layanan satu kunjungan harus pada hari yang sama"
    title_en = "All services of a visit must be on the same day"


class WrongOrder(Refused):
    """A service comes after another one that stands later in the visit."""

    code = "wrong_order"
    title_id = "Layanan ini harus sesudah yang lain; tukar urutannya"
    title_en = "This service comes after the other; change their order"


class StopsOverlap(Refused):
    """A stop cannot be reached in time after the one before it."""

    code = "stops_overlap"
    title_id = "Dua layanan terlalu berdekatan; beri waktu untuk berjalan"
    title_en = "Two services are too close to each other; leave time to walk"
