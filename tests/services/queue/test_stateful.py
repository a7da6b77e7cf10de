"""Queue's domain against its small model, step by step: what one says, the other must say, too.

At the end the trail rebuilds the state, and the checker that judges runs finds nothing in it.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from contracts.ids import (
    AppointmentId,
    CounterCode,
    CounterSessionId,
    PersonId,
    ServiceCode,
    TicketId,
)
from services.queue.commands.calls import CallNextTicket, FinishTicket, ServeTicket
from services.queue.commands.counters import CloseCounter, OpenCounter, TakeOverCounter
from services.queue.commands.lines import CloseNumbers, ReopenNumbers
from services.queue.commands.pauses import (
    AskForChange,
    DecideChange,
    EndPause,
    PauseCounter,
    ResumeCounter,
    WithdrawChange,
)
from services.queue.commands.tickets import AdmitAppointment, IssueTicket
from services.queue.domain.counter import Counter
from services.queue.domain.line import Line
from tests.services.queue import model
from tests.services.queue.office import (
    ITS_OFFICER,
    KIA,
    KTP,
    MALL,
    OFFICERS,
    Office,
    policy_of,
)

# Who looks for the shortest history that goes wrong takes his time.
pytestmark = pytest.mark.timeout(300)

FOREIGN = ServiceCode("POL-SIM")
_JUMPS = (0, 1, 30, 400, 1500)

codes = st.sampled_from(list(OFFICERS))
services = st.sampled_from([KTP, KTP, KIA])
callers = st.sampled_from([*[ITS_OFFICER] * 6, *OFFICERS.values()])
pauses = st.sampled_from(["istirahat", "rapat", "bosan"])
places = st.integers(0, 40)
lanes = st.sampled_from(["reguler", "reguler", "prioritas", "prioritas", "lanjutan"])


class TheOffice(Office):
    """Every request there is, fitting or not, by who may and by who may not."""

    # --- requests

    @rule(
        service=st.sampled_from([KTP, KTP, KIA, FOREIGN]),
        lane=lanes,
        reason=st.sampled_from(["lansia", "lansia", "hamil_menyusui", "lapar", None]),
        who=st.sampled_from(["kiosk:k", "officer:a"]),
    )
    def issue(self, service: ServiceCode, lane: str, reason: str | None, who: str) -> None:
        id_, got = TicketId.of(str(self.made)), []
        reason = reason if lane == "prioritas" else None
        asked = {"mall": MALL, "service": service, "staff_mall": MALL, "lane": lane}
        command = IssueTicket(ticket_id=id_, reason=reason, **asked, **self._common(who))
        answer: Any = self._both(
            lambda: got.append(self.hall.issue(id_, service, lane, reason, who, self.at)), command
        )
        if answer is not None:
            assert (answer.number, answer.lane, answer.before) == got[0]

    @rule(service=services, person=st.integers(0, 12), late=st.booleans())
    def admit(self, service: ServiceCode, person: int, late: bool) -> None:
        id_, day = TicketId.of("appointment", str(person)), self.hall.today(self.at)
        day -= timedelta(days=late)
        command = AdmitAppointment(
            ticket_id=id_,
            appointment_id=AppointmentId.of(str(person)),
            person_id=PersonId.of(str(person)),
            mall=MALL,
            service=service,
            service_date=day,
            **self._common("system:queue"),
        )
        got: list[Any] = []
        answer: Any = self._both(
            lambda: got.append(self.hall.admit(id_, service, day, self.at)), command
        )
        if answer is not None:
            assert (answer.number, answer.lane, answer.before) == got[0]

    @rule(code=codes, who=callers)
    def call(self, code: CounterCode, who: str) -> None:
        who = self.named(code, who)
        got: list[Any] = []
        command = CallNextTicket(**self._at(code, who))
        answer: Any = self._both(lambda: got.append(self.hall.call(code, who, self.at)), command)
        if answer is not None:
            assert (answer.ticket.ticket_id if answer.ticket else None) == got[0]

    @rule(code=codes)
    def call_by_its_officer(self, code: CounterCode) -> None:
        self.call(code, ITS_OFFICER)

    @rule(code=codes, outcome=st.sampled_from(["served", "served", "no_show"]))
    def deal_with_its_ticket(self, code: CounterCode, outcome: str) -> None:
        """What an officer does all day."""
        counter = self.hall.counters[code]
        if counter.ticket is not None and counter.officer is not None:
            place = list(self.hall.tickets).index(counter.ticket.id)
            place = place or len(self.hall.tickets)
            if outcome == "served":
                self.serve(code, counter.officer, place)
            self.finish(code, counter.officer, place, outcome)

    @rule(lanes=st.lists(lanes, min_size=2, max_size=5), service=services)
    def several_come(self, lanes: list[str], service: ServiceCode) -> None:
        for lane in lanes:
            self.issue(service, lane, "lansia", "officer:a")

    @rule(code=codes, calls=st.integers(1, 4))
    def some_are_dealt_with(self, code: CounterCode, calls: int) -> None:
        for _ in range(calls):
            self.call(code, ITS_OFFICER)
            self.deal_with_its_ticket(code, "served")

    @rule(code=codes, who=callers, place=places)
    def serve(self, code: CounterCode, who: str, place: int) -> None:
        who = self.named(code, who)
        id_ = self._ticket(place)
        command = ServeTicket(ticket_id=id_, **self._at(code, who))
        self._both(lambda: self.hall.serve(id_, code, who), command)

    @rule(code=codes, who=callers, place=places, outcome=st.sampled_from(["served", "no_show"]))
    def finish(self, code: CounterCode, who: str, place: int, outcome: str) -> None:
        who = self.named(code, who)
        id_ = self._ticket(place)
        command = FinishTicket(ticket_id=id_, outcome=outcome, **self._at(code, who))
        self._both(lambda: self.hall.finish(id_, code, who, outcome), command)

    @rule(code=codes, who=callers)
    def open(self, code: CounterCode, who: str) -> None:
        who = self.named(code, who)
        session = CounterSessionId.of(str(self.made))
        command = OpenCounter(mall=MALL, counter=code, session_id=session, **self._common(who))
        self._both(lambda: self.hall.open(code, who), command)

    @rule(code=codes, who=callers)
    def take_over(self, code: CounterCode, who: str) -> None:
        who = self.named(code, who)
        session = CounterSessionId.of(str(self.made))
        command = TakeOverCounter(mall=MALL, counter=code, session_id=session, **self._common(who))
        self._both(lambda: self.hall.take_over(code, who), command)

    @rule(code=codes, who=callers)
    def close(self, code: CounterCode, who: str) -> None:
        who = self.named(code, who)
        common = self._common(who)
        command = CloseCounter(mall=MALL, counter=code, reason="end_of_day", **common)
        self._both(lambda: self.hall.close(code, who, self.at), command)

    @rule(code=codes, who=callers, reason=pauses)
    def pause(self, code: CounterCode, who: str, reason: str) -> None:
        who = self.named(code, who)
        command = PauseCounter(mall=MALL, counter=code, reason=reason, **self._common(who))
        self._both(lambda: self.hall.pause(code, who, reason, self.at), command)

    @rule(code=codes, who=callers)
    def resume(self, code: CounterCode, who: str) -> None:
        who = self.named(code, who)
        command = ResumeCounter(mall=MALL, counter=code, **self._common(who))
        self._both(lambda: self.hall.resume(code, who), command)

    @rule(code=codes, who=callers, wants=st.sampled_from(["close", "pause"]), reason=pauses)
    def ask(self, code: CounterCode, who: str, wants: str, reason: str) -> None:
        who = self.named(code, who)
        common = self._common(who)
        command = AskForChange(mall=MALL, counter=code, wants=wants, reason=reason, **common)
        self._both(lambda: self.hall.ask(code, who, wants, reason), command)

    @rule(code=codes, who=callers)
    def withdraw(self, code: CounterCode, who: str) -> None:
        who = self.named(code, who)
        command = WithdrawChange(mall=MALL, counter=code, **self._common(who))
        self._both(lambda: self.hall.withdraw(code, who), command)

    @rule(code=codes, who=callers, approve=st.booleans())
    def decide(self, code: CounterCode, who: str, approve: bool) -> None:
        who = self.named(code, who)
        command = DecideChange(mall=MALL, counter=code, approve=approve, **self._common(who))
        self._both(lambda: self.hall.decide(code, who, approve=approve), command)

    @rule(service=services, closing=st.booleans())
    def numbers(self, service: ServiceCode, closing: bool) -> None:
        kind = CloseNumbers if closing else ReopenNumbers
        asked = self.hall.close_numbers if closing else self.hall.reopen_numbers
        command = kind(mall=MALL, service=service, reason="penuh", **self._common("officer:a"))
        self._both(lambda: asked(service, self.at), command)

    @rule(
        across=st.sampled_from(["prioritas_first", "longest_wait"]),
        quota=st.sampled_from([None, 2, 5]),
        most=st.sampled_from([None, None, 6, 12]),
    )
    def a_new_policy_is_published(self, across: str, quota: int | None, most: int | None) -> None:
        self._publish(policy_of(self.hall.policy["revision"] + 1, across, quota, most))

    @rule(code=codes, seconds=st.sampled_from([-1, 0, 1, 900]))
    def a_clock_is_wrong(self, code: CounterCode, seconds: int) -> None:
        """Some process believes that a pause is over which is not, or is another."""
        until = (self.hall.counters[code].until or self.at) + timedelta(seconds=seconds)
        command = EndPause(mall=MALL, counter=code, until=until, **self._common("system:queue"))
        self._both(lambda: self.hall.end_pause(code, until, self.at), command)

    @rule(seconds=st.sampled_from(_JUMPS))
    def time_goes_on(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)
        for code, until in self.hall.time_passes(self.at):
            where = {"mall": MALL, "counter": code, "until": until}
            assert not isinstance(self._ask(EndPause(**where, **self._common("system:queue"))), str)

    # --- what must hold after each of them

    @invariant()
    def both_count_the_same(self) -> None:
        for line in self.history.of(Line):
            known = self.hall.lines.get((line.service, line.service_date), model.Line("", date.min))
            assert line.last_number == known.last
            lanes = {lane: getattr(line.waiting, lane) for lane in model.LANES}
            assert lanes == {
                lane: sum(one.lane == lane for one in known.waiting) for lane in model.LANES
            }

    @invariant()
    def both_know_the_same_counters(self) -> None:
        for counter in self.history.of(Counter):
            known = self.hall.counters[counter.code]
            ticket = known.ticket.id if known.ticket else None
            assert (counter.officer, counter.ticket_id) == (known.officer, ticket)
            assert (counter.paused_reason, counter.paused_until) == (known.paused, known.until)
            assert (counter.asked is None) == (known.asked is None)


TestOffice = TheOffice.TestCase
TestOffice.settings = settings(max_examples=150, stateful_step_count=60)
