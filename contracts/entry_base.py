"""What every part and every entry of the catalogue is."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
Revision = Annotated[int, Field(ge=1)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Part(BaseModel):
    """Base of everything here: immutable, and older readers ignore what newer writers add."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Entry(Part):
    """One entry in one revision. `source` says where its facts were taken from."""

    kind: ClassVar[str]

    revision: Revision
    source: Text | None = None

    @property
    def entry_code(self) -> str:
        """The code as plain text, whatever the kind of entry."""
        return str(getattr(self, "code"))  # noqa: B009 - each kind has its own type of code
