"""One sentence per event, in Indonesian and in English: what a person reads on every surface."""

from collections.abc import Mapping
from typing import Any

from services.tracking.domain.booking_words import BOOKING_SENTENCES
from services.tracking.domain.names import Names, Told, because, stage_name, stage_of
from services.tracking.domain.queue_words import QUEUE_SENTENCES

# The slots are filled by `_slots`; a text with a slot that a fact cannot fill fails its test.
SENTENCES: Mapping[str, Told] = {
    **BOOKING_SENTENCES,
    "queue.counter_opened.v1": Told("Loket {counter} dibuka", "Counter {counter} opened"),
    "queue.counter_closed.v1": Told("Sebuah loket ditutup", "A counter closed"),
    "queue.ticket_issued.v1": Told(
        "Nomor antrean {ticket} diterbitkan untuk {service}",
        "Ticket {ticket} was issued for {service}",
    ),
    "queue.ticket_called.v1": Told(
        "Nomor {ticket} dipanggil ke loket {counter}",
        "Ticket {ticket} was called to counter {counter}",
    ),
    "queue.ticket_served.v1": Told(
        "Pelayanan dimulai di loket {counter}", "Service began at counter {counter}"
    ),
    "queue.ticket_finished.v1": Told(
        "Pelayanan di loket {counter} selesai", "Service at counter {counter} is over"
    ),
    **QUEUE_SENTENCES,
    "tracking.application_submitted.v1": Told(
        "Permohonan diajukan{for_id}", "The application was submitted{for_en}"
    ),
    "tracking.stage_opened.v1": Told(
        "{agency} menerima berkas untuk tahap {stage}", "{agency} has the file now for: {stage}"
    ),
    "tracking.stage_accepted.v1": Told(
        "{agency} menyatakan berkas lengkap: {stage}", "{agency} found the file complete: {stage}"
    ),
    "tracking.stage_returned.v1": Told(
        "{agency} mengembalikan berkas, syarat belum terpenuhi: {because}",
        "{agency} returned the file, not fulfilled: {because}",
    ),
    "tracking.stage_resubmitted.v1": Told(
        "Pemohon mengajukan kembali berkas kepada {agency}",
        "The applicant resubmitted the file to {agency}",
    ),
    "tracking.stage_done.v1": Told(
        "{agency} menyelesaikan tahap {stage}", "{agency} finished: {stage}"
    ),
    "tracking.stage_refused.v1": Told(
        "{agency} menolak pada tahap {stage}: {because}", "{agency} refused at {stage}: {because}"
    ),
    "tracking.activity_recorded.v1": Told(
        "{agency} mencatat kegiatan: {activity}", "{agency} recorded an activity: {activity}"
    ),
    "tracking.application_completed.v1": Told(
        "Permohonan selesai; hasilnya sudah terbit",
        "The application is completed; its product is issued",
    ),
    "tracking.application_refused.v1": Told(
        "Permohonan ditolak: {because}", "The application was refused: {because}"
    ),
    "notify.notification_queued.v1": Told(
        "Pemberitahuan untuk pemohon disiapkan", "A message to the applicant is being prepared"
    ),
    "notify.notification_sent.v1": Told(
        "Pemberitahuan untuk pemohon dikirim", "A message to the applicant was sent"
    ),
    "notify.notification_failed.v1": Told(
        "Pemberitahuan untuk pemohon gagal dikirim", "A message to the applicant could not be sent"
    ),
}
_UNNAMED = Told("Kejadian dicatat", "Something was recorded")


def sentence(
    type: str, data: Mapping[str, Any], names: Names, journey: str | None, revision: int | None
) -> Told:
    """What happened, in words. `journey` and `revision` are those of the application."""
    told = SENTENCES.get(type, _UNNAMED)
    indonesian, english = _slots(data, names, journey, revision)
    return Told(told.id.format_map(indonesian), told.en.format_map(english))


def _slots(
    data: Mapping[str, Any], names: Names, journey: str | None, revision: int | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    stage = stage_of(names.journey(journey, revision), data.get("stage"))
    service = names.service(data.get("service"))
    texts = {
        "service": service,
        "stage": stage_name(stage, data.get("stage")),
        "because": because(stage, data.get("requirement") or data.get("reason")),
        "for_id": Told(f": {service.id}" if service.id else "", ""),
        "for_en": Told("", f": {service.en}" if service.en else ""),
    }
    ticket = data.get("label") or data.get("number")
    same = {**data, "agency": names.agency(data.get("agency")), "ticket": ticket}
    return (
        {**same, **{slot: told.id for slot, told in texts.items()}},
        {**same, **{slot: told.en for slot, told in texts.items()}},
    )
