"""Why a release says no: before its time, before one's turn, or when it is set up."""

from contracts.base import Refused


class NotReleasedYet(Refused):
    """Places of the day come later: `opens_at`."""

    code = "not_released_yet"
    title_id = "Tempat dibuka nanti; lihat waktunya"
    title_en = "Places are released later; see the time"


class EnterFirst(Refused):
    """While turns are spread, nobody books online without a pass of the waiting room."""

    code = "enter_first"
    title_id = "Masuk ruang tunggu dahulu"
    title_en = "Enter the waiting room first"


class NotYourTurn(Refused):
    """The turn of this pass comes later: `turn_at`."""

    code = "not_your_turn"
    title_id = "Belum giliran Anda; coba lagi pada waktu yang tertera"
    title_en = "It is not your turn yet; try again at the time given"


class PassNotGenuine(Refused):
    """The pass is not of this waiting room, or not of this person."""

    code = "pass_not_genuine"
    kind = "forbidden"
    title_id = "Tiket ruang tunggu ini tidak sah; masuk ruang tunggu kembali"
    title_en = "This pass is not genuine; enter the waiting room again"


class NoRoomNow(Refused):
    """The day has no waiting room, or its last turn is past."""

    code = "no_room_now"
    title_id = "Ruang tunggu belum atau tidak dibuka"
    title_en = "The waiting room is not open"


class EnteredByLottery(Refused):
    """The places of the day are drawn by lot at `closes_at`."""

    code = "entered_by_lottery"
    title_id = "Tempat hari itu diundi; daftarlah undian"
    title_en = "Places of that day are drawn by lot; enter the draw"


class ReleaseUnknown(Refused):
    """No day of this id is announced."""

    code = "release_unknown"
    kind = "not_found"
    title_id = "Pembukaan tempat ini tidak ditemukan"
    title_en = "There is no such release"


class DayKnownAlready(Refused):
    """How the places of the day are given out is fixed: by an announcement or a first session."""

    code = "day_known_already"
    title_id = "Cara pembagian tempat hari itu sudah ditetapkan dan tidak dapat diubah"
    title_en = "How that day is released is fixed already and cannot be changed"


class ReleaseTimesImpossible(Refused):
    """The times lie in the past, behind the day, or in the wrong order; `time` names the wrong one.

    Parts add up to a hundred of hundred.
    """

    code = "release_times_impossible"
    kind = "invalid"
    title_id = "Waktu pembukaan tidak mungkin; periksa urutan, bagian, dan tanggalnya"
    title_en = "These times of a release are impossible; check their order, parts and date"


class NotDueYet(Refused):
    """What time causes has its time: `due_at`."""

    code = "not_due_yet"
    title_id = "Belum waktunya"
    title_en = "It is not due yet"


class DoneAlready(Refused):
    """The day went on without it."""

    code = "done_already"
    title_id = "Langkah ini sudah dilakukan"
    title_en = "This step is done already"


class SeedLost(Refused):
    """The seed is not the one whose digest was announced: the service's secret was replaced."""

    code = "seed_lost"
    title_id = "Benih undian ini bukan yang diumumkan; umumkan ulang hari ini"
    title_en = "This seed is not the one that was announced; announce the day anew"
