"""Kiosks and boards over HTTP: sessions, locks, series, and what was printed without a link."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from chassis import clock
from chassis.auth import Caller, requires
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.base import Code, Count
from contracts.ids import DeviceCode, ServiceCode
from contracts.queue import Series
from services.queue.api.callers import mall_of, strictly
from services.queue.commands.devices import (
    BeginDeviceSession,
    DeviceState,
    GrantedSeries,
    GrantSeries,
    LockDevice,
    MergedSeries,
    MergeSeries,
    PrintedSlip,
    UnlockDevice,
)
from services.queue.queries.devices import DeviceView, devices_of

_MOST_SLIPS = 100
_TICKET = "019cb165-4510-768e-82c6-ae24d0e414d9"


class Lock(BaseModel):
    """Why nobody may use the device."""

    model_config = strictly(reason="hilang")

    reason: Code


class SeriesWish(BaseModel):
    """For which line, in which session of the device."""

    model_config = strictly(service="DUK-KTP", epoch=1)

    service: ServiceCode
    epoch: Count


class Printed(BaseModel):
    """What a kiosk printed without a link: in the order of numbers, from the first untold one on.

    `epoch` is that of the session in which the series was granted.
    """

    model_config = strictly(
        service="DUK-KTP",
        service_date="2026-03-03",
        series="A",
        epoch=1,
        slips=[{"ticket_id": _TICKET, "number": 1, "printed_at": "2026-03-03T10:34:00+07:00"}],
    )

    service: ServiceCode
    service_date: date
    series: Series
    epoch: Count
    slips: Annotated[tuple[PrintedSlip, ...], Field(min_length=1, max_length=_MOST_SLIPS)]


def add_devices(found: Router, running: Running) -> None:
    """The endpoints about devices."""

    @found.query("/v1/devices", allow=requires("supervisor"))
    async def show_devices(caller: Caller) -> list[DeviceView]:
        """The devices of the supervisor's mall that ever worked or were locked."""
        return await devices_of(running.database, mall_of(caller))

    @found.command(
        "/v1/devices/{code}/session",
        allow=requires("kiosk", "board"),
        refusals=BeginDeviceSession.refusals,
    )
    async def begin_session(code: DeviceCode, caller: Caller, key: IdempotencyKey) -> DeviceState:
        """Begin to work: an earlier session of the same identity is over."""
        command = BeginDeviceSession(
            actor=caller.actor, at=clock.now(), key=key, mall=mall_of(caller), device=code
        )
        return (await running.dispatch(command)).read(DeviceState)

    @found.command(
        "/v1/devices/{code}/lock", allow=requires("supervisor"), refusals=LockDevice.refusals
    )
    async def lock_device(
        code: DeviceCode, form: Json[Lock], caller: Caller, key: IdempotencyKey
    ) -> DeviceState:
        """Take a device out of use. What it has printed is still honoured."""
        command = LockDevice(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            mall=mall_of(caller),
            device=code,
            reason=form.reason,
        )
        return (await running.dispatch(command)).read(DeviceState)

    @found.command(
        "/v1/devices/{code}/unlock", allow=requires("supervisor"), refusals=UnlockDevice.refusals
    )
    async def unlock_device(code: DeviceCode, caller: Caller, key: IdempotencyKey) -> DeviceState:
        """Let a device work again."""
        command = UnlockDevice(
            actor=caller.actor, at=clock.now(), key=key, mall=mall_of(caller), device=code
        )
        return (await running.dispatch(command)).read(DeviceState)

    @found.command(
        "/v1/devices/{code}/series",
        allow=requires("kiosk"),
        status=201,
        refusals=GrantSeries.refusals,
    )
    async def grant_series(
        code: DeviceCode, form: Json[SeriesWish], caller: Caller, key: IdempotencyKey
    ) -> GrantedSeries:
        """Numbers for hours without a link: a series of the kiosk's own for one line and today."""
        command = GrantSeries(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            mall=mall_of(caller),
            device=code,
            service=form.service,
            epoch=form.epoch,
        )
        return (await running.dispatch(command)).read(GrantedSeries)

    @found.command(
        "/v1/devices/{code}/merge", allow=requires("kiosk"), refusals=MergeSeries.refusals
    )
    async def merge_series(
        code: DeviceCode, form: Json[Printed], caller: Caller, key: IdempotencyKey
    ) -> MergedSeries:
        """Tell what was printed without a link. Safe to repeat; a missing number is asked for."""
        command = MergeSeries(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            mall=mall_of(caller),
            device=code,
            service=form.service,
            service_date=form.service_date,
            series=form.series,
            epoch=form.epoch,
            slips=form.slips,
        )
        return (await running.dispatch(command)).read(MergedSeries)
