"""Why there are no new numbers, while those that are out are served."""

from contracts.base import Refused


class NumbersClosedNow(Refused):
    """No new numbers in this line: a supervisor closed them, or it is not the hour."""

    code = "numbers_closed"
    title_id = (
        "Pengambilan nomor untuk layanan ini sudah ditutup; nomor yang sudah diambil dilayani"
    )
    title_en = "No new numbers here now; numbers that were taken are still served"


class NumbersOpen(Refused):
    """New numbers are given anyway."""

    code = "numbers_open"
    title_id = "Pengambilan nomor untuk layanan ini tidak ditutup"
    title_en = "New numbers are given here anyway"


class NumbersUsedUp(Refused):
    """The policy gives so many numbers a day."""

    code = "numbers_used_up"
    title_id = "Kuota nomor hari ini habis"
    title_en = "Today's numbers are used up"
