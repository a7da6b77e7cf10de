"""Who asks: staff of a mall by their token, the holder of an appointment by its code."""

from typing import Annotated

from fastapi import Header

from chassis.auth import Principal
from chassis.errors import NotAllowed
from contracts.ids import AppointmentId, MallId
from services.booking.settings import BookingCodes

_STAFF = frozenset({"officer", "kiosk", "operator", "supervisor"})
Code = Annotated[
    str | None,
    Header(
        alias="Booking-Code",
        max_length=40,
        description="The secret of the appointment; staff send a token instead.",
        examples=["7KQ2M-XQXD4-TZB5V-2NCA3"],
    ),
]


def is_staff(caller: Principal) -> bool:
    """Whether the caller works in a mall, or for all of them."""
    return not _STAFF.isdisjoint(caller.roles)


def mall_of_staff(caller: Principal) -> MallId | None:
    """The mall that an officer or kiosk is bound to; operators and citizens are bound to none.

    Raises NotAllowed when the token of an officer or kiosk names no mall.
    """
    if not is_staff(caller) or "operator" in caller.roles:
        return None
    if caller.mall is None:
        raise NotAllowed("an officer's or kiosk's token names its mall")
    return caller.mall


def check_holder(
    codes: BookingCodes, caller: Principal, appointment_id: AppointmentId, code: str | None
) -> None:
    """Staff need no code; everybody else sends the right one. Raises NotAllowed."""
    # A wrong code ends here and is written down nowhere: guessing must not fill our tables.
    if not is_staff(caller) and not codes.fits(appointment_id, code or ""):
        raise NotAllowed("send the appointment's code in the header Booking-Code")
