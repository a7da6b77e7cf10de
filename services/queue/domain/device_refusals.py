"""Why a kiosk or board is told no: who it is, whether it may, and which numbers it has left."""

from contracts.base import Refused


class DeviceUnknown(Refused):
    """The mall has no such device, or it logs in as another client."""

    code = "device_unknown"
    kind = "not_found"
    title_id = "Perangkat ini tidak terdaftar di mal; periksa kode perangkat"
    title_en = "The mall has no such device; check its code"


class DeviceLocked(Refused):
    """A locked device gives no new numbers."""

    code = "device_locked"
    kind = "forbidden"
    title_id = "Perangkat ini dikunci; hubungi pengawas"
    title_en = "This device is locked; ask a supervisor"


class DeviceNotLocked(Refused):
    """Only a locked device can be unlocked."""

    code = "device_not_locked"
    title_id = "Perangkat ini tidak dikunci"
    title_en = "This device is not locked"


class DeviceReplaced(Refused):
    """A later session of the same identity began elsewhere."""

    code = "device_replaced"
    title_id = "Perangkat lain memakai identitas ini; mulai sesi baru"
    title_en = "Another device uses this identity; begin a new session"


class NoSeriesLeft(Refused):
    """A line has at most 26 series a day."""

    code = "no_series_left"
    title_id = "Semua huruf seri untuk antrean ini sudah dipakai hari ini"
    title_en = "All series of this line are used up today"


class SeriesUnknown(Refused):
    """The series was not granted to this device in that session."""

    code = "series_unknown"
    kind = "not_found"
    title_id = "Seri ini tidak diberikan kepada perangkat ini"
    title_en = "This series was not granted to this device"


class SeriesGap(Refused):
    """Numbers of a series come in order; `expected` is the next one."""

    code = "series_gap"
    title_id = "Ada nomor luring yang belum dikirim; kirim mulai dari nomor yang diharapkan"
    title_en = "Earlier numbers are missing; send them from the expected one on"


class SeriesTooLong(Refused):
    """A series has as many numbers as were granted."""

    code = "series_too_long"
    title_id = "Nomor ini melampaui seri yang diberikan"
    title_en = "This number is beyond what was granted"


class TicketIdTaken(Refused):
    """The id belongs to another ticket."""

    code = "ticket_id_taken"
    title_id = "Id tiket ini sudah dipakai tiket lain"
    title_en = "This ticket id belongs to another ticket"
