"""A kiosk or a board of a mall: who it is, in which session, and whether it is locked."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.base import Code
from contracts.ids import Actor, DeviceCode, DeviceId, MallId
from contracts.queue_day import DeviceLocked, DeviceSessionBegan, DeviceUnlocked
from services.queue.domain import device_refusals as rules
from services.queue.domain.mall import Mall

KIOSK = "kiosk"


@dataclass(frozen=True, slots=True)
class DeviceIn:
    """Asks which device of a mall a client is, and how it stands; `client` names its token."""

    mall: MallId
    client: str


@dataclass(frozen=True, slots=True)
class Device:
    """A device that began a session or was locked. Each session has the next `epoch`.

    Two machines with one identity, such as a copied disk, cannot both have the present epoch.
    """

    id: DeviceId
    version: int
    mall: MallId
    code: DeviceCode
    kind: Code
    epoch: int = 0
    locked_reason: Code | None = None

    @classmethod
    def unused(cls, mall: MallId, code: DeviceCode, kind: Code) -> "Device":
        """A device before its first fact."""
        return cls(device_id_of(mall, code), 0, mall, code, kind)

    def begin(self) -> DeviceSessionBegan:
        """A session that ends the one before. Raises DeviceLocked."""
        self.must_not_be_locked()
        return DeviceSessionBegan(
            device_id=self.id,
            mall=self.mall,
            device=self.code,
            kind=self.kind,
            epoch=self.epoch + 1,
        )

    def lock(self, reason: Code) -> DeviceLocked:
        """No new numbers from now on. Raises DeviceLocked when it is so already."""
        self.must_not_be_locked()
        return DeviceLocked(
            device_id=self.id, mall=self.mall, device=self.code, kind=self.kind, reason=reason
        )

    def unlock(self) -> DeviceUnlocked:
        """It may begin a session again. Raises DeviceNotLocked."""
        if self.locked_reason is None:
            raise rules.DeviceNotLocked(device=self.code)
        return DeviceUnlocked(device_id=self.id, mall=self.mall, device=self.code, kind=self.kind)

    def must_not_be_locked(self) -> None:
        """Raises DeviceLocked."""
        if self.locked_reason is not None:
            raise rules.DeviceLocked(device=self.code, reason=self.locked_reason)

    def must_be_at(self, epoch: int) -> None:
        """It may give numbers in this session. Raises DeviceLocked or DeviceReplaced."""
        self.must_not_be_locked()
        if epoch != self.epoch:
            raise rules.DeviceReplaced(device=self.code)


DeviceFact = DeviceSessionBegan | DeviceLocked | DeviceUnlocked


def device_after(states: Mapping[Hashable, Any], fact: DeviceFact) -> Iterator[Device]:
    """A device, one fact later."""
    known = states.get(fact.device_id)
    before = (
        known if isinstance(known, Device) else Device.unused(fact.mall, fact.device, fact.kind)
    )
    later = replace(before, version=before.version + 1)
    match fact:
        case DeviceSessionBegan():
            yield replace(later, epoch=fact.epoch)
        case DeviceLocked():
            yield replace(later, locked_reason=fact.reason)
        case DeviceUnlocked():
            yield replace(later, locked_reason=None)


def find_device(states: Mapping[Hashable, Any], device_id: DeviceId) -> Device | None:
    """The device, if it ever began a session or was locked."""
    found = states.get(device_id)
    return found if isinstance(found, Device) else None


def kind_for(mall: Mall, code: DeviceCode, actor: Actor) -> Code:
    """What a device is, if the caller is that device. Raises DeviceUnknown.

    In a mall that lists none, each client is a device of its own, under its own name.
    """
    for listed in mall.devices:
        if listed.code == code and listed.client == actor.name:
            return listed.kind
    if not mall.devices and code == actor.name:
        return actor.kind
    raise rules.DeviceUnknown(device=code)


def kind_in(mall: Mall, code: DeviceCode, known: Device | None) -> Code:
    """What a device is, for those who look after it. Raises DeviceUnknown."""
    listed = next((one.kind for one in mall.devices if one.code == code), None)
    if listed is not None:
        return listed
    if known is None:
        raise rules.DeviceUnknown(device=code)
    return known.kind


def device_of(mall: Mall, client: str) -> DeviceId | None:
    """The device of a mall as which a client logs in; None when it is not listed."""
    found = next((one.code for one in mall.devices if one.client == client), None)
    return device_id_of(mall.id, found) if found is not None else None


def check_kiosk(
    states: Mapping[Hashable, Any], mall: Mall, kiosk: Actor, epoch: int | None
) -> None:
    """Whether a kiosk may give numbers now; a mall that lists no devices takes any of its own.

    Raises DeviceUnknown, DeviceLocked, or DeviceReplaced when it says of which session it is and
    that is over.
    """
    if not mall.devices:
        return
    device_id = device_of(mall, kiosk.name)
    if device_id is None:
        raise rules.DeviceUnknown(client=kiosk.name)
    device = find_device(states, device_id)
    if device is not None:
        device.must_not_be_locked()
    if epoch is not None and epoch != (device.epoch if device is not None else 0):
        raise rules.DeviceReplaced(client=kiosk.name)


def device_id_of(mall: MallId, code: DeviceCode) -> DeviceId:
    """The id that this device of the mall always has."""
    return DeviceId.of(mall, code)
