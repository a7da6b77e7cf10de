"""One sentence per event of booking, in Indonesian and in English."""

from collections.abc import Mapping

from services.tracking.domain.names import Told

BOOKING_SENTENCES: Mapping[str, Told] = {
    "booking.session_opened.v1": Told(
        "Sesi {service} dibuka untuk {capacity} orang",
        "A session for {service} opened, {capacity} places",
    ),
    "booking.session_resized.v1": Told(
        "Sesi {service} kini untuk {capacity} orang",
        "A session for {service} now has {capacity} places",
    ),
    "booking.places_released.v1": Told(
        "{released} tempat {service} kini dapat dipesan",
        "{released} places for {service} may be booked now",
    ),
    "booking.channels_opened.v1": Told(
        "Sisa tempat {service} dibuka untuk semua saluran",
        "What is left of {service} is open to every channel",
    ),
    "booking.session_closed.v1": Told(
        "Sesi {service} ditutup", "A session for {service} was closed"
    ),
    "booking.session_reopened.v1": Told(
        "Sesi {service} dibuka kembali", "A session for {service} is open again"
    ),
    "booking.day_announced.v1": Told(
        "Cara pemberian tempat {service} untuk {service_date} diumumkan",
        "How places for {service} on {service_date} are given out was announced",
    ),
    "booking.quota_changed.v1": Told(
        "Kuota {service} untuk {service_date} diubah",
        "The quota of {service} on {service_date} changed",
    ),
    "booking.seed_revealed.v1": Told(
        "Bilangan rahasia pembukaan {service} untuk {service_date} diumumkan",
        "The secret number behind the release of {service} on {service_date} was told",
    ),
    "booking.lottery_drawn.v1": Told(
        "Tempat {service} untuk {service_date} diundi di antara {entries} pendaftar",
        "Places for {service} on {service_date} were drawn among {entries} entries",
    ),
    "booking.place_held.v1": Told(
        "Tempat {service} ditahan sementara", "A place for {service} is kept for a while"
    ),
    "booking.appointment_requested.v1": Told(
        "Janji temu {service} diminta, menunggu persetujuan",
        "An appointment for {service} was asked for and awaits approval",
    ),
    "booking.appointment_booked.v1": Told(
        "Janji temu {service} dipesan", "An appointment for {service} was booked"
    ),
    "booking.appointment_checked_in.v1": Told(
        "Pemegang janji temu {service} sudah tiba",
        "The holder of an appointment for {service} has arrived",
    ),
    "booking.appointment_cancelled.v1": Told(
        "Janji temu dibatalkan", "An appointment was cancelled"
    ),
    "booking.appointment_lapsed.v1": Told(
        "Tempat {service} yang ditahan kosong kembali",
        "A place for {service} that was kept is free again",
    ),
    "booking.appointment_declined.v1": Told(
        "Permintaan janji temu {service} tidak disetujui",
        "A request for an appointment for {service} was not granted",
    ),
    "booking.appointment_moved.v1": Told(
        "Janji temu {service} dipindah ke waktu lain",
        "An appointment for {service} was moved to another time",
    ),
    "booking.appointment_disturbed.v1": Told(
        "Janji temu {service} terganggu oleh penutupan",
        "A closure disturbs an appointment for {service}",
    ),
    "booking.appointment_reminded.v1": Told(
        "Janji temu {service} diingatkan {hours_before} jam sebelumnya",
        "An appointment for {service} was called to mind {hours_before} hours before",
    ),
    "booking.appointment_missed.v1": Told(
        "Pemegang janji temu {service} tidak datang",
        "The holder of an appointment for {service} did not come",
    ),
    "booking.miss_pardoned.v1": Told(
        "Ketidakhadiran pada janji temu {service} dimaafkan",
        "A missed appointment for {service} was pardoned",
    ),
    "booking.rebooking_flagged.v1": Told(
        "Tempat {service} dipesan {after_s} detik setelah dilepas; perlu diperiksa",
        "A place for {service} was taken {after_s} seconds after it came free: worth a look",
    ),
    "booking.visit_booked.v1": Told(
        "Kunjungan ke beberapa layanan dipesan", "A visit to several services was booked"
    ),
    "booking.visit_cancelled.v1": Told(
        "Kunjungan ke beberapa layanan dibatalkan", "A visit to several services was cancelled"
    ),
    "booking.wait_joined.v1": Told(
        "Seorang warga menunggu tempat {service}", "Somebody waits for a place for {service}"
    ),
    "booking.wait_offered.v1": Told(
        "Tempat yang kosong ditawarkan kepada yang menunggu",
        "A free place was offered to the next who waits",
    ),
    "booking.wait_served.v1": Told(
        "Yang menunggu mendapat tempat", "Somebody who waited has a place"
    ),
    "booking.wait_passed.v1": Told(
        "Tempat yang ditawarkan tidak diambil", "A place that was offered was not taken"
    ),
    "booking.wait_left.v1": Told(
        "Seorang warga tidak lagi menunggu tempat", "Somebody does not wait for a place any more"
    ),
    "booking.closure_declared.v1": Told(
        "Perubahan jam layanan diumumkan", "A change of opening hours was announced"
    ),
    "booking.closure_lifted.v1": Told(
        "Perubahan jam layanan dicabut", "A change of opening hours was taken back"
    ),
    "booking.closure_swept.v1": Told(
        "{appointments} pemegang janji temu diberi tahu tentang penutupan",
        "{appointments} holders of appointments were told of a closure",
    ),
}
