"""The sentences of what happens in a mall's lines beside the straight way of a ticket."""

from collections.abc import Mapping

from services.tracking.domain.names import Told

QUEUE_SENTENCES: Mapping[str, Told] = {
    "queue.ticket_recalled.v1": Told(
        "Nomor {ticket} dipanggil lagi ke loket {counter}",
        "Ticket {ticket} was called again to counter {counter}",
    ),
    "queue.ticket_held.v1": Told(
        "Nomor {ticket} ditunda sebentar di loket {counter}",
        "Ticket {ticket} stepped aside at counter {counter}",
    ),
    "queue.ticket_resumed.v1": Told(
        "Nomor {ticket} kembali ke loket {counter}", "Ticket {ticket} is back at counter {counter}"
    ),
    "queue.ticket_skipped.v1": Told(
        "Nomor {ticket} dilewati dan menunggu lagi", "Ticket {ticket} was skipped and waits again"
    ),
    "queue.ticket_returned.v1": Told(
        "Nomor {ticket} kembali menunggu", "Ticket {ticket} waits in the line again"
    ),
    "queue.ticket_transferred.v1": Told(
        "Nomor {ticket} dialihkan ke {service}", "Ticket {ticket} was sent on to {service}"
    ),
    "queue.ticket_reclassified.v1": Told(
        "Nomor {ticket} pindah jalur antrean", "Ticket {ticket} changed its lane"
    ),
    "queue.ticket_near.v1": Told(
        "Nomor {ticket} hampir dipanggil, {before} nomor lagi",
        "Ticket {ticket} is nearly called, {before} more before it",
    ),
    "queue.ticket_lapsed.v1": Told(
        "Nomor {ticket} berakhir tanpa dilayani", "Ticket {ticket} ended without service"
    ),
    "queue.ticket_disputed.v1": Told(
        "Catatan luring untuk nomor {ticket} perlu diperiksa",
        "What was noted without a link for ticket {ticket} must be looked at",
    ),
    "queue.counter_taken_over.v1": Told(
        "Petugas loket {counter} melanjutkan di perangkat lain",
        "The officer of counter {counter} went on at another screen",
    ),
    "queue.counter_paused.v1": Told("Loket {counter} istirahat", "Counter {counter} pauses"),
    "queue.counter_resumed.v1": Told(
        "Loket {counter} melayani lagi", "Counter {counter} serves again"
    ),
    "queue.counter_change_requested.v1": Told(
        "Petugas loket {counter} meminta persetujuan",
        "The officer of counter {counter} asked for approval",
    ),
    "queue.counter_change_decided.v1": Told(
        "Permintaan di loket {counter} sudah diputuskan",
        "What was asked for at counter {counter} was decided",
    ),
    "queue.numbers_closed.v1": Told(
        "Pengambilan nomor untuk {service} ditutup", "No new numbers for {service}"
    ),
    "queue.numbers_reopened.v1": Told(
        "Pengambilan nomor untuk {service} dibuka lagi", "New numbers for {service} again"
    ),
    "queue.series_granted.v1": Told(
        "Mesin nomor mendapat seri {series} untuk {service}",
        "A kiosk was given series {series} for {service}",
    ),
    "queue.line_closed.v1": Told(
        "Antrean {service} hari itu selesai: {issued} nomor, {served} dilayani",
        "The day of the line for {service} is over: {issued} numbers, {served} served",
    ),
    "queue.device_session_began.v1": Told(
        "Perangkat {device} mulai bekerja", "Device {device} began to work"
    ),
    "queue.device_locked.v1": Told("Perangkat {device} dikunci", "Device {device} was locked"),
    "queue.device_unlocked.v1": Told(
        "Kunci perangkat {device} dibuka", "Device {device} was unlocked"
    ),
    "queue.agency_absent.v1": Told(
        "{agency} belum membuka loket", "{agency} has not opened a counter yet"
    ),
    "queue.agency_present.v1": Told(
        "{agency} membuka loket, terlambat {late_minutes} menit",
        "{agency} opened a counter, {late_minutes} minutes late",
    ),
    "queue.survey_answered.v1": Told(
        "Survei kepuasan untuk {service} diisi", "A survey on {service} was answered"
    ),
}
