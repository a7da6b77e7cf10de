"""All checks in their order, and the verdict: as a table for people, as JSON for programs."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from checker.capacity import capacity_is_kept
from checker.commands import no_ghosts, nothing_acknowledged_lost, one_effect_per_key
from checker.counters import counters_have_one
from checker.draws import lists_are_in_order
from checker.evidence import Check, Evidence, Kind
from checker.legal import histories_are_legal
from checker.order import calls_follow_the_rule
from checker.places import tickets_count_without_gap
from checker.poison import poison_is_parked
from checker.promises import visits_are_whole_and_people_are_told
from checker.readmodel import read_model_is_the_fold, reads_never_go_back
from checker.rest import everything_is_at_rest, notifications_are_bounded
from checker.trail import kafka_is_the_log, ledger_is_the_log

CHECKS: Sequence[Callable[[Evidence], Check]] = (
    nothing_acknowledged_lost,
    no_ghosts,
    one_effect_per_key,
    tickets_count_without_gap,
    calls_follow_the_rule,
    counters_have_one,
    capacity_is_kept,
    lists_are_in_order,
    visits_are_whole_and_people_are_told,
    histories_are_legal,
    ledger_is_the_log,
    read_model_is_the_fold,
    reads_never_go_back,
    kafka_is_the_log,
    notifications_are_bounded,
    everything_is_at_rest,
    poison_is_parked,
)
KINDS: tuple[Kind, ...] = ("lost", "doubled", "misordered", "illegal")
_MAY_BE_EMPTY = frozenset({"I5b", "I5c", "I18"})


def judge(evidence: Evidence) -> list[Check]:
    """Run every check."""
    return [check(evidence) for check in CHECKS]


def is_good(check: Check, *, allow_empty: bool) -> bool:
    """Whether it holds, and looked at something; only poison and lists need not be there."""
    return check.holds and (bool(check.examined) or allow_empty or check.id in _MAY_BE_EMPTY)


def as_json(checks: Sequence[Check], *, allow_empty: bool) -> dict[str, Any]:
    """The verdict as plain data."""
    return {
        **{kind: sum(check.counts.get(kind, 0) for check in checks) for kind in KINDS},
        "checks": [
            {
                "id": check.id,
                "title": check.title,
                "holds": is_good(check, allow_empty=allow_empty),
                "examined": check.examined,
                "violations": check.violations or _empty(check, allow_empty=allow_empty),
            }
            for check in checks
        ],
    }


def _empty(check: Check, *, allow_empty: bool) -> list[str]:
    return [] if is_good(check, allow_empty=allow_empty) else ["nothing was examined"]


def write(verdict: dict[str, Any], folder: Path) -> None:
    """Put the verdict beside the history."""
    text = json.dumps(verdict, indent=1, ensure_ascii=False) + "\n"
    (folder / "verdict.json").write_text(text, encoding="utf-8")


def table(checks: Sequence[Check], *, allow_empty: bool) -> str:
    """One line per check, and below it the first violations."""
    lines = [f"{'check':5} {'examined':>9}  {'':13} what must hold"]
    for check in checks:
        count = sum(check.counts.values())
        good = is_good(check, allow_empty=allow_empty)
        state = "holds" if good else f"{count} violations" if count else "NOTHING THERE"
        lines.append(f"{check.id:5} {check.examined:>9}  {state:13} {check.title}")
        lines += [f"      {text}" for text in check.violations[:5]]
    return "\n".join(lines)
