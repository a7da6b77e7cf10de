"""What people read, in Indonesian and in English. The texts hold no personal data.

Each says what happened and what to do next; details are behind the tracking code, not in the mail.
"""

from services.notify.channels.appointment_texts import APPOINTMENT_TEXTS, SIGNED_BY
from services.notify.channels.message import Language
from services.notify.domain.notification import About

_SIGNED: dict[Language, str] = {
    "id": (
        "Nomor permohonan: {application_id}\n\n"
        "Buka halaman pelacakan dengan kode pelacakan Anda untuk melihat rinciannya. "
        "Jangan berikan kode itu kepada siapa pun.\n\n"
        "Pesan ini dikirim otomatis; balasan tidak dibaca.\nLoket\n"
    ),
    "en": (
        "Application number: {application_id}\n\n"
        "Open the tracking page with your tracking code to see the details. "
        "Do not give the code to anybody.\n\n"
        "This message was sent automatically; replies are not read.\nLoket\n"
    ),
}

# Template -> language -> subject and text.
TEXTS: dict[str, dict[Language, tuple[str, str]]] = {
    "application_submitted": {
        "id": (
            "Permohonan Anda sudah kami terima",
            (
                "Permohonan Anda sudah diterima dan diteruskan ke instansi yang berwenang. "
                "Anda belum perlu melakukan apa pun; kami memberi tahu jika ada perkembangan."
            ),
        ),
        "en": (
            "We have received your application",
            (
                "Your application was received and passed on to the agencies in charge. "
                "There is nothing for you to do yet; we will tell you when something happens."
            ),
        ),
    },
    "stage_returned": {
        "id": (
            "Permohonan Anda perlu dilengkapi",
            (
                "Berkas Anda dikembalikan karena ada persyaratan yang belum terpenuhi. "
                "Lihat persyaratannya di halaman pelacakan, perbaiki, lalu kirim kembali. "
                "Waktu layanan berhenti sampai Anda mengirimkannya."
            ),
        ),
        "en": (
            "Your application needs your attention",
            (
                "Your file was returned because a requirement is not met yet. "
                "Look up the requirement on the tracking page, mend the file and hand it in again. "
                "The service time stands still until you do."
            ),
        ),
    },
    "stage_refused": {
        "id": (
            "Satu tahap permohonan Anda ditolak",
            (
                "Sebuah instansi menolak satu tahap permohonan Anda. "
                "Baca alasannya di halaman pelacakan. Jika Anda tidak setuju, sampaikan keberatan "
                "di loket pengaduan."
            ),
        ),
        "en": (
            "One stage of your application was refused",
            (
                "An agency refused one stage of your application. "
                "Read the reason on the tracking page. If you do not agree, "
                "object at the complaints counter."
            ),
        ),
    },
    "application_completed": {
        "id": (
            "Permohonan Anda sudah selesai",
            (
                "Semua tahap sudah selesai dan hasilnya sudah terbit. "
                "Ambil atau unduh hasilnya sesuai petunjuk di halaman pelacakan."
            ),
        ),
        "en": (
            "Your application is complete",
            (
                "Every stage is done and the result was issued. "
                "Collect or download it as the tracking page tells you."
            ),
        ),
    },
    "application_refused": {
        "id": (
            "Permohonan Anda ditolak",
            (
                "Permohonan Anda berakhir dengan penolakan. Baca alasannya di halaman pelacakan. "
                "Anda dapat mengajukan permohonan baru setelah memperbaiki penyebabnya, "
                "atau menyampaikan keberatan di loket pengaduan."
            ),
        ),
        "en": (
            "Your application was refused",
            (
                "Your application ended with a refusal. Read the reason on the tracking page. "
                "You may apply again once the cause is mended, or object at the complaints counter."
            ),
        ),
    },
}


TEXTS |= APPOINTMENT_TEXTS


def text_of(template: str, language: Language, about: About) -> tuple[str, str] | None:
    """Subject and text, or None for a template that this version does not know."""
    found = TEXTS.get(template, {}).get(language)
    if found is None:
        return None
    subject, text = found
    signature = SIGNED_BY.get(template, _SIGNED)[language]
    signed = signature.format(application_id=about.application_id, about_id=about.other_id)
    return subject, f"{text}\n\n{signed}"
