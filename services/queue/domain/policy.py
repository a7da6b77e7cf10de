"""How a line is run: a policy of the catalogue in one revision, or the one that is built in."""

from dataclasses import dataclass

from contracts.ids import PolicyCode
from contracts.queue_entries import QueuePolicy
from services.queue.domain.order import Ring
from services.queue.domain.refusals import (
    PriorityReasonMissing,
    PriorityReasonUnknown,
    PriorityUsedUp,
)

_REASONS = ("lansia", "disabilitas", "hamil_menyusui", "anak", "korban_bencana")
_CALLED_OUT_OF_ORDER = ("darurat_medis", "petunjuk_pengawas", "salah_panggil", "sistem_mati")


@dataclass(frozen=True, slots=True)
class Policy:
    """The terms of a policy. Its version is its revision in the catalogue; 0 is built in."""

    version: int
    terms: QueuePolicy

    @classmethod
    def of(cls, terms: QueuePolicy) -> "Policy":
        """The policy that the catalogue says."""
        return cls(terms.revision, terms)

    @property
    def code(self) -> PolicyCode:
        """Its name."""
        return self.terms.code

    @property
    def ring(self) -> Ring:
        """The turns."""
        return self.terms.slots

    @property
    def stamp(self) -> str:
        """Name and version in one; a place in the ring means something for this one only."""
        return f"{self.terms.code}@{self.version}"

    def must_let_in_first(self, reason: str | None, issued: int) -> str:
        """The reason for which one more is let in before others, after so many today.

        Raises PriorityReasonMissing, PriorityReasonUnknown or PriorityUsedUp.
        """
        rule = self.terms.priority
        if reason is None:
            raise PriorityReasonMissing(reasons=", ".join(rule.reasons))
        if reason not in rule.reasons:
            raise PriorityReasonUnknown(reason=reason, reasons=", ".join(rule.reasons))
        if rule.most_per_day is not None and issued >= rule.most_per_day:
            raise PriorityUsedUp(most=rule.most_per_day)
        return reason


BUILT_IN = Policy(
    0,
    QueuePolicy.model_validate(
        {
            "revision": 1,
            "code": "umum",
            "name_id": "Siapa datang lebih dulu dilayani lebih dulu",
            "name_en": "First come, first served",
            "source": "Berlaku bila katalog tidak menyebut aturan lain",
            "slots": [["reguler", "prioritas", "janji", "lanjutan"]],
            "across": "longest_wait",
            "priority": {"reasons": _REASONS},
            "recall": {"least_calls_before_no_show": 1, "least_seconds": 0},
            "skip": {"then": "no_show", "behind": 3, "most": 2},
            "hold": {"reasons": ["fotokopi", "bayar", "berkas_kurang"], "most_minutes": 30},
            "transfer": {"place": "original"},
            "janji_place": "checked_in",
            "override_reasons": _CALLED_OUT_OF_ORDER,
            "hours": "any",
            "cut_off": {},
            "close_needs_approval": False,
            "pause": {
                "free": [
                    {"reason": "istirahat", "minutes": 15},
                    {"reason": "ibadah", "minutes": 15},
                ],
                "approval": ["rapat", "sistem_mati", "pulang_awal"],
            },
            "near": 3,
            "estimate": {"typical_minutes": 10, "share_percent": 80},
            "offline": {"most_numbers": 200},
        }
    ),
)
"""Where the catalogue names no policy: one order for all, and nothing asked of anybody."""
