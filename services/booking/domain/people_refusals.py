"""Why one person may not take one more place."""

from contracts.base import Refused


class NikImpossible(Refused):
    """These digits cannot be a NIK. The answer never repeats them."""

    code = "nik_impossible"
    kind = "invalid"
    title_id = "NIK tidak mungkin benar; periksa 16 angkanya"
    title_en = "This NIK cannot be right; check its 16 digits"


class IdentityNeeded(Refused):
    """The policy of the service asks for a NIK, so that one person is counted once."""

    code = "identity_needed"
    kind = "invalid"
    title_id = "Layanan ini meminta NIK; isi NIK Anda"
    title_en = "This service needs your NIK; fill it in"


class TooManyHolds(Refused):
    """A person holds few places at once without having confirmed them."""

    code = "too_many_holds"
    title_id = "Anda masih menahan tempat lain; konfirmasi atau lepaskan dahulu"
    title_en = "You are holding another place; confirm it or let it go first"


class TooManyBookings(Refused):
    """A person, or an identity, has few appointments at once that are still ahead."""

    code = "too_many_bookings"
    title_id = "Anda sudah punya terlalu banyak janji; selesaikan atau batalkan satu"
    title_en = "You hold too many appointments; use one or cancel one"


class TooManyFromDevice(Refused):
    """From one device few appointments are made at once."""

    code = "too_many_from_device"
    title_id = "Terlalu banyak janji dari perangkat ini; coba lewat loket"
    title_en = "Too many appointments were made from this device; try the counter"


class TooManyFromNetwork(Refused):
    """From one network address few appointments are made on one day."""

    code = "too_many_from_network"
    title_id = "Terlalu banyak janji dari jaringan ini hari ini; coba besok atau lewat loket"
    title_en = "Too many appointments from this network today; try tomorrow or at the counter"


class BlockedAfterMisses(Refused):
    """Who missed appointments too often books at the counter for a time."""

    code = "blocked_after_misses"
    title_id = "Anda terlalu sering tidak hadir; datang ke loket atau minta petugas memaafkan"
    title_en = "You missed too many appointments; come to the counter or ask the office to pardon"
