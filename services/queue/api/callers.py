"""Who asks: officers and kiosks, each bound to a mall by their token."""

from chassis.auth import Principal
from chassis.errors import NotAllowed
from contracts.ids import MallId


def mall_of(caller: Principal) -> MallId:
    """The mall of an officer or kiosk. Raises NotAllowed when the token names none."""
    if caller.mall is None:
        raise NotAllowed("an officer's or kiosk's token names its mall")
    return caller.mall
