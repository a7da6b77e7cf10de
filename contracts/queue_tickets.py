"""Facts of a ticket between its call and its end: what happens when not all goes straight."""

from pydantic import AwareDatetime

from contracts.base import Code, Count, Fact
from contracts.ids import CounterCode, DeviceId, LineId, MallId, PersonId, ServiceCode, TicketId
from contracts.queue import Label, Tally


class TicketRecalled(Fact):
    """The holder did not come yet and is called again; `times` counts all calls."""

    type = "queue.ticket_recalled"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    label: Label
    counter: CounterCode
    times: Count


class TicketHeld(Fact):
    """The holder steps aside until `until`, to fetch a copy or to pay; the counter goes on."""

    type = "queue.ticket_held"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    label: Label
    counter: CounterCode
    reason: Code
    until: AwareDatetime


class TicketResumed(Fact):
    """The holder is back, and is called again to this counter."""

    type = "queue.ticket_resumed"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    label: Label
    counter: CounterCode


class TicketSkipped(Fact):
    """The holder was called and did not come: the ticket waits again, further behind.

    `reason` is there when nobody is to blame: `officer_gone` when a supervisor freed the counter.
    """

    type = "queue.ticket_skipped"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    label: Label
    queue_id: LineId
    counter: CounterCode
    times: Tally
    place_at: AwareDatetime
    step: Count
    reason: Code | None = None


class TicketReturned(Fact):
    """A ticket that was held waits in the line again."""

    type = "queue.ticket_returned"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    label: Label
    queue_id: LineId
    lane: Code
    place_at: AwareDatetime
    step: Count


class TicketTransferred(Fact):
    """The holder is sent on, to wait in another queue or to go straight to another counter.

    `handed_over`: straight to the free counter `to_counter`, with no wait and no `step`. Otherwise
    it waits in `queue_id`; for `to_counter` alone, where that is named. `mall` and `service` are
    those of the queue.
    """

    type = "queue.ticket_transferred"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    label: Label
    from_counter: CounterCode
    queue_id: LineId
    mall: MallId
    service: ServiceCode
    lane: Code
    place_at: AwareDatetime
    handed_over: bool
    reason: Code
    step: Count | None = None
    to_counter: CounterCode | None = None


class TicketReclassified(Fact):
    """A waiting ticket changes its lane, for a reason."""

    type = "queue.ticket_reclassified"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    label: Label
    queue_id: LineId
    lane: Code
    lane_reason: Code
    place_at: AwareDatetime
    step: Count


class TicketNear(Fact):
    """Only `before` others are called before this one: the holder should come close."""

    type = "queue.ticket_near"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    label: Label
    queue_id: LineId
    before: Tally
    person_id: PersonId | None = None


class TicketLapsed(Fact):
    """A ticket ended without a counter. `outcome`: `left`, `not_served` or `held_too_long`.

    `step` is there when it was waiting, and so left a queue.
    """

    type = "queue.ticket_lapsed"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    label: Label
    outcome: Code
    queue_id: LineId | None = None
    step: Count | None = None


class TicketDisputed(Fact):
    """What was done without a link could not be made true afterwards; a person has to look.

    `claim`: `served`, `called` or `number_taken`; `found` is the state that the ticket had then.
    """

    type = "queue.ticket_disputed"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    label: Label
    claim: Code
    found: Code
    occurred_at: AwareDatetime
    counter: CounterCode | None = None
    device_id: DeviceId | None = None
