"""Facts of a mall's day beside tickets: counters at work, lines, devices, agencies, surveys."""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, Field

from contracts.base import Code, Count, Fact
from contracts.ids import (
    Actor,
    AgencyId,
    CounterCode,
    CounterId,
    CounterSessionId,
    DeviceCode,
    DeviceId,
    LineId,
    MallId,
    PresenceId,
    ServiceCode,
    SurveyId,
)
from contracts.queue import Series, Tally

# 1 bad to 4 good (PermenPANRB 14/2017).
Score = Annotated[int, Field(ge=1, le=4)]


class CounterTakenOver(Fact):
    """The counter's officer goes on at another screen; the one from before is over."""

    type = "queue.counter_taken_over"
    aggregate = "counter"
    identity = "counter_id"
    topic = "queue.counters.v1"

    counter_id: CounterId
    mall: MallId
    counter: CounterCode
    session_id: CounterSessionId


class CounterPaused(Fact):
    """The counter calls nobody until its officer resumes, or until `until`."""

    type = "queue.counter_paused"
    aggregate = "counter"
    identity = "counter_id"
    topic = "queue.counters.v1"

    counter_id: CounterId
    mall: MallId
    counter: CounterCode
    reason: Code
    until: AwareDatetime | None = None


class CounterResumed(Fact):
    """The counter calls again. `reason`: `by_officer`, or `pause_over` when its time was up."""

    type = "queue.counter_resumed"
    aggregate = "counter"
    identity = "counter_id"
    topic = "queue.counters.v1"

    counter_id: CounterId
    mall: MallId
    counter: CounterCode
    reason: Code


class CounterChangeRequested(Fact):
    """An officer asks to `close` or to `pause` the counter, which somebody else must approve."""

    type = "queue.counter_change_requested"
    aggregate = "counter"
    identity = "counter_id"
    topic = "queue.counters.v1"

    counter_id: CounterId
    mall: MallId
    counter: CounterCode
    officer: Actor
    wants: Code
    reason: Code
    until: AwareDatetime | None = None


class CounterChangeDecided(Fact):
    """What an officer asked for at a counter was decided, or withdrawn (`reason`: `withdrawn`).

    What was approved follows as a fact of its own.
    """

    type = "queue.counter_change_decided"
    aggregate = "counter"
    identity = "counter_id"
    topic = "queue.counters.v1"

    counter_id: CounterId
    mall: MallId
    counter: CounterCode
    wants: Code
    approved: bool
    reason: Code | None = None


class NumbersClosed(Fact):
    """No new numbers in this line; those that are out are served."""

    type = "queue.numbers_closed"
    aggregate = "line"
    identity = "line_id"
    topic = "queue.lines.v1"

    line_id: LineId
    mall: MallId
    service: ServiceCode
    service_date: date
    reason: Code


class NumbersReopened(Fact):
    """New numbers are given again in this line."""

    type = "queue.numbers_reopened"
    aggregate = "line"
    identity = "line_id"
    topic = "queue.lines.v1"

    line_id: LineId
    mall: MallId
    service: ServiceCode
    service_date: date
    reason: Code


class SeriesGranted(Fact):
    """A kiosk may give up to `most` numbers of this series by itself, also without a link.

    `epoch` is that of the device's session which asked for it.
    """

    type = "queue.series_granted"
    aggregate = "line"
    identity = "line_id"
    topic = "queue.lines.v1"

    line_id: LineId
    mall: MallId
    service: ServiceCode
    service_date: date
    series: Series
    device_id: DeviceId
    epoch: Count
    most: Count


class LineClosed(Fact):
    """The day of this line is over: what became of its numbers, and how well waits were foreseen.

    Of `predicted` waits `inside` were within what had been said.
    """

    type = "queue.line_closed"
    aggregate = "line"
    identity = "line_id"
    topic = "queue.lines.v1"

    line_id: LineId
    mall: MallId
    service: ServiceCode
    service_date: date
    issued: Tally
    served: Tally
    no_show: Tally
    lapsed: Tally
    predicted: Tally
    inside: Tally
    median_wait_s: Tally | None = None


class DeviceSessionBegan(Fact):
    """A kiosk or board works from now on; an earlier session of its identity is over."""

    type = "queue.device_session_began"
    aggregate = "device"
    identity = "device_id"
    topic = "queue.devices.v1"

    device_id: DeviceId
    mall: MallId
    device: DeviceCode
    kind: Code
    epoch: Count


class DeviceLocked(Fact):
    """A device may give no new numbers and begin no session."""

    type = "queue.device_locked"
    aggregate = "device"
    identity = "device_id"
    topic = "queue.devices.v1"

    device_id: DeviceId
    mall: MallId
    device: DeviceCode
    kind: Code
    reason: Code


class DeviceUnlocked(Fact):
    """A device may begin a session again."""

    type = "queue.device_unlocked"
    aggregate = "device"
    identity = "device_id"
    topic = "queue.devices.v1"

    device_id: DeviceId
    mall: MallId
    device: DeviceCode
    kind: Code


class AgencyAbsent(Fact):
    """An agency has not opened any counter though the mall opened a while ago."""

    type = "queue.agency_absent"
    aggregate = "presence"
    identity = "presence_id"
    topic = "queue.presence.v1"

    presence_id: PresenceId
    mall: MallId
    agency: AgencyId
    service_date: date
    expected_at: AwareDatetime


class AgencyPresent(Fact):
    """An agency opened its first counter of the day, so many minutes late."""

    type = "queue.agency_present"
    aggregate = "presence"
    identity = "presence_id"
    topic = "queue.presence.v1"

    presence_id: PresenceId
    mall: MallId
    agency: AgencyId
    service_date: date
    late_minutes: Tally


class SurveyAnswered(Fact):
    """Somebody who was served judged the service in the nine elements of the survey, 1 to 4 each.

    No ticket, no person and no hour: who answered cannot be told.
    """

    type = "queue.survey_answered"
    aggregate = "survey"
    identity = "survey_id"
    topic = "queue.surveys.v1"

    survey_id: SurveyId
    mall: MallId
    service: ServiceCode
    service_date: date
    u1: Score
    u2: Score
    u3: Score
    u4: Score
    u5: Score
    u6: Score
    u7: Score
    u8: Score
    u9: Score
