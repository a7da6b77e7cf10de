"""Why booking says no about the number of places, and about what is known of them."""

from contracts.base import Refused


class PlacesTakenAlready(Refused):
    """More places are taken than would be left."""

    code = "places_taken_already"
    title_id = "Tempat yang sudah dipesan lebih banyak; batalkan atau pindahkan dahulu"
    title_en = "More places are taken already; cancel or move some first"


class OverbookOff(Refused):
    """The policy of the day gives out no place twice."""

    code = "overbook_off"
    title_id = "Pemesanan lebih tidak diizinkan oleh kebijakan layanan ini"
    title_en = "The policy of this service does not allow overbooking"


class OverbookTooMuch(Refused):
    """More places on top than the policy allows; `most` is what it allows here."""

    code = "overbook_too_much"
    title_id = "Pemesanan lebih melebihi batas kebijakan; pilih angka yang lebih kecil"
    title_en = "That is more overbooking than the policy allows; choose a smaller number"


class TooFewKnown(Refused):
    """Too few appointments are known to say anything of them, or without pointing at people."""

    code = "too_few_known"
    title_id = "Data kehadiran belum cukup; coba lagi setelah lebih banyak janji selesai"
    title_en = "Too few appointments are known yet; try again when there are more"


class SpanTooLong(Refused):
    """The span ends before it begins, or is longer than may be asked about at once."""

    code = "span_too_long"
    kind = "invalid"
    title_id = "Rentang tanggal tidak mungkin atau terlalu panjang; perkecil rentangnya"
    title_en = "This span of dates is impossible or too long; choose a shorter one"
