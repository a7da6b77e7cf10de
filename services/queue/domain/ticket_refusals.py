"""Why a ticket may not move as somebody wants: one class per rule, named after it."""

from contracts.base import Refused


class NotWaiting(Refused):
    """Only who waits can be called by number, change the lane or leave."""

    code = "not_waiting"
    title_id = "Nomor ini tidak sedang menunggu"
    title_en = "This ticket is not waiting"


class NotHeld(Refused):
    """Only who stepped aside can come back."""

    code = "not_held"
    title_id = "Nomor ini tidak sedang ditahan"
    title_en = "This ticket is not on hold"


class RecalledTooSoon(Refused):
    """Between two calls there is time to come."""

    code = "recalled_too_soon"
    title_id = "Tunggu sebentar sebelum memanggil lagi"
    title_en = "Wait a moment before calling again"


class RecallFirst(Refused):
    """Nobody counts as not there after too few calls."""

    code = "recall_first"
    title_id = "Panggil ulang dahulu sebelum mencatat tidak hadir"
    title_en = "Call again before recording a no-show"


class HoldReasonUnknown(Refused):
    """The policy of this line does not have the reason."""

    code = "hold_reason_unknown"
    kind = "invalid"
    title_id = "Alasan menahan nomor ini tidak berlaku di sini; pilih salah satu yang diumumkan"
    title_en = "This reason to hold does not count here; choose a published one"


class HoldTooLong(Refused):
    """The policy bounds how long somebody may step aside."""

    code = "hold_too_long"
    kind = "invalid"
    title_id = "Waktu menahan nomor melebihi batas; pilih waktu yang lebih singkat"
    title_en = "This is longer than a ticket may be held; choose a shorter time"


class SkippedTooOften(Refused):
    """Who did not come so often is a no-show."""

    code = "skipped_too_often"
    title_id = "Nomor ini sudah terlalu sering dilewati; catat sebagai tidak hadir"
    title_en = "This ticket was skipped too often; record a no-show"


class OverrideReasonUnknown(Refused):
    """Out of order somebody is called for a published reason only."""

    code = "override_reason_unknown"
    kind = "invalid"
    title_id = "Alasan memanggil di luar giliran tidak dikenal; pilih salah satu yang diumumkan"
    title_en = "This is no reason to call out of order; choose a published one"


class InItsTurn(Refused):
    """What the rule gives anyway is no exception."""

    code = "in_its_turn"
    title_id = "Nomor ini memang berikutnya; tekan panggil"
    title_en = "This ticket is next anyway; use call-next"


class TransferNowhere(Refused):
    """It must be clear where the holder is to go."""

    code = "transfer_nowhere"
    kind = "invalid"
    title_id = "Sebutkan layanan atau loket tujuan yang jelas"
    title_en = "Name the service or the counter to which the ticket goes"


class ServiceElsewhere(Refused):
    """A counter serves its own services only."""

    code = "service_elsewhere"
    title_id = "Layanan ini tidak ada di loket tersebut"
    title_en = "That counter does not have this service"


class AlreadyPriority(Refused):
    """Who is let in first is not let in before that."""

    code = "already_priority"
    title_id = "Nomor ini sudah di jalur prioritas"
    title_en = "This ticket is in the priority lane already"
