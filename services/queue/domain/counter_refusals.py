"""Why a counter says no: whose it is, what it is doing, and what needs a second person."""

from contracts.base import Refused


class OfficerAtAnotherCounter(Refused):
    """An officer holds one counter at a time."""

    code = "officer_at_another_counter"
    title_id = "Anda masih bertugas di loket lain; tutup dahulu atau ambil alih"
    title_en = "You are at another counter; close it, or take over"


class CounterHasOfficer(Refused):
    """Somebody else serves at this counter."""

    code = "counter_has_officer"
    title_id = "Loket ini sedang dijaga petugas lain"
    title_en = "Another officer holds this counter"


class NotYourCounter(Refused):
    """Only the officer of a counter acts there."""

    code = "not_your_counter"
    kind = "forbidden"
    title_id = "Loket ini dijaga petugas lain"
    title_en = "Another officer serves here"


class SessionReplaced(Refused):
    """The officer went on at another screen."""

    code = "session_replaced"
    title_id = "Sesi Anda digantikan di perangkat lain"
    title_en = "Your session was replaced elsewhere"


class CounterPausedNow(Refused):
    """A counter that pauses calls nobody."""

    code = "counter_paused"
    title_id = "Loket sedang istirahat; lanjutkan dahulu"
    title_en = "The counter pauses; resume first"


class CounterNotPaused(Refused):
    """Only a counter that pauses can resume."""

    code = "counter_not_paused"
    title_id = "Loket ini tidak sedang istirahat"
    title_en = "This counter does not pause"


class PauseReasonUnknown(Refused):
    """The mall's policy lists for which reasons a counter may pause."""

    code = "pause_reason_unknown"
    kind = "invalid"
    title_id = "Alasan istirahat ini tidak ada dalam aturan antrean"
    title_en = "The queue policy has no such reason for a pause"


class UntilIsPast(Refused):
    """A pause ends in the future."""

    code = "until_is_past"
    kind = "invalid"
    title_id = "Waktu selesai istirahat sudah lewat"
    title_en = "The end of the pause is over already"


class ApprovalNeeded(Refused):
    """A second person must agree: ask for it."""

    code = "approval_needed"
    title_id = "Perlu persetujuan pengawas; ajukan permintaan dahulu"
    title_en = "A supervisor must approve this; ask first"


class ApprovalPending(Refused):
    """One request at a time."""

    code = "approval_pending"
    title_id = "Permintaan sebelumnya belum diputuskan; tunggu atau tarik kembali"
    title_en = "The request before is not decided yet; wait, or withdraw it"


class NothingAsked(Refused):
    """There is no request to decide or to withdraw."""

    code = "nothing_asked"
    title_id = "Tidak ada permintaan yang menunggu di loket ini"
    title_en = "Nothing was asked for at this counter"


class OwnRequest(Refused):
    """Four eyes: whoever asked does not decide."""

    code = "own_request"
    kind = "forbidden"
    title_id = "Permintaan sendiri harus disetujui orang lain"
    title_en = "Somebody else must approve your request"
