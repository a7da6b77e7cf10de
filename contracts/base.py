"""What every fact, command, answer and refusal is. Nothing here does I/O or reads a clock.

Commands stand here, too, so that a service's domain needs nothing but this package.
"""

import re
from collections.abc import Hashable, Sequence
from functools import cache
from typing import Annotated, Any, ClassVar, NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.ids import Actor

# One line for people. Control characters are refused here, because PostgreSQL cannot store NUL.
ShortText = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\u0000-\u001f\u007f-\u009f]*$")
]
# 1, 2, 3 ... as far as a 32-bit column goes.
Count = Annotated[int, Field(ge=1, le=2_147_483_647)]
# A machine-readable reason. Open text, no enumeration: a new value must not break an old reader.
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]


def as_json(model: BaseModel) -> str:
    """The same text as from `model_dump_json`, in half of the time: there are no options."""
    return model.__pydantic_serializer__.to_json(model).decode()


class Fact(BaseModel):
    """Something that happened in an office. Immutable; carries references, never personal data.

    Unknown fields are ignored by readers, so that a newer writer does not break them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    type: ClassVar[str]
    """`<publisher>.<what_happened>`; with the version it makes the CloudEvents type."""
    version: ClassVar[int] = 1
    """Raised only for a change that a reader of the old form cannot read; then in a new class."""
    aggregate: ClassVar[str]
    """What the fact is about; facts of one aggregate are numbered 1, 2, 3 ..."""
    identity: ClassVar[str]
    """The field that holds the aggregate's id."""
    keyed_by: ClassVar[str | None] = None
    """The field that holds the Kafka key, where that is not the aggregate's id."""
    topic: ClassVar[str]
    """Where it is published. `agency.*.…` stands for one topic per agency."""

    @classmethod
    @cache
    def wire_type(cls) -> str:
        """The CloudEvents type, for example `booking.appointment_booked.v1`."""
        return f"{cls.type}.v{cls.version}"

    @classmethod
    @cache
    def belongs_on(cls, topic: str) -> bool:
        """Whether it may stand on this topic. What stands elsewhere speaks for another."""
        own = re.escape(cls.topic).replace(r"\*", "[a-z][a-z0-9]*(-[a-z0-9]+)*")
        return re.fullmatch(own, topic) is not None

    @property
    def aggregate_id(self) -> UUID:
        """The id of the aggregate that this fact belongs to."""
        value: UUID = getattr(self, self.identity)
        return value

    @property
    def key(self) -> str:
        """The Kafka key: what must stay in order has the same one."""
        chosen = getattr(self, self.keyed_by) if self.keyed_by else None
        return str(chosen or self.aggregate_id)

    @property
    def topic_name(self) -> str:
        """The topic that this very fact goes to.

        A report does not name its agency, so it has none of its own: whoever sends one takes
        the topic from `contracts.catalog.agency_topics`.
        """
        if "*" not in self.topic:
            return self.topic
        return self.topic.replace("*", str(getattr(self, "agency")))  # noqa: B009 - only some facts have it


class Answer(BaseModel):
    """What a command answers to the one who asked. Stored: a repeated command gets the same."""

    model_config = ConfigDict(frozen=True)


class Decision(NamedTuple):
    """What a handler returns: the facts that are now true, in order, and the answer."""

    facts: Sequence[Fact]
    answer: Answer


class Command(BaseModel):
    """Somebody wants something. Frozen; carries its time, its actor and its idempotency key."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    minted: ClassVar[frozenset[str]] = frozenset()
    """Fields made at the edge for this attempt; a repeated request may have other values there."""

    actor: Actor
    at: AwareDatetime
    key: Annotated[str, Field(min_length=1, max_length=255)]

    def needs(self) -> Sequence[Hashable]:
        """The aggregates to load, as typed ids or a service's own look-up keys, in any order."""
        raise NotImplementedError

    def fingerprint_source(self) -> str:
        """What must be equal for two requests with one key to count as the same request."""
        said = self.__pydantic_serializer__.to_json(self, exclude=_left_out(type(self)))
        return f"{type(self).__name__}:{said.decode()}"


@cache
def _left_out(kind: type[Command]) -> set[str]:
    return {"actor", "at", "key", *kind.minted}


class Refused(Exception):
    """A rule says no. Asking again cannot help. One subclass per rule, named after it.

    `kind` is one of `conflict`, `invalid`, `forbidden`, `not_found`; each edge maps it once.
    Titles are for people: Indonesian first, English second.
    """

    code: ClassVar[str]
    kind: ClassVar[str] = "conflict"
    title_id: ClassVar[str]
    title_en: ClassVar[str]

    def __init__(self, **details: str | int) -> None:
        """`details` are facts about this case (ids, numbers), never personal data."""
        super().__init__(self.code)
        self.details: dict[str, str | int] = details

    def problem(self) -> dict[str, Any]:
        """The refusal as plain data, for storing and for answering."""
        return {
            "code": self.code,
            "kind": self.kind,
            "title_id": self.title_id,
            "title_en": self.title_en,
            "details": self.details,
        }
