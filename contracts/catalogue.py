"""Facts of the catalogue: one entry (mall, agency, service, journey, calendar) in one revision."""

from typing import Annotated

from pydantic import Field, JsonValue

from contracts.base import Code, Count, Fact
from contracts.ids import EntryId


class EntryPublished(Fact):
    """A revision of an entry is in force from now on.

    `body` has the form of its `kind` (see `contracts.entries`).
    """

    type = "catalogue.entry_published"
    aggregate = "entry"
    identity = "entry_id"
    topic = "catalogue.entries.v1"

    entry_id: EntryId
    kind: Code
    code: Annotated[str, Field(min_length=1, max_length=40)]
    revision: Count
    body: dict[str, JsonValue]
