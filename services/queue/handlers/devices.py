"""Kiosks and boards begin sessions, are locked, get series, and tell what they have printed."""

from contracts.base import Decision, Fact
from contracts.ids import LineId
from contracts.queue_day import SeriesGranted
from services.queue.commands.devices import (
    BeginDeviceSession,
    DeviceState,
    GrantedSeries,
    GrantSeries,
    LockDevice,
    MergedSeries,
    MergedSlip,
    MergeSeries,
    UnlockDevice,
)
from services.queue.domain.device import Device, device_id_of, find_device, kind_for, kind_in
from services.queue.domain.finding import States, find_ticket, get_mall, line_of, prefix_for
from services.queue.domain.line import Line
from services.queue.domain.merge import Merge
from services.queue.domain.numbers import must_not_be_closed
from services.queue.domain.refusals import PriorityReasonMissing
from services.queue.domain.series import (
    SeriesOn,
    Slip,
    letters_of,
    must_be_granted,
    series_line_id,
    sort_slips,
)


def begin_device_session(command: BeginDeviceSession, states: States) -> Decision:
    """The next epoch; whoever still has the one before is refused from now on."""
    mall = get_mall(states, command.mall)
    kind = kind_for(mall, command.device, command.actor)
    device = _device(states, command, kind)
    fact = device.begin()
    return Decision([fact], _state(device, epoch=fact.epoch))


def lock_device(command: LockDevice, states: States) -> Decision:
    """No new numbers from this device; what it has printed is still honoured."""
    kind = kind_in(get_mall(states, command.mall), command.device, _known(states, command))
    device = _device(states, command, kind)
    return Decision([device.lock(command.reason)], _state(device, locked_reason=command.reason))


def unlock_device(command: UnlockDevice, states: States) -> Decision:
    """It may begin a session again."""
    kind = kind_in(get_mall(states, command.mall), command.device, _known(states, command))
    device = _device(states, command, kind)
    return Decision([device.unlock()], _state(device, locked_reason=None))


def grant_series(command: GrantSeries, states: States) -> Decision:
    """The first letter that is free today, with as many numbers as the policy gives."""
    mall = get_mall(states, command.mall)
    device = _device(states, command, kind_for(mall, command.device, command.actor))
    device.must_be_at(command.epoch)
    mall.must_offer(command.service)
    day = mall.date_of(command.at)
    must_not_be_closed(line_of(states, mall.id, command.service, day))
    letter = letters_of(states, SeriesOn(mall.id, command.service, day)).next()
    fact = SeriesGranted(
        line_id=series_line_id(mall.id, command.service, day, letter),
        mall=mall.id,
        service=command.service,
        service_date=day,
        series=letter,
        device_id=device.id,
        epoch=command.epoch,
        most=mall.policy_for(command.service).terms.offline.most_numbers,
    )
    answer = GrantedSeries(
        line_id=fact.line_id,
        prefix=mall.prefix_of(command.service),
        series=letter,
        service_date=day,
        next=1,
        most=fact.most,
        granted_at=command.at,
    )
    return Decision([fact], answer)


def merge_series(command: MergeSeries, states: States) -> Decision:
    """Each slip becomes a ticket once, whatever is sent twice or out of order."""
    mall = get_mall(states, command.mall)
    kind_for(mall, command.device, command.actor)
    device_id = device_id_of(command.mall, command.device)
    found = states.get(_series_of(command))
    series = must_be_granted(found if isinstance(found, Line) else None, device_id, command.epoch)
    main = line_of(states, command.mall, command.service, command.service_date)
    merge = Merge(main, series, prefix_for(states, mall.id, command.service), command.at)
    known = {slip.ticket_id: find_ticket(states, slip.ticket_id) for slip in command.slips}
    slips = [
        Slip(one.ticket_id, one.number, one.lane, one.reason, one.printed_at)
        for one in command.slips
    ]
    facts: list[Fact] = []
    told: list[MergedSlip] = []
    for slip, outcome in sort_slips(series, slips, known):
        if slip.lane == "prioritas" and slip.lane_reason is None:
            raise PriorityReasonMissing
        ticket = known[slip.ticket_id]
        if outcome == "known" and ticket is not None:
            told.append(MergedSlip(ticket_id=ticket.id, label=ticket.label, outcome="known"))
            continue
        made = merge.issue(slip) if outcome == "new" else merge.dispute(slip)
        facts.extend(made)
        label = str(made[0].label)
        told.append(
            MergedSlip(
                ticket_id=slip.ticket_id,
                label=label,
                outcome="issued" if outcome == "new" else "disputed",
            )
        )
    return Decision(facts, MergedSeries(slips=tuple(told), next=merge.expected))


def _known(states: States, command: LockDevice | UnlockDevice) -> Device | None:
    return find_device(states, device_id_of(command.mall, command.device))


def _device(
    states: States,
    command: BeginDeviceSession | LockDevice | UnlockDevice | GrantSeries,
    kind: str,
) -> Device:
    known = find_device(states, device_id_of(command.mall, command.device))
    return known or Device.unused(command.mall, command.device, kind)


def _state(device: Device, **changes: object) -> DeviceState:
    found = DeviceState(
        device_id=device.id,
        device=device.code,
        epoch=device.epoch,
        locked_reason=device.locked_reason,
    )
    return found.model_copy(update=changes)


def _series_of(command: MergeSeries) -> LineId:
    return series_line_id(command.mall, command.service, command.service_date, command.series)
