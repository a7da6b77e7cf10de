"""Who asks: officers and kiosks, each bound to a mall by their token; holders by their slip."""

from typing import Annotated, Any

from fastapi import Header
from pydantic import ConfigDict

from chassis.auth import Principal
from chassis.errors import NotAllowed
from contracts.ids import CounterSessionId, MallId, TicketId
from services.queue.settings import TicketCodes

CounterSession = Annotated[
    CounterSessionId | None,
    Header(
        alias="Counter-Session",
        examples=["019cb132-6fc0-7a3c-9a0a-7f5d2f0a4c11"],
        description="The session that opening the counter answered; an older one is refused.",
    ),
]
DeviceEpoch = Annotated[
    int | None,
    Header(
        alias="Device-Epoch",
        ge=0,
        le=2_147_483_647,
        examples=[1],
        description="The kiosk's session; one that another session has replaced is refused.",
    ),
]
TicketCode = Annotated[
    str | None,
    Header(
        alias="Ticket-Code",
        max_length=40,
        description="The code on the slip of the ticket.",
        examples=["7KQ2M-4TXRA-LW6PD-QE3ZN"],
    ),
]


def strictly(**example: Any) -> ConfigDict:
    """The rules of a body: nothing but what is named, and this as its example."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


def mall_of(caller: Principal) -> MallId:
    """The mall of an officer or kiosk. Raises NotAllowed when the token names none."""
    if caller.mall is None:
        raise NotAllowed("an officer's or kiosk's token names its mall")
    return caller.mall


def check_holder(codes: TicketCodes, ticket_id: TicketId, code: str | None) -> None:
    """Only the holder has the slip. Raises NotAllowed."""
    # A wrong code ends here and is written down nowhere: guessing must not fill our tables.
    if not codes.fits(ticket_id, code or ""):
        raise NotAllowed("send the code on the slip in the header Ticket-Code")
