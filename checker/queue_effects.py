"""What the commands of queue make true that have not simply one fact each, by their answers."""

from typing import Any

from checker.evidence import Command, Fact

Effect = tuple[str, str]
NAMES = frozenset(
    {"TakeOverCounter", "ReleaseCounter", "DecideChange", "MergeSeries", "MergeServices"}
)
_OPENED, _CLOSED = "queue.counter_opened.v1", "queue.counter_closed.v1"
_ISSUED, _FINISHED = "queue.ticket_issued.v1", "queue.ticket_finished.v1"
_AT_A_COUNTER = frozenset({"queue.ticket_called.v1", "queue.ticket_served.v1", _FINISHED})
_TOLD = "service told later"


def of(command: Command) -> list[Effect]:
    """The effects of a command that was answered. A refused one has none."""
    answer: Any = command.answer or {}
    match command.name:
        case "TakeOverCounter":
            here, left = answer.get("counter_id"), answer.get("left")
            if here == left:  # at another screen of the same counter
                return []
            return [(_OPENED, str(here)), *([(_CLOSED, str(left))] if left else [])]
        case "ReleaseCounter":
            return [(_CLOSED, str(answer["counter_id"]))]
        case "DecideChange":
            return [] if answer["is_open"] else [(_CLOSED, str(answer["counter_id"]))]
        case "MergeSeries":
            new = (slip for slip in answer["slips"] if slip["outcome"] != "known")
            return [(_ISSUED, str(slip["ticket_id"])) for slip in new]
        case _:
            merged = (slip for slip in answer["slips"] if slip["outcome"] == "merged")
            return [(_TOLD, str(slip["ticket_id"])) for slip in merged]


def is_told_later(fact: Fact) -> bool:
    """Whether a counter did this without a link: it says when it occurred."""
    return fact.type in _AT_A_COUNTER and fact.data.get("occurred_at") is not None


def told(fact: Fact) -> list[Effect]:
    """The end counts for the whole service; how it began depends on where the ticket was."""
    return [(_TOLD, fact.aggregate_id)] if fact.type == _FINISHED else []
