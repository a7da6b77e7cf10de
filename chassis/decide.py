"""From commands to facts in one open transaction: load as a set, decide singly, save as a set.

A handler never sees the group: it gets state, returns facts and an answer. Queueing and
committing are in `dispatch`.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from chassis import eventlog
from chassis.database import Tx, Values
from chassis.errors import KeyReused
from chassis.eventlog import Cause, Recorded
from chassis.failpoints import failpoint
from contracts.base import Answer, Command, Decision, Fact, Refused, as_json

A = TypeVar("A", bound=Answer)


class State(Protocol):
    """What a decision looks at: an aggregate, or a look-up that lives for one group only.

    An aggregate also has `version`, the number of its last fact.
    """

    @property
    def id(self) -> Hashable:
        """The key under which a handler finds it."""


States = Mapping[Hashable, Any]


@dataclass(frozen=True)
class Domain:
    """A service's table of contents: what it decides, and how its state is read, changed and kept.

    `load_many` locks the aggregates of these keys in one fixed order and leaves out what does not
    exist. `evolve` gives the new form of every loaded or new state that a fact changes: the only
    way a state changes.
    """

    handlers: Mapping[type[Command], Callable[[Any, States], Decision]]
    load_many: Callable[[Tx, Sequence[Hashable]], Awaitable[dict[Hashable, Any]]]
    save_many: Callable[[Tx, Sequence[Any]], Awaitable[None]]
    evolve: Callable[[States, Fact, datetime], Iterable[State]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a command, as JSON text. `repeated` tells that it had been given before."""

    answer: str
    repeated: bool = False

    def read(self, kind: type[A]) -> A:
        """The answer in its own type."""
        return kind.model_validate_json(self.answer)


class RepeatedRefusal(Refused):
    """A refusal that was given before and is given again, word for word."""

    code = "repeated_refusal"
    title_id = "Permintaan ini sudah pernah ditolak"
    title_en = "This request was refused before"

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(**problem["details"])
        self._problem = dict(problem)

    def problem(self) -> dict[str, Any]:
        """The refusal as it was first given."""
        return self._problem


Result = Outcome | Refused | KeyReused
Identity = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Submission:
    """A command on its way to its handler, with the reason why it is there."""

    command: Command
    cause: Cause

    @property
    def identity(self) -> Identity:
        """Two submissions with one identity are one request."""
        return self.command.actor, self.command.key

    def fingerprint(self) -> bytes:
        """Equal for equal requests, whatever the attempt."""
        return hashlib.sha256(self.command.fingerprint_source().encode()).digest()


class _Given(NamedTuple):
    fingerprint: bytes
    result: Outcome | Refused


@dataclass
class _Group:
    """The facts of a group so far, and the state they lead to."""

    domain: Domain
    states: dict[Hashable, Any]
    changed: dict[Hashable, Any] = field(default_factory=dict)
    facts: list[Recorded] = field(default_factory=list)

    def decide(self, submission: Submission) -> Outcome | Refused:
        command = submission.command
        try:
            decision = self.domain.handlers[type(command)](command, self.states)
        except Refused as refusal:
            return refusal
        for fact in decision.facts:
            self._record(fact, submission)
        return Outcome(as_json(decision.answer))

    def _record(self, fact: Fact, submission: Submission) -> None:
        command, aggregate_id = submission.command, fact.aggregate_id
        known = self.states.get(aggregate_id)
        version = (known.version if known is not None else 0) + 1
        for state in self.domain.evolve(self.states, fact, command.at):
            key = state.id
            self.states[key] = self.changed[key] = state
        self.facts.append(
            Recorded(fact, aggregate_id, version, command.at, command.actor, submission.cause)
        )


async def decide(domain: Domain, tx: Tx, submissions: Sequence[Submission]) -> list[Result]:
    """Answer a group of commands within an open transaction; nothing is true before it commits.

    A command that was answered before gets the same answer; the same key with another body gets
    KeyReused. Raises one of `database.OVERTAKEN` when somebody else decided on the same state.
    """
    identities = [submission.identity for submission in submissions]
    named = list(zip(identities, submissions, strict=True))
    given = await _given_before(tx, identities)
    needs = dict.fromkeys(
        key for identity, one in named if identity not in given for key in one.command.needs()
    )
    group = _Group(domain, await domain.load_many(tx, list(needs)) if needs else {})
    answered: list[Values] = []
    results: list[Result] = []
    for identity, submission in named:
        fingerprint = submission.fingerprint()
        before = given.get(identity)
        if before is None:
            result = group.decide(submission)
            given[identity] = _Given(fingerprint, result)
            answered.append(_answered(identity, fingerprint, submission.command, result))
            results.append(result)
        elif before.fingerprint != fingerprint:
            results.append(KeyReused())
        else:
            results.append(_as_repeated(before.result))
    await domain.save_many(tx, list(group.changed.values()))
    await eventlog.append(tx, group.facts)
    await failpoint("dispatch.after_insert")
    await _remember(tx, answered)
    return results


def outcome_of(result: Result) -> str:
    """What happened to a command, in the words of the metric."""
    if isinstance(result, Outcome):
        return "replayed" if result.repeated else "done"
    return "refused" if isinstance(result, Refused) else "failed"


def _as_repeated(result: Outcome | Refused) -> Result:
    return Outcome(result.answer, repeated=True) if isinstance(result, Outcome) else result


_GIVEN = """
SELECT actor, key, fingerprint, answer, refusal FROM commands
JOIN unnest($1::text[], $2::text[]) AS asked (actor, key) USING (actor, key)
"""
_REMEMBER = """
INSERT INTO commands (actor, key, fingerprint, name, at, answer, refusal)
SELECT actor, key, fingerprint, name, at, answer, refusal FROM unnest($1::commands_row[])
"""


async def _given_before(tx: Tx, identities: Sequence[Identity]) -> dict[Identity, _Given]:
    rows = await tx.fetch(
        _GIVEN, [actor for actor, _ in identities], [key for _, key in identities]
    )
    return {
        (row["actor"], row["key"]): _Given(
            row["fingerprint"],
            RepeatedRefusal(json.loads(row["refusal"]))
            if row["answer"] is None
            else Outcome(row["answer"]),
        )
        for row in rows
    }


async def _remember(tx: Tx, answered: Sequence[Values]) -> None:
    if answered:
        await tx.execute(_REMEMBER, answered)


def _answered(
    identity: Identity, fingerprint: bytes, command: Command, result: Outcome | Refused
) -> Values:
    """The values of the type `commands_row`, in order."""
    return (
        *identity,
        fingerprint,
        type(command).__name__,
        command.at,
        result.answer if isinstance(result, Outcome) else None,
        json.dumps(result.problem()) if isinstance(result, Refused) else None,
    )
