"""What a service listens to, and what it does with a batch: react by commands or fold to rows."""

from collections.abc import Awaitable, Callable, Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis import metrics
from chassis.arrivals import Delivered, Reading, Rejected
from chassis.database import Tx
from chassis.decide import Domain, State, Submission, decide, outcome_of
from chassis.errors import Failure, KeyReused
from chassis.eventlog import Cause
from contracts.base import Command, Fact

Apply = Callable[[Tx, Sequence[Delivered]], Awaitable[Sequence[Rejected]]]
Reactions = Mapping[type[Fact], Callable[[Delivered], Sequence[Command]]]


@dataclass(frozen=True)
class Subscription:
    """One consumer group. `apply` takes a batch within the transaction of its inbox and position.

    `topics` or `pattern` says what it reads. `holds_back` tells whether a record that cannot be
    applied holds back its key: facts must stay in order, claims of an agency need not.
    `newest_wins` is for compacted topics. `patience_seconds` is how long news may wait for company:
    a consumer that nobody is waiting for costs a fraction when its batches are larger.
    `batches_at_once` is how many usual batches it may take as one while it is behind: for a fold,
    whose rows are read and written once however many facts of theirs come together.
    """

    consumer: str
    reading: Reading
    apply: Apply
    topics: tuple[str, ...] = ()
    pattern: str | None = None
    holds_back: bool = True
    newest_wins: bool = False
    patience_seconds: float = 0.0
    batches_at_once: int = 1
    answer_rejected: Callable[[Rejected], Sequence[Submission]] | None = field(default=None)
    domain: Domain | None = None


def reading_of(events: Iterable[type[Fact]], known: Container[str]) -> Reading:
    """A consumer that looks into these events and passes over the others that are known."""
    return Reading({event.wire_type(): event for event in events}, known)


def react(domain: Domain, reactions: Reactions) -> Apply:
    """Turn each fact into commands of this service, answered in the same transaction.

    A refusal is an outcome, kept with the command; a failure to even ask is a rejected record.
    """

    async def apply(tx: Tx, batch: Sequence[Delivered]) -> Sequence[Rejected]:
        rejected: list[Rejected] = []
        asked: list[tuple[Delivered, Submission]] = []
        for delivered in batch:
            if delivered.fact is None:
                continue
            try:
                commands = reactions[type(delivered.fact)](delivered)
            except Failure as problem:
                rejected.append(
                    Rejected(delivered.arrival, problem.code, problem.detail or problem.title_en)
                )
                continue
            asked.extend(
                (delivered, Submission(command, cause_of(delivered))) for command in commands
            )
        results = await decide(domain, tx, [submission for _, submission in asked]) if asked else []
        for (delivered, submission), result in zip(asked, results, strict=True):
            name = type(submission.command).__name__
            metrics.COMMANDS(name, outcome_of(result)).inc()
            if isinstance(result, KeyReused):
                rejected.append(Rejected(delivered.arrival, result.code, result.title_en))
        return rejected

    return apply


def project(
    keys: Callable[[Delivered], Iterable[Hashable]],
    load_many: Callable[[Tx, Sequence[Hashable]], Awaitable[dict[Hashable, Any]]],
    fold: Callable[[Mapping[Hashable, Any], Delivered], Iterable[State]],
    save_many: Callable[[Tx, Sequence[Any]], Awaitable[None]],
) -> Apply:
    """Fold each fact into the rows it changes: loaded as a set, folded singly, saved as a set."""

    async def apply(tx: Tx, batch: Sequence[Delivered]) -> Sequence[Rejected]:
        wanted = list(dict.fromkeys(key for delivered in batch for key in keys(delivered)))
        rows = await load_many(tx, wanted)
        changed: dict[Hashable, Any] = {}
        for delivered in batch:
            for row in fold(rows, delivered):
                rows[row.id] = changed[row.id] = row
        await save_many(tx, list(changed.values()))
        return ()

    return apply


def cause_of(delivered: Delivered) -> Cause:
    """What follows from a fact belongs to the same story as the fact."""
    envelope = delivered.envelope
    return Cause(
        envelope.correlation_id or str(envelope.id), str(envelope.id), envelope.traceparent
    )
