"""From a log to the book: every row a report with its own id, every case with its door."""

from collections.abc import Callable, Container
from dataclasses import dataclass

from contracts.ids import ReportId
from simulator.logs import source
from simulator.logs.rows import BadRow, Row
from simulator.replay.book import Book, Door
from simulator.replay.naming import Agencies, identity_of, key_of
from simulator.replay.options import ReplayOptions

SHOWN_BAD_ROWS = 20
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found. `malformed` rows are not among the events."""

    name: str
    events: int
    malformed: int


def load(options: ReplayOptions, book: Book, taken: Container[str], tell: Tell) -> Loaded:
    """Read the log into the book, and tell about each row that is no event.

    `taken` are the codes of agencies that exist already. Raises UnreadableLog.
    """
    name = options.name or source.name_of(options.log)
    loader = _Loader(options, book, Agencies(name, taken), tell)
    loader.identity = identity_of(options, name, source.digest_of(options.log))
    for row in source.read(options.log, options.columns, options.delimiter):
        if options.limit is not None and loader.events >= options.limit:
            break
        if isinstance(row, BadRow):
            loader.tell_bad(row)
        else:
            loader.add(row)
    loader.sum_up()
    return Loaded(name, loader.events, loader.malformed)


class _Loader:
    def __init__(self, options: ReplayOptions, book: Book, agencies: Agencies, tell: Tell) -> None:
        self.identity = ""
        self.events = self.malformed = 0
        self._share = options.http_share
        self._book = book
        self._agencies = agencies
        self._tell = tell
        self._cases = 0
        self._told_about_offsets = False

    def add(self, row: Row) -> None:
        agency, name, is_new = self._agencies.of(row)
        if is_new:
            self._book.add_agency(agency, name)
        if not row.zoned and not self._told_about_offsets:
            self._tell(f"Line {row.line}: the time has no offset; such times are taken as UTC")
            self._told_about_offsets = True
        case_no, index = self._case(row.case)
        report = ReportId.of(self.identity, row.case, str(index))
        self._book.add_report(case_no, report, agency, (row.activity, row.lifecycle, row.time))
        self.events += 1

    def tell_bad(self, row: BadRow) -> None:
        self.malformed += 1
        if self.malformed <= SHOWN_BAD_ROWS:
            self._tell(f"Line {row.line}: {row.reason}; the row is left out")

    def sum_up(self) -> None:
        if self.malformed > SHOWN_BAD_ROWS:
            self._tell(f"{self.malformed - SHOWN_BAD_ROWS} more malformed rows were left out")

    def _case(self, name: str) -> tuple[int, int]:
        """Number of the case, and the index of its next event."""
        known = self._book.case_of(name)
        if known is not None:
            return known
        number = self._book.add_case(name, key_of(self.identity, name), self._door())
        self._cases += 1
        return number, 0

    def _door(self) -> Door:
        """Spread evenly: with a share of one half, every second case."""
        before, after = int(self._cases * self._share), int((self._cases + 1) * self._share)
        return "http" if after > before else "kafka"
