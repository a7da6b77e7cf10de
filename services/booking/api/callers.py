"""Who asks: staff of a mall by their token, the holder of an appointment by its code."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated, Literal

from fastapi import Header, Request

from chassis.auth import Principal
from chassis.codes import DerivedCodes
from chassis.errors import NotAllowed
from contracts.ids import Actor, Id, MallId, PersonId

_STAFF = frozenset({"officer", "kiosk", "operator", "supervisor"})
_HOUSEHOLD = 64
"""Of an address of version 6, the part that stands for one connection to the network."""

Code = Annotated[
    str | None,
    Header(
        alias="Booking-Code",
        max_length=40,
        description="The secret of the appointment; staff send a token instead.",
        examples=["7KQ2M-XQXD4-TZB5V-2NCA3"],
    ),
]
Device = Annotated[
    str | None,
    Header(
        alias="Loket-Device",
        min_length=8,
        max_length=100,
        description="A name that the app has chosen for itself once. Only a digest of it is kept.",
        examples=["8c1f0a52-app"],
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


def channel_of(caller: Principal) -> Literal["online", "counter", "partner"]:
    """By which way of booking this caller comes."""
    if is_staff(caller):
        return "counter"
    return "partner" if "agency" in caller.roles else "online"


def actor_for(caller: Principal, person_id: PersonId) -> Actor:
    """Who acts. Each person has keys of their own, so nobody stumbles into another's answer."""
    return Actor(f"citizen:{person_id}") if channel_of(caller) == "online" else caller.actor


def check_holder(codes: DerivedCodes, caller: Principal, id_: Id, code: str | None) -> None:
    """Staff need no code; everybody else sends the right one. Raises NotAllowed."""
    # A wrong code ends here and is written down nowhere: guessing must not fill our tables.
    if not is_staff(caller) and not codes.fits(id_, code or ""):
        raise NotAllowed("send the appointment's code in the header Booking-Code")


def network_of(request: Request) -> str | None:
    """What the caller's address says about his connection to the network."""
    client = request.client
    try:
        address = ip_address(client.host) if client is not None else None
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _HOUSEHOLD), strict=False))
    return str(address) if address is not None else None
