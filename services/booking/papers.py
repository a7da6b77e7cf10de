"""What an appointment looks like outside: a calendar file and a picture of its code.

Neither names the person. The code stands in the picture only, which is shown to its holder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from contracts.entries import ZONE_LABELS, Zone
from contracts.ids import AppointmentId

if TYPE_CHECKING:
    from icalendar import Timezone

# Fixed for ever: it names the program to the calendars of all phones.
_PRODUCT = "-//Loket//Janji temu//ID"
_OFFSETS: Mapping[Zone, timedelta] = MappingProxyType(
    {
        "Asia/Jakarta": timedelta(hours=7),
        "Asia/Makassar": timedelta(hours=8),
        "Asia/Jayapura": timedelta(hours=9),
    }
)


Standing = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class Page:
    """An appointment as a calendar shows it. `changed_at` is when this form of it was asked for.

    `version` counts its facts: a calendar replaces an entry by one with a higher number. What is
    held or asked for is `TENTATIVE`.
    """

    appointment_id: AppointmentId
    version: int
    changed_at: datetime
    zone: Zone
    starts_at: datetime
    ends_at: datetime
    service_name: str
    mall_name: str
    status: Standing
    reminders_hours: tuple[int, ...] = ()


def calendar_file(page: Page) -> bytes:
    """The appointment as iCalendar (RFC 5545), in the local time of its mall."""
    # On first use: most processes never write one, and all of them start faster without it.
    from icalendar import Alarm, Calendar, Event  # noqa: PLC0415 - see above

    event = Event()
    event.add("uid", str(page.appointment_id))
    event.add("sequence", page.version)
    event.add("dtstamp", page.changed_at)
    event.add("dtstart", page.starts_at.astimezone(ZoneInfo(page.zone)))
    event.add("dtend", page.ends_at.astimezone(ZoneInfo(page.zone)))
    event.add("summary", f"{page.service_name}, {page.mall_name}")
    event.add("location", page.mall_name)
    event.add("status", page.status)
    for hours in () if page.status == "CANCELLED" else page.reminders_hours:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", f"{page.service_name}, {page.mall_name}")
        alarm.add("trigger", timedelta(hours=-hours))
        event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add_component(_zone(page.zone))
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def code_picture(appointment_id: AppointmentId, code: str) -> bytes:
    """The QR code that a kiosk reads, as SVG: `LOKET-A:<id>:<code>`.

    All of it is capitals, digits, `-` and `:`, which a QR code packs closely.
    """
    import segno  # noqa: PLC0415 - as above

    text = f"LOKET-A:{str(appointment_id).upper()}:{code}"
    picture = BytesIO()
    symbol = segno.make(text, error="m", micro=False, boost_error=False)
    symbol.save(picture, kind="svg", scale=8, xmldecl=False, title=None)
    return picture.getvalue()


def _zone(zone: Zone) -> "Timezone":
    """The mall's zone, which has had one offset since before any appointment and no summer time."""
    from icalendar import Timezone, TimezoneStandard  # noqa: PLC0415 - as above

    standard = TimezoneStandard()
    standard.add("dtstart", datetime(1970, 1, 1))  # noqa: DTZ001 - RFC 5545: local, without a zone
    standard.add("tzoffsetfrom", _OFFSETS[zone])
    standard.add("tzoffsetto", _OFFSETS[zone])
    standard.add("tzname", ZONE_LABELS[zone])
    found = Timezone()
    found.add("tzid", zone)
    found.add_component(standard)
    return found
