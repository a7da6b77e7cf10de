"""What the checker can find: the rules by code, and one finding with its place."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Rule(StrEnum):
    """The code of each rule; README.md tells what each one asks."""

    NO_ENTRIES = "no-entries"
    UNKNOWN_FOLDER = "unknown-folder"
    NOT_YAML = "not-yaml"
    DUPLICATE_KEY = "duplicate-key"
    WRONG_SHAPE = "wrong-shape"
    MISSING_FIELD = "missing-field"
    UNKNOWN_FIELD = "unknown-field"
    REVISION_MISSING = "revision-missing"
    STANDARD_INCOMPLETE = "standard-incomplete"
    FILE_NAME = "file-name"
    DUPLICATE_CODE = "duplicate-code"
    UNKNOWN_AGENCY = "unknown-agency"
    UNKNOWN_SERVICE = "unknown-service"
    UNKNOWN_JOURNEY = "unknown-journey"
    AGENCY_NOT_IN_MALL = "agency-not-in-mall"
    COUNTER_WITHOUT_AGENCY = "counter-without-agency"
    OPENING_HOURS = "opening-hours"
    FEE_UNSAID = "fee-unsaid"
    STAGE_TWICE = "stage-twice"
    UNKNOWN_STAGE = "unknown-stage"
    JOURNEY_CIRCLE = "journey-circle"
    STAGE_UNREACHABLE = "stage-unreachable"
    PROMISE_TOO_SHORT = "promise-too-short"
    RETURN_WITHOUT_REQUIREMENT = "return-without-requirement"
    HOLIDAY_TWICE = "holiday-twice"
    HOLIDAY_OUTSIDE_YEAR = "holiday-outside-year"
    YEAR_TWICE = "year-twice"
    UNKNOWN_POLICY = "unknown-policy"
    SLOT_WITHOUT_LANE = "slot-without-lane"
    LANE_WITHOUT_SLOT = "lane-without-slot"
    PREFIX_TWICE = "prefix-twice"
    DEVICE_TWICE = "device-twice"
    LINE_WITHOUT_COUNTER = "line-without-counter"
    UNKNOWN_BOOKING_POLICY = "unknown-booking-policy"
    UNKNOWN_MALL = "unknown-mall"
    PERCENT_NOT_WHOLE = "percent-not-whole"
    RUSH_WITHOUT_IDENTITY = "rush-without-identity"
    BOOKING_WITHOUT_COUNTER = "booking-without-counter"
    ORDER_IN_A_CIRCLE = "order-in-a-circle"
    PLAN_TWICE = "plan-twice"
    PLAN_WITHOUT_COUNTER = "plan-without-counter"
    PLAN_OUTSIDE_HOURS = "plan-outside-hours"
    PLAN_OVERLAPS = "plan-overlaps"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake: where it is, which rule it breaks, and how to mend it."""

    file: Path
    line: int
    rule: Rule
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"
