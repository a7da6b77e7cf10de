"""What can go wrong at an edge, before or beside a rule of a domain.

A rule that says no is a `contracts.base.Refused` and stands in its domain.

    Failure
    ├── Malformed          the message itself is wrong; `code` says how (see MALFORMED)
    ├── NotAuthenticated   nobody, or a token that we do not believe
    ├── NotAllowed         somebody, but not one who may do this
    ├── NotFound           there is no such thing for you
    ├── Conflict           somebody else was faster
    │   └── InFlight       the same command is being worked on at this moment
    ├── KeyReused          one idempotency key, two different commands
    ├── TooManyRequests    you, of all callers, ask too much; `retry_after_seconds` says when
    └── Unavailable        not now; `retry_after_seconds` says when

Which HTTP status each one gets stands in one table in `chassis.problems`.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """One wrong place in a message: a JSON pointer, a stable code, and what is expected there."""

    where: str
    code: str
    title_id: str
    title_en: str


class Failure(Exception):
    """Base of the tree. `code` is stable; titles say what to do next, Indonesian first."""

    code: str = "failure"
    title_id: str
    title_en: str
    flaws: Sequence[Flaw] = ()
    retry_after_seconds: int | None = None

    def __init__(self, detail: str | None = None) -> None:
        """`detail` is for the caller's developer, in English; never a value that was sent."""
        super().__init__(detail or self.code)
        self.detail = detail


# The ways in which a message can be malformed: code -> title in Indonesian and in English.
MALFORMED: dict[str, tuple[str, str]] = {
    "body_too_large": (
        "Isi permintaan terlalu besar; kirim lebih sedikit data",
        "The body is too large; send less",
    ),
    "unsupported_media_type": (
        "Kirim isi permintaan sebagai application/json",
        "Send the body as application/json",
    ),
    "not_utf8": ("Isi permintaan harus berupa UTF-8", "The body must be UTF-8"),
    "not_json": ("Isi permintaan bukan JSON yang benar", "The body is not valid JSON"),
    "duplicate_key": (
        "Ada nama yang muncul dua kali dalam satu objek JSON",
        "A name occurs twice in one JSON object",
    ),
    "not_finite": (
        "NaN dan Infinity bukan angka JSON",
        "NaN and Infinity are not JSON numbers",
    ),
    "number_too_large": ("Ada angka yang terlalu besar", "A number is too large"),
    "too_deep": ("Struktur JSON terlalu dalam", "The JSON is nested too deeply"),
    "nul_character": (
        "Teks tidak boleh berisi karakter NUL",
        "Text must not contain the NUL character",
    ),
    "lone_surrogate": (
        "Ada karakter Unicode yang tidak lengkap",
        "A Unicode character is incomplete (lone surrogate)",
    ),
    "invalid_fields": (
        "Ada isian yang salah atau kurang; lihat `errors`",
        "Some fields are wrong or missing; see `errors`",
    ),
    "invalid_parameters": (
        "Ada parameter yang salah atau kurang; lihat `errors`",
        "Some parameters are wrong or missing; see `errors`",
    ),
    "idempotency_key_missing": (
        "Sertakan tajuk Idempotency-Key: 8 sampai 255 karakter ASCII tanpa spasi",
        "Send the header Idempotency-Key: 8 to 255 visible ASCII characters",
    ),
}


class Malformed(Failure):
    """The message cannot be read. Sending it again unchanged cannot help."""

    code = "not_json"
    title_id, title_en = MALFORMED["not_json"]

    def __init__(
        self, code: str, detail: str | None = None, where: str = "", flaws: Sequence[Flaw] = ()
    ) -> None:
        """`code` is a key of MALFORMED; `where` a JSON pointer or the name of a header."""
        self.code = code
        self.title_id, self.title_en = MALFORMED[code]
        super().__init__(detail)
        self.where = where
        self.flaws = flaws


class NotAuthenticated(Failure):
    """No token, or one that cannot be believed; `detail` says why."""

    code = "not_authenticated"
    title_id = "Masuk dahulu: token tidak ada atau tidak berlaku"
    title_en = "Sign in first: the token is missing or not valid"


class NotAllowed(Failure):
    """The caller is known, but may not do this."""

    code = "not_allowed"
    title_id = "Anda tidak berwenang melakukan ini"
    title_en = "You are not allowed to do this"


class NotFound(Failure):
    """No such thing, or none that this caller may see: both look the same on purpose."""

    code = "not_found"
    title_id = "Data tidak ditemukan; periksa kembali alamat atau kodenya"
    title_en = "There is no such thing here; check the address or the code"


class Conflict(Failure):
    """Somebody else changed the same thing first. Reading again and deciding again may help."""

    code = "conflict"
    title_id = "Data sudah berubah; muat ulang lalu coba lagi"
    title_en = "The thing has changed meanwhile; read it again, then try again"


class InFlight(Conflict):
    """The first request with this key is still being worked on."""

    code = "in_flight"
    title_id = "Permintaan yang sama sedang diproses; tunggu sebentar lalu ulangi"
    title_en = "The same request is being processed; wait a moment, then repeat it"
    retry_after_seconds = 1


class KeyReused(Failure):
    """The idempotency key belongs to another command already."""

    code = "key_reused"
    title_id = "Idempotency-Key ini sudah dipakai untuk permintaan lain; pakai kunci baru"
    title_en = "This Idempotency-Key was used for another request; use a new key"


class TooManyRequests(Failure):
    """One caller, or one network, has used up what one may ask for. Nothing was done."""

    code = "too_many_requests"
    title_id = "Terlalu banyak permintaan dari Anda atau jaringan Anda; tunggu lalu coba lagi"
    title_en = "Too many requests from you or your network; wait, then try again"

    def __init__(self, retry_after_seconds: int = 1) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Failure):
    """Not now: something that we need is away or full. Nothing was done; repeat it later."""

    code = "unavailable"
    title_id = "Layanan sedang tidak tersedia; coba lagi sebentar lagi"
    title_en = "The service is not available right now; try again shortly"

    def __init__(self, retry_after_seconds: int = 1, detail: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Overloaded(Unavailable):
    """Too many requests are in work. Nothing was done; come back when told."""

    code = "overloaded"
    title_id = "Layanan sedang sangat ramai; coba lagi sebentar lagi"
    title_en = "The service is very busy; try again shortly"


class TooSlow(Unavailable):
    """No answer by the deadline. The command may still be done: repeat with the same key."""

    code = "deadline_exceeded"
    title_id = "Layanan terlalu lama menjawab; ulangi dengan Idempotency-Key yang sama"
    title_en = "The answer took too long; repeat with the same Idempotency-Key"
