"""Why booking says no about waiting for a place: one class per rule, named after it."""

from contracts.base import Refused


class DayUnknown(Refused):
    """No session of this service was ever opened for this day."""

    code = "day_unknown"
    kind = "not_found"
    title_id = "Belum ada sesi layanan ini pada hari itu; pilih hari lain"
    title_en = "There are no sessions of this service on that day; choose another day"


class NoWaitList(Refused):
    """The policy of the service knows no wait list."""

    code = "no_wait_list"
    title_id = "Layanan ini tidak memakai daftar tunggu; coba lagi nanti atau pilih hari lain"
    title_en = "This service has no waiting list; try again later or choose another day"


class WaitListFirst(Refused):
    """What is free belongs to those who wait."""

    code = "wait_list_first"
    title_id = "Tempat yang kosong milik daftar tunggu; Anda dapat ikut mendaftar"
    title_en = "Freed places belong to the waiting list; you may join it"


class PlacesAreFree(Refused):
    """Nobody has to wait."""

    code = "places_are_free"
    title_id = "Masih ada tempat; pesan langsung"
    title_en = "Places are free; book one"


class AlreadyWaiting(Refused):
    """One person waits once for a service and day."""

    code = "already_waiting"
    title_id = "Anda sudah terdaftar untuk layanan ini pada hari itu"
    title_en = "You are on the list for this service on that day already"


class ListFull(Refused):
    """As many wait as the policy lets wait."""

    code = "list_full"
    title_id = "Daftar tunggu hari itu sudah penuh; pilih hari lain"
    title_en = "The waiting list of that day is full; choose another day"


class ListOver(Refused):
    """No place of the day could be offered in time any more."""

    code = "list_over"
    title_id = "Sudah terlambat untuk menunggu tempat pada hari itu; pilih hari lain"
    title_en = "It is too late to wait for a place on that day; choose another day"


class EntriesNotOpen(Refused):
    """The day has not been opened, neither for entries nor for bookings."""

    code = "entries_not_open"
    title_id = "Pendaftaran hari itu belum dibuka; lihat waktunya"
    title_en = "That day is not open yet; see the time"


class EntriesOver(Refused):
    """The draw takes no more entries, and has not taken place yet."""

    code = "entries_over"
    title_id = "Pendaftaran undian sudah ditutup; tunggu hasil undian"
    title_en = "The draw is closed; wait for its outcome"


class WaitUnknown(Refused):
    """There is no such entry."""

    code = "wait_unknown"
    kind = "not_found"
    title_id = "Pendaftaran ini tidak ditemukan; periksa kembali nomornya"
    title_en = "There is no such entry; check its number"


class NotWaiting(Refused):
    """The entry is done: it has its place, or it left."""

    code = "not_waiting"
    title_id = "Anda tidak lagi menunggu tempat; daftar kembali bila perlu"
    title_en = "You do not wait for a place any more; join again if you need to"
