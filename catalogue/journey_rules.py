"""The rules about the stages of one journey: codes, order, returns; no references outside it."""

from collections.abc import Iterator
from graphlib import TopologicalSorter

from catalogue.finding import Finding, Rule
from catalogue.load import Source
from contracts.entries import Journey, Stage
from contracts.ids import StageCode


def findings(source: Source, journey: Journey) -> Iterator[Finding]:
    """Everything that is wrong with the stages of this journey."""
    yield from _names(source, journey)
    yield from _order(source, journey)
    yield from _promise(source, journey)
    for index, stage in enumerate(journey.stages):
        yield from _returns(source, stage, index)


def _names(source: Source, journey: Journey) -> Iterator[Finding]:
    seen: set[StageCode] = set()
    known = {stage.code for stage in journey.stages}
    for index, stage in enumerate(journey.stages):
        if stage.code in seen:
            hint = f"the stage {stage.code!r} is there already: give this one its own code"
            yield source.finding(("stages", index, "code"), Rule.STAGE_TWICE, hint)
        seen.add(stage.code)
        for position, before in enumerate(stage.after):
            if before not in known:
                hint = f"no stage of this journey is called {before!r}: mend it or add the stage"
                at = ("stages", index, "after", position)
                yield source.finding(at, Rule.UNKNOWN_STAGE, hint)


def _order(source: Source, journey: Journey) -> Iterator[Finding]:
    known = {stage.code for stage in journey.stages}
    after = {stage.code: set(stage.after) & known for stage in journey.stages}
    stuck = _never_open(after)
    for index, stage in enumerate(journey.stages):
        if stage.code not in stuck:
            continue
        at = ("stages", index, "after")
        if stage.code in _behind(stage.code, after):
            hint = f"{stage.code!r} waits for itself, directly or through others: break the circle"
            yield source.finding(at, Rule.JOURNEY_CIRCLE, hint)
        else:
            waits = ", ".join(sorted(after[stage.code] & stuck))
            hint = f"{stage.code!r} can never open, since {waits} never can: mend that stage first"
            yield source.finding(at, Rule.STAGE_UNREACHABLE, hint)


def _never_open(after: dict[StageCode, set[StageCode]]) -> set[StageCode]:
    """What is left when every stage whose predecessors can all be done is taken away."""
    stuck = set(after)
    while ready := {code for code in stuck if not after[code] & stuck}:
        stuck -= ready
    return stuck


def _behind(code: StageCode, after: dict[StageCode, set[StageCode]]) -> set[StageCode]:
    """All stages that `code` waits for, directly or through others."""
    found: set[StageCode] = set()
    waiting = list(after[code])
    while waiting:
        before = waiting.pop()
        if before not in found:
            found.add(before)
            waiting.extend(after[before])
    return found


def _promise(source: Source, journey: Journey) -> Iterator[Finding]:
    """The longest way must fit into the whole; only working days are added up."""
    stages = {stage.code: stage for stage in journey.stages}
    after = {code: set(stage.after) & set(stages) for code, stage in stages.items()}
    if journey.promised_time.unit != "working_days" or _never_open(after):
        return
    longest: dict[StageCode, int] = {}
    for code in TopologicalSorter(after).static_order():
        before = max((longest[earlier] for earlier in after[code]), default=0)
        longest[code] = before + _working_days(stages[code])
    if (needed := max(longest.values())) > journey.promised_time.value:
        hint = f"the stages may take {needed} working days in all: promise that, or shorten one"
        yield source.finding(("promised_time", "value"), Rule.PROMISE_TOO_SHORT, hint)


def _working_days(stage: Stage) -> int:
    promised = stage.promised_time
    return promised.value if promised.unit == "working_days" else 0


def _returns(source: Source, stage: Stage, index: int) -> Iterator[Finding]:
    if stage.may_return == bool(stage.requirements):
        return
    at = ("stages", index, "may_return" if stage.may_return else "requirements")
    hint = (
        "a stage that may return the file names the requirements that can fail: add them"
        if stage.may_return
        else "requirements are for stages that may return the file: add `may_return: true`"
    )
    yield source.finding(at, Rule.RETURN_WITHOUT_REQUIREMENT, hint)
