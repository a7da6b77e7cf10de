"""What people read about their appointments, in Indonesian and in English. No personal data.

When and where it is stands behind the link with the code, not in the mail.
"""

from collections.abc import Mapping

from services.notify.channels.message import Language

_APPOINTMENT: dict[Language, str] = {
    "id": (
        "Nomor janji: {about_id}\n\n"
        "Buka tautan janji Anda dengan kode yang Anda terima saat memesan untuk melihat, "
        "memindahkan, atau membatalkannya. Jangan berikan kode itu kepada siapa pun.\n\n"
        "Pesan ini dikirim otomatis; balasan tidak dibaca.\nLoket\n"
    ),
    "en": (
        "Appointment number: {about_id}\n\n"
        "Open the link of your appointment with the code that you got when booking to look at it, "
        "move it or cancel it. Do not give the code to anybody.\n\n"
        "This message was sent automatically; replies are not read.\nLoket\n"
    ),
}
_ENTRY: dict[Language, str] = {
    "id": (
        "Nomor daftar tunggu: {about_id}\n\n"
        "Buka tautan daftar tunggu Anda dengan kode yang Anda terima saat mendaftar. "
        "Jangan berikan kode itu kepada siapa pun.\n\n"
        "Pesan ini dikirim otomatis; balasan tidak dibaca.\nLoket\n"
    ),
    "en": (
        "Entry in the waiting list: {about_id}\n\n"
        "Open the link of your entry with the code that you got when joining. "
        "Do not give the code to anybody.\n\n"
        "This message was sent automatically; replies are not read.\nLoket\n"
    ),
}

# Template -> language -> subject and text.
APPOINTMENT_TEXTS: dict[str, dict[Language, tuple[str, str]]] = {
    "appointment_reminded": {
        "id": (
            "Janji Anda sudah dekat",
            (
                "Waktu janji Anda sudah dekat. Siapkan persyaratannya dan datanglah tepat waktu. "
                "Jika Anda berhalangan, pindahkan atau batalkan sekarang agar orang lain dapat "
                "memakai tempatnya."
            ),
        ),
        "en": (
            "Your appointment is coming up",
            (
                "It will soon be time for your appointment. Have your papers ready and be on time. "
                "If you cannot come, move or cancel it now, so that somebody else can have the "
                "place."
            ),
        ),
    },
    "appointment_disturbed": {
        "id": (
            "Layanan tutup pada waktu janji Anda",
            (
                "Layanan ditutup pada waktu janji Anda. Pilih waktu lain melalui tautan janji "
                "Anda; pemindahan ini tidak mengurangi jatah pindah Anda. Alasannya dapat dibaca "
                "di halaman jam buka mal."
            ),
        ),
        "en": (
            "The service is closed at the time of your appointment",
            (
                "The service is closed at the time of your appointment. Choose another time by the "
                "link of your appointment; this move does not count. The reason stands on the "
                "page with the opening hours of the mall."
            ),
        ),
    },
    "appointment_declined": {
        "id": (
            "Permintaan janji Anda tidak disetujui",
            (
                "Permintaan janji Anda tidak disetujui, atau tidak dijawab pada waktunya, dan "
                "tempatnya sudah dilepas. Baca alasannya melalui tautan janji Anda, lalu pilih "
                "waktu atau layanan lain."
            ),
        ),
        "en": (
            "Your request for an appointment was not granted",
            (
                "Your request was not granted, or not answered in time, and the place was given "
                "back. Read the reason by the link of your appointment, then choose another time "
                "or service."
            ),
        ),
    },
    "place_offered": {
        "id": (
            "Ada tempat untuk Anda",
            (
                "Satu tempat disimpan untuk Anda, tetapi hanya untuk waktu terbatas. Buka tautan "
                "daftar tunggu Anda dan setujui sebelum batas waktunya; sesudah itu tempat "
                "ditawarkan kepada orang berikutnya."
            ),
        ),
        "en": (
            "There is a place for you",
            (
                "A place is kept for you, but only for a limited time. Open the link of your entry "
                "and accept it before the time is up; after that it is offered to the next one."
            ),
        ),
    },
    "place_won": {
        "id": (
            "Anda mendapat tempat",
            (
                "Giliran Anda tiba: satu tempat sudah dipesan untuk Anda. Buka tautan daftar "
                "tunggu Anda untuk melihat waktunya. Jika Anda berhalangan, batalkan agar orang "
                "berikutnya mendapat tempat itu."
            ),
        ),
        "en": (
            "You got a place",
            (
                "It was your turn: a place is booked for you. Open the link of your entry to see "
                "when. If you cannot come, cancel it, so that the next one gets the place."
            ),
        ),
    },
}
SIGNED_BY: Mapping[str, Mapping[Language, str]] = {
    "appointment_reminded": _APPOINTMENT,
    "appointment_disturbed": _APPOINTMENT,
    "appointment_declined": _APPOINTMENT,
    "place_offered": _ENTRY,
    "place_won": _ENTRY,
}
"""With which last lines a template ends, where it is not about an application."""
