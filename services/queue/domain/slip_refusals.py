"""Why a slip is not taken for one."""

from contracts.base import Refused


class SlipNotGenuine(Refused):
    """The code is not that of the ticket, so nobody shows that the slip was there."""

    code = "slip_not_genuine"
    kind = "forbidden"
    title_id = "Kode pada slip ini tidak cocok dengan nomornya"
    title_en = "The code of this slip does not belong to its ticket"
