"""What the catalogue says about lines: the policies by which they are called, cut and held.

A policy is public, in words of one language that people and programs read; its revision is stamped
on each call, so that anyone can say why this ticket was called. Nothing is left to a default:
what a policy does not say, nobody would know.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from contracts.base import Code, ShortText
from contracts.entry_base import Entry, Part
from contracts.ids import DeviceCode, PolicyCode, ServiceCode

Lane = Literal["reguler", "prioritas", "janji", "lanjutan"]
Minutes = Annotated[int, Field(ge=1, le=1440)]
Codes = tuple[Code, ...]
# What stands before the number on the paper, in place of the end of the service's code.
Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,8}$")]


class PriorityRule(Part):
    """Who is let in before others: the reasons, and how many numbers a day and line, if bounded."""

    reasons: Codes
    most_per_day: Annotated[int, Field(ge=0, le=10_000)] | None = None


class RecallRule(Part):
    """How often and how slowly somebody is called before he counts as not there."""

    least_calls_before_no_show: Annotated[int, Field(ge=1, le=10)]
    least_seconds: Annotated[int, Field(ge=0, le=600)]


class SkipRule(Part):
    """Where a skipped ticket waits: `behind` so many others, or last of all; and how often.

    After `most` times only `then` is left.
    """

    then: Literal["no_show"]
    behind: Annotated[int, Field(ge=1, le=1000)] | Literal["last"]
    most: Annotated[int, Field(ge=0, le=100)]


class HoldRule(Part):
    """For what, and for how long at most, a ticket may step aside."""

    reasons: Codes
    most_minutes: Minutes


class TransferRule(Part):
    """Which place who is sent on has in the other line: by his `original` time, or from `now`."""

    place: Literal["original", "now"]


class CutOffRule(Part):
    """When new numbers end: so long before the mall closes, or after so many in one day."""

    minutes_before_close: Annotated[int, Field(ge=0, le=720)] | None = None
    most: Annotated[int, Field(ge=1, le=10_000)] | None = None


class FreePause(Part):
    """A pause that an officer may take without asking, and its length at most."""

    reason: Code
    minutes: Minutes


class PauseRule(Part):
    """Pauses that an officer takes freely, and the reasons of those that need approval."""

    free: tuple[FreePause, ...]
    approval: Codes


class EstimateRule(Part):
    """Minutes per ticket until measured ones are known; how many waits of 100 the range holds."""

    typical_minutes: Minutes
    share_percent: Annotated[int, Field(ge=50, le=99)]


class OfflineRule(Part):
    """How many numbers a kiosk may give by itself per line and day."""

    most_numbers: Annotated[int, Field(ge=1, le=999)]


class QueuePolicy(Entry):
    """How the lines of a mall, or one of them, are run.

    `slots` is a ring: each call takes the next slot that has somebody waiting, and there who has
    waited longest. `across` says how a counter with several lines chooses between them.
    """

    kind: ClassVar[str] = "queue_policy"

    code: PolicyCode
    name_id: ShortText
    name_en: ShortText
    slots: Annotated[tuple[tuple[Lane, ...], ...], Field(min_length=1, max_length=60)]
    across: Literal["prioritas_first", "longest_wait"]
    priority: PriorityRule
    recall: RecallRule
    skip: SkipRule
    hold: HoldRule
    transfer: TransferRule
    janji_place: Literal["checked_in", "slot_start"]
    override_reasons: Codes
    hours: Literal["any", "enforced"]
    cut_off: CutOffRule
    close_needs_approval: bool
    pause: PauseRule
    presence_grace_minutes: Minutes | None = None
    near: Annotated[int, Field(ge=1, le=100)]
    estimate: EstimateRule
    offline: OfflineRule


class MallLine(Part):
    """What is special about the line of one service: its prefix on the paper, its own policy."""

    service: ServiceCode
    prefix: Prefix | None = None
    policy: PolicyCode | None = None


class Device(Part):
    """A kiosk or a board of a mall, and the client as which it logs in."""

    code: DeviceCode
    kind: Literal["kiosk", "board"]
    client: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", max_length=64)]
