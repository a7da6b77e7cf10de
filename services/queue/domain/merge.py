"""Slips of a kiosk become tickets: the facts, with the steps that they take one after the other."""

from datetime import datetime

from contracts.queue import TicketIssued
from contracts.queue_tickets import TicketDisputed
from services.queue.domain.line import Line
from services.queue.domain.series import Slip, honest_time
from services.queue.domain.ticket import Status

NUMBER_TAKEN = "number_taken"


class Merge:
    """One telling: in `main` the tickets wait, `series` is the line that numbered them."""

    def __init__(self, main: Line, series: Line, prefix: str, at: datetime) -> None:
        self._main, self._series, self._prefix, self._at = main, series, prefix, at
        self._step, self._last = main.step, main.last_number
        self.expected = series.last_number + 1

    def issue(self, slip: Slip) -> tuple[TicketIssued]:
        """The ticket with the number that its paper has."""
        self.expected = slip.number + 1
        return (self._issued(slip, self._series, slip.number),)

    def dispute(self, slip: Slip) -> tuple[TicketIssued, TicketDisputed]:
        """Its number is another's already: it gets one of the main line, and a person looks."""
        self._last += 1
        issued = self._issued(slip, self._main, self._last).model_copy(
            update={"paper_label": self._series.label_of(self._prefix, slip.number)}
        )
        disputed = TicketDisputed(
            ticket_id=slip.ticket_id,
            line_id=self._main.id,
            label=str(issued.label),
            claim=NUMBER_TAKEN,
            found=Status.WAITING,
            occurred_at=honest_time(self._series, slip, self._at),
            device_id=self._series.numbering.device_id,
        )
        return issued, disputed

    def _issued(self, slip: Slip, line: Line, number: int) -> TicketIssued:
        self._step += 1
        occurred_at = honest_time(self._series, slip, self._at)
        return TicketIssued(
            ticket_id=slip.ticket_id,
            line_id=line.id,
            mall=line.mall,
            service=line.service,
            service_date=line.service_date,
            number=number,
            lane=slip.lane,
            lane_reason=slip.lane_reason,
            queue_id=self._main.id,
            label=line.label_of(self._prefix, number),
            series=line.numbering.series or None,
            place_at=occurred_at,
            step=self._step,
            occurred_at=occurred_at,
            device_id=self._series.numbering.device_id,
        )
