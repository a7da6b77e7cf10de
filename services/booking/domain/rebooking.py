"""A place that is taken within seconds of being given up: told as worth a look, not refused."""

from dataclasses import dataclass
from datetime import date, datetime

from contracts.booking import RebookingFlagged
from contracts.booking_entries import BookingPolicy
from contracts.ids import AppointmentId, PersonId, SessionId
from services.booking.domain.claims import Kind, Proofs, network_digest
from services.booking.domain.session import Session
from services.booking.domain.states import States
from services.booking.domain.taking import Wish


@dataclass(frozen=True, slots=True)
class GivenUpIn:
    """Names what was given up last in a session."""

    session_id: SessionId


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The appointment of a session that ended last without anybody coming. A look-up."""

    id: GivenUpIn
    appointment_id: AppointmentId
    person_id: PersonId
    at: datetime
    digests: frozenset[tuple[Kind, bytes]] = frozenset()


def flagged(
    states: States, wish: Wish, proofs: Proofs, rules: BookingPolicy, when: tuple[datetime, date]
) -> RebookingFlagged | None:
    """The mark on a booking that came so soon, by somebody else than who gave the place up."""
    at, today = when
    given_up = states.get(GivenUpIn(wish.session.id))
    if rules.flag is None or not isinstance(given_up, GivenUp):
        return None
    seconds = int((at - given_up.at).total_seconds())
    if given_up.person_id == wish.person_id or seconds > rules.flag.rebook_within_seconds:
        return None
    device = bytes.fromhex(proofs.device) if proofs.device is not None else b""
    network = network_digest(proofs.network, today) if proofs.network is not None else b""
    return _fact(
        wish.session,
        wish,
        given_up,
        max(0, seconds),
        ((Kind.DEVICE_LIVE, device), (Kind.NETWORK_DAY, network)),
    )


def _fact(
    session: Session,
    wish: Wish,
    given_up: GivenUp,
    seconds: int,
    own: tuple[tuple[Kind, bytes], tuple[Kind, bytes]],
) -> RebookingFlagged:
    device, network = own
    return RebookingFlagged(
        appointment_id=wish.appointment_id,
        session_id=session.id,
        mall=session.mall,
        service=session.service,
        service_date=session.service_date,
        person_id=wish.person_id,
        given_up_id=given_up.appointment_id,
        after_s=seconds,
        same_device=device in given_up.digests,
        same_network=network in given_up.digests,
    )
