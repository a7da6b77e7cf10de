"""Facts of the queue: counters that open and close, and tickets from issue to finish.

`line_id` is where a ticket got its number and never changes. `queue_id` is the line in which it
waits now: another one after a transfer. Every change of who waits in a queue has the next `step` of
that queue, 1, 2, 3 ..., so that anyone with its facts can put them in order and say why a ticket
was called. `occurred_at` is there only for what was done without a link and told later.
"""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.base import Code, Count, Fact
from contracts.ids import (
    Actor,
    AppointmentId,
    CounterCode,
    CounterId,
    CounterSessionId,
    DeviceId,
    LineId,
    MallId,
    PersonId,
    PolicyCode,
    ServiceCode,
    TicketId,
)

# What stands on the paper and on the board: prefix, letter of the series if any, number.
Label = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,8}-[A-Z]?[0-9]{3,10}$", max_length=20)]
Series = Annotated[str, Field(pattern=r"^[A-Z]$")]
Tally = Annotated[int, Field(ge=0, le=2_147_483_647)]


class QueueSeen(BaseModel):
    """Another queue of the same counter, as a call found it: after its `step`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    queue_id: LineId
    step: Tally


class CounterOpened(Fact):
    """An officer serves at this counter from now on, for these services.

    `officer` alone acts there until it closes, in the session `session_id`.
    """

    type = "queue.counter_opened"
    aggregate = "counter"
    identity = "counter_id"
    topic = "queue.counters.v1"

    counter_id: CounterId
    mall: MallId
    counter: CounterCode
    services: tuple[ServiceCode, ...]
    session_id: CounterSessionId | None = None
    officer: Actor | None = None


class CounterClosed(Fact):
    """Nobody serves at this counter any more. `reason` is a code such as `end_of_day`."""

    type = "queue.counter_closed"
    aggregate = "counter"
    identity = "counter_id"
    topic = "queue.counters.v1"

    counter_id: CounterId
    mall: MallId
    reason: Code


class TicketIssued(Fact):
    """A place at the end of a line.

    `number` counts 1, 2, 3 ... within the line, without gap or repeat. `lane` is how the ticket
    came about: `reguler` for a walk-in, `janji` for a checked-in appointment, `prioritas` with a
    `lane_reason`, `lanjutan` for what was begun elsewhere. A kiosk without link gives numbers of a
    `series` of its own. `before` others waited; the wait was foreseen between `wait_low_s` and
    `wait_high_s`, in seconds. `paper_label` is on the paper where that is another label.
    """

    type = "queue.ticket_issued"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    mall: MallId
    service: ServiceCode
    service_date: date
    number: Count
    lane: Code
    appointment_id: AppointmentId | None = None
    person_id: PersonId | None = None
    queue_id: LineId | None = None
    label: Label | None = None
    series: Series | None = None
    lane_reason: Code | None = None
    place_at: AwareDatetime | None = None
    step: Count | None = None
    before: Tally | None = None
    wait_low_s: Tally | None = None
    wait_high_s: Tally | None = None
    occurred_at: AwareDatetime | None = None
    device_id: DeviceId | None = None
    paper_label: Label | None = None


class TicketCalled(Fact):
    """The ticket's holder is asked to come to the counter.

    `policy` in its `policy_version` (0: the one that is built in) chose it: from its `turn` of the
    ring on, this `lane` was next. A call out of order has a `reason` instead, and `before` tickets
    that the rule would have called sooner. `others` are the counter's other queues.
    """

    type = "queue.ticket_called"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    mall: MallId
    service: ServiceCode
    number: Count
    counter: CounterCode
    queue_id: LineId | None = None
    label: Label | None = None
    lane: Code | None = None
    policy: PolicyCode | None = None
    policy_version: Tally | None = None
    turn: Tally | None = None
    step: Count | None = None
    waited_s: Tally | None = None
    reason: Code | None = None
    before: Tally | None = None
    others: tuple[QueueSeen, ...] | None = None
    occurred_at: AwareDatetime | None = None


class TicketServed(Fact):
    """The holder stands at the counter and service has begun."""

    type = "queue.ticket_served"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    counter: CounterCode
    occurred_at: AwareDatetime | None = None


class TicketFinished(Fact):
    """Service at the counter is over. `outcome` is a code such as `served` or `no_show`."""

    type = "queue.ticket_finished"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    counter: CounterCode
    outcome: Code
    occurred_at: AwareDatetime | None = None
    reason: Code | None = None
