"""Booking's table of contents: who decides what, what it listens to, how it is started."""

from chassis.decide import Domain
from chassis.service import Service
from chassis.subscription import Subscription, reading_of
from contracts.catalog import BY_WIRE_TYPE
from contracts.catalogue import EntryPublished
from services.booking import api, store
from services.booking.commands.appointments import (
    BookAppointment,
    CancelAppointment,
    CheckIn,
    ConfirmPlace,
    ExpireHold,
    HoldPlace,
    MoveAppointment,
    ReleasePlace,
)
from services.booking.commands.capacity import OverbookSession, ResizeSession
from services.booking.commands.closures import DeclareClosure, LiftClosure, SweepClosure
from services.booking.commands.releases import AnnounceDay, ReleasePart, RevealSeed
from services.booking.commands.requests import (
    ApproveAppointment,
    DeclineAppointment,
    OpenChannels,
    PardonMiss,
    RemindOrMiss,
    TimeOutRequest,
)
from services.booking.commands.sessions import OpenPlanned, OpenSession
from services.booking.commands.visits import BookVisit, CancelVisit
from services.booking.commands.waits import (
    DrawLottery,
    EndList,
    JoinWait,
    LeaveWait,
    OfferPlaces,
)
from services.booking.domain.evolution import evolve
from services.booking.handlers import (
    appointments,
    capacity,
    closures,
    holds,
    releases,
    requests,
    sessions,
    visits,
    waits,
)
from services.booking.projection import keep_catalogue
from services.booking.settings import BookingSettings
from services.booking.timers import timers

DOMAIN = Domain(
    handlers={
        OpenSession: sessions.open_session,
        ResizeSession: capacity.resize_session,
        OverbookSession: capacity.overbook_session,
        OpenPlanned: sessions.open_planned,
        BookAppointment: appointments.book_appointment,
        HoldPlace: holds.hold_place,
        ConfirmPlace: holds.confirm_place,
        ReleasePlace: holds.release_place,
        ExpireHold: holds.expire_hold,
        MoveAppointment: appointments.move_appointment,
        CheckIn: appointments.check_in,
        ApproveAppointment: requests.approve_appointment,
        DeclineAppointment: requests.decline_appointment,
        TimeOutRequest: requests.time_out_request,
        RemindOrMiss: requests.remind_or_miss,
        PardonMiss: requests.pardon_miss,
        OpenChannels: requests.open_channels,
        CancelAppointment: appointments.cancel_appointment,
        BookVisit: visits.book_visit,
        CancelVisit: visits.cancel_visit,
        DeclareClosure: closures.declare_closure,
        LiftClosure: closures.lift_closure,
        SweepClosure: closures.sweep_closure,
        AnnounceDay: releases.announce_day,
        RevealSeed: releases.reveal_seed,
        ReleasePart: releases.release_part,
        JoinWait: waits.join_wait,
        LeaveWait: waits.leave_wait,
        OfferPlaces: waits.offer_places,
        EndList: waits.end_list,
        DrawLottery: waits.draw_lottery,
    },
    load_many=store.load_many,
    save_many=store.save_many,
    evolve=evolve,
)

SUBSCRIPTIONS = (
    Subscription(
        consumer="booking.catalogue",
        reading=reading_of([EntryPublished], BY_WIRE_TYPE),
        apply=keep_catalogue,
        topics=(EntryPublished.topic,),
        newest_wins=True,
    ),
)

SERVICE = Service(
    name="booking",
    settings=BookingSettings,
    domain=DOMAIN,
    router=api.router,
    subscriptions=SUBSCRIPTIONS,
    timers=timers,
)
