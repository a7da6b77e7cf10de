"""A kiosk or a board of a mall: who it is, in which session, and whether it is locked."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.base import Code
from contracts.ids import DeviceCode, DeviceId, MallId
from contracts.queue_day import DeviceLocked, DeviceSessionBegan, DeviceUnlocked
from services.queue.domain import device_refusals as rules


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


def device_id_of(mall: MallId, code: DeviceCode) -> DeviceId:
    """The id that this device of the mall always has."""
    return DeviceId.of(mall, code)
