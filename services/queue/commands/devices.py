"""Kiosks and boards: sessions, locks, series for hours without a link, and telling them later."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from contracts.base import Answer, Code, Command, Count, Refused
from contracts.ids import DeviceCode, DeviceId, LineId, MallId, ServiceCode, TicketId
from services.queue.domain import device_refusals as rules
from services.queue.domain import refusals
from services.queue.domain.device import device_id_of
from services.queue.domain.line import LineOfTheDay, LineOn
from services.queue.domain.number_refusals import NumbersClosedNow
from services.queue.domain.series import SeriesOfTheDay, series_line_id

Lane = Literal["reguler", "prioritas"]


class BeginDeviceSession(Command):
    """A kiosk or board works from now on, and whoever had its identity before is over."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.MallUnknown,
        rules.DeviceUnknown,
        rules.DeviceLocked,
    )

    mall: MallId
    device: DeviceCode

    def needs(self) -> Sequence[Hashable]:
        """The mall and the device."""
        return (self.mall, device_id_of(self.mall, self.device))


class LockDevice(Command):
    """A supervisor takes a device out of use."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.MallUnknown,
        rules.DeviceUnknown,
        rules.DeviceLocked,
    )

    mall: MallId
    device: DeviceCode
    reason: Code

    def needs(self) -> Sequence[Hashable]:
        """The mall and the device."""
        return (self.mall, device_id_of(self.mall, self.device))


class UnlockDevice(Command):
    """A supervisor lets a device work again."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.MallUnknown,
        rules.DeviceUnknown,
        rules.DeviceNotLocked,
    )

    mall: MallId
    device: DeviceCode

    def needs(self) -> Sequence[Hashable]:
        """The mall and the device."""
        return (self.mall, device_id_of(self.mall, self.device))


class DeviceState(Answer):
    """The device as it is now; a later session has a higher `epoch`."""

    device_id: DeviceId
    device: DeviceCode
    epoch: int
    locked_reason: Code | None = None


class GrantSeries(Command):
    """A kiosk wants numbers for the case that its link is down."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.MallUnknown,
        refusals.ServiceUnknown,
        NumbersClosedNow,
        rules.DeviceUnknown,
        rules.DeviceLocked,
        rules.DeviceReplaced,
        rules.NoSeriesLeft,
    )

    mall: MallId
    device: DeviceCode
    service: ServiceCode
    epoch: Count

    def needs(self) -> Sequence[Hashable]:
        """The device, the line of today, and the letters that it has given."""
        return (
            self.mall,
            device_id_of(self.mall, self.device),
            LineOfTheDay(self.mall, self.service, self.at),
            SeriesOfTheDay(self.mall, self.service, self.at),
        )


class GrantedSeries(Answer):
    """The kiosk prints `prefix`-`series` and a number of three digits, from `next` to `most`."""

    line_id: LineId
    prefix: str
    series: str
    service_date: date
    next: int
    most: int
    granted_at: AwareDatetime


class PrintedSlip(BaseModel):
    """A number that the kiosk gave without a link, under an id that it made itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ticket_id: TicketId
    number: Count
    printed_at: AwareDatetime
    lane: Lane = "reguler"
    reason: Code | None = None


class MergeSeries(Command):
    """The link is back: the kiosk tells the numbers that it gave, from the first untold one on."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        refusals.MallUnknown,
        rules.DeviceUnknown,
        rules.SeriesUnknown,
        rules.SeriesGap,
        rules.SeriesTooLong,
        rules.TicketIdTaken,
        refusals.PriorityReasonMissing,
    )

    mall: MallId
    device: DeviceCode
    service: ServiceCode
    service_date: date
    series: str
    epoch: Count
    slips: tuple[PrintedSlip, ...]

    def needs(self) -> Sequence[Hashable]:
        """The device, the series, the line in which its tickets wait, and tickets told before."""
        return (
            self.mall,
            device_id_of(self.mall, self.device),
            LineOn(self.mall, self.service, self.service_date),
            series_line_id(self.mall, self.service, self.service_date, self.series),
            *(slip.ticket_id for slip in self.slips),
        )


class MergedSlip(BaseModel):
    """What became of one slip.

    `issued` now; `known` from before; `disputed`: the number belongs to another ticket, so this one
    waits under the new `label`.
    """

    ticket_id: TicketId
    label: str
    outcome: Literal["issued", "known", "disputed"]


class MergedSeries(Answer):
    """What became of each slip, and the number that is expected next."""

    slips: tuple[MergedSlip, ...]
    next: int
