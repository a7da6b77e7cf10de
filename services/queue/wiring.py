"""Queue's table of contents: who decides what, what it listens to, how it is started."""

from chassis.decide import Domain
from chassis.service import Service
from chassis.subscription import Subscription, react, reading_of
from contracts.booking import AppointmentCheckedIn
from contracts.catalog import BY_WIRE_TYPE
from contracts.catalogue import EntryPublished
from services.queue import api, store
from services.queue import timers as clockwork
from services.queue.commands.asides import (
    CallTicket,
    HoldTicket,
    LeaveQueue,
    LetInFirst,
    RecallTicket,
    ResumeTicket,
    ReturnTicket,
    SkipTicket,
    TransferTicket,
)
from services.queue.commands.calls import CallNextTicket, FinishTicket, ServeTicket
from services.queue.commands.counters import (
    CloseCounter,
    OpenCounter,
    ReleaseCounter,
    TakeOverCounter,
)
from services.queue.commands.devices import (
    BeginDeviceSession,
    GrantSeries,
    LockDevice,
    MergeSeries,
    UnlockDevice,
)
from services.queue.commands.lines import CloseNumbers, ReopenNumbers
from services.queue.commands.pauses import (
    AskForChange,
    DecideChange,
    EndPause,
    PauseCounter,
    ResumeCounter,
    WithdrawChange,
)
from services.queue.commands.presence import RecordAbsence
from services.queue.commands.slips import MergeServices
from services.queue.commands.surveys import AnswerSurvey
from services.queue.commands.tickets import AdmitAppointment, IssueTicket
from services.queue.consumers import on_appointment_checked_in
from services.queue.domain.states import evolve
from services.queue.handlers import (
    asides,
    calls,
    counters,
    devices,
    lines,
    pauses,
    presence,
    slips,
    surveys,
    tickets,
)
from services.queue.projection import keep_catalogue
from services.queue.settings import QueueSettings
from services.queue.stream import run_forgetting, run_stream

DOMAIN = Domain(
    handlers={
        IssueTicket: tickets.issue_ticket,
        AdmitAppointment: tickets.admit_appointment,
        OpenCounter: counters.open_counter,
        TakeOverCounter: counters.take_over_counter,
        ReleaseCounter: counters.release_counter,
        CloseCounter: counters.close_counter,
        RecordAbsence: presence.record_absence,
        PauseCounter: pauses.pause_counter,
        EndPause: pauses.end_pause,
        ResumeCounter: pauses.resume_counter,
        AskForChange: pauses.ask_for_change,
        WithdrawChange: pauses.withdraw_change,
        DecideChange: pauses.decide_change,
        BeginDeviceSession: devices.begin_device_session,
        LockDevice: devices.lock_device,
        UnlockDevice: devices.unlock_device,
        GrantSeries: devices.grant_series,
        MergeSeries: devices.merge_series,
        MergeServices: slips.merge_services,
        CloseNumbers: lines.close_numbers,
        ReopenNumbers: lines.reopen_numbers,
        CallNextTicket: calls.call_next_ticket,
        ServeTicket: calls.serve_ticket,
        FinishTicket: calls.finish_ticket,
        AnswerSurvey: surveys.answer_survey,
        RecallTicket: asides.recall_ticket,
        HoldTicket: asides.hold_ticket,
        ResumeTicket: asides.resume_ticket,
        ReturnTicket: asides.return_ticket,
        SkipTicket: asides.skip_ticket,
        TransferTicket: asides.transfer_ticket,
        CallTicket: asides.call_ticket,
        LetInFirst: asides.let_in_first,
        LeaveQueue: asides.leave_queue,
    },
    load_many=store.load_many,
    save_many=store.save_many,
    evolve=evolve,
)

SUBSCRIPTIONS = (
    Subscription(
        consumer="queue",
        reading=reading_of([AppointmentCheckedIn], BY_WIRE_TYPE),
        apply=react(DOMAIN, {AppointmentCheckedIn: on_appointment_checked_in}),
        topics=(AppointmentCheckedIn.topic,),
    ),
    Subscription(
        consumer="queue.catalogue",
        reading=reading_of([EntryPublished], BY_WIRE_TYPE),
        apply=keep_catalogue,
        topics=(EntryPublished.topic,),
        newest_wins=True,
    ),
)

SERVICE = Service(
    name="queue",
    settings=QueueSettings,
    domain=DOMAIN,
    router=api.router,
    subscriptions=SUBSCRIPTIONS,
    tasks=(run_stream, run_forgetting),
    timers=clockwork.timers,
)
