"""One replay from the log to the verdict: load, enrol, send, read back, compare."""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass

from aiokafka.errors import KafkaError
from rich.console import Console

from contracts.access import OPERATOR
from contracts.ids import ApplicationId
from local.credentials import SIMULATOR
from local.errors import StackError
from simulator import platform
from simulator.logs.rows import UnreadableLog
from simulator.platform import Calls, Platform
from simulator.replay.book import Book, Case, Door, Report
from simulator.replay.compare import Faults, compare
from simulator.replay.enrolment import agencies_of_the_catalogue, enrol
from simulator.replay.http_door import HttpDoor, Unexpected
from simulator.replay.kafka_door import KafkaDoor
from simulator.replay.lanes import Lanes
from simulator.replay.load import Loaded, load
from simulator.replay.options import ReplayOptions, Result
from simulator.replay.patience import GaveUp, Patience
from simulator.replay.progress import Shown
from simulator.replay.together import beside, together
from simulator.replay.trail import Unreadable, Watch, read_api, read_kafka

SHOWN_FAULTS = 20
FAILED, INTERRUPTED = 1, 130


def main(options: ReplayOptions) -> int:
    """Replay a log, and print the verdict as the last line (or as JSON) on the standard output.

    0: the trail tells the log. 1: it does not, or the replay could not be finished. 2: it does,
    but rows of the log were malformed. 130: interrupted. What else there is to say goes to the
    standard error.
    """
    console = Console(stderr=True, soft_wrap=True)
    try:
        found = asyncio.run(replay(options, platform.find(options.home), console))
    except KeyboardInterrupt:
        _say(console, "Interrupted. Start the same replay again: it will double nothing.")
        return INTERRUPTED
    except (UnreadableLog, StackError, GaveUp, Unexpected, Unreadable) as problem:
        _say(console, str(problem))
        return FAILED
    except KafkaError as problem:
        _say(console, f"Kafka cannot be used ({type(problem).__name__}): see `loket status`")
        return FAILED
    text = json.dumps(asdict(found)) if options.as_json else found.line()
    sys.stdout.write(f"{text}\n")
    return found.exit_code


async def replay(options: ReplayOptions, where: Platform, console: Console) -> Result:
    """The same without printing the verdict. Raises what `main` has a message for."""
    patience = Patience(options.patience_seconds)
    with Book() as book:
        loaded = load(options, book, agencies_of_the_catalogue(), lambda text: _say(console, text))
        cases, events = book.counts()
        agencies = book.agencies()
        _say(console, f"{loaded.name}: {cases} cases, {events} events, {len(agencies)} agencies")
        if events:
            await enrol(where, agencies, patience.seconds)
        async with Calls(where) as calls:
            replaying = _Replay(options, where, calls, book, console)
            seconds = await replaying.send(patience) if events else 0.0
            await replaying.read_back()
        return _verdict(loaded, book, seconds, console)


@dataclass
class _Replay:
    options: ReplayOptions
    where: Platform
    calls: Calls
    book: Book
    console: Console

    async def send(self, patience: Patience) -> float:
        """Send every report and wait for its answer; returns how many seconds it took."""
        codes = [code for code, _ in self.book.agencies()]
        http = HttpDoor(self.where.urls["tracking"], self.calls, patience)
        kafka = KafkaDoor(self.where.kafka(SIMULATOR), codes, self.book, patience)
        doors: dict[Door, HttpDoor | KafkaDoor] = {"http": http, "kafka": kafka}
        _, events = self.book.counts()

        async def application_of(case: Case) -> ApplicationId:
            known = self.book.application_of(case)
            if known is None:
                known = await http.submit(case)
                self.book.set_application(case, known)
            return known

        async def deliver(report: Report) -> None:
            application = await application_of(report.case)
            outcome = await doors[report.case.door].deliver(report, application)
            self.book.set_outcome(report, outcome)
            shown.advance(1, outcome == "refused")

        async def send_all() -> float:
            try:
                async with asyncio.timeout(patience.seconds):
                    await kafka.ready()
            except TimeoutError:
                raise GaveUp(f"Kafka gave no answers for {patience.seconds:.0f} s") from None
            return await Lanes(deliver, self.options.lanes).run(self.book.reports())

        with Shown(self.console, "sending", events) as shown:
            try:
                return await beside(kafka.run(), send_all())
            finally:
                await http.close()

    async def read_back(self) -> None:
        """Read the trail through the public API and from Kafka, both at once."""
        outcomes = self.book.outcomes()
        expected = sum(count for outcome, count in outcomes.items() if outcome != "refused")
        patience = self.options.patience_seconds
        with Shown(self.console, "reading back", 2 * expected) as shown:
            watches = Watch(expected, patience), Watch(expected, patience)
            await together(
                read_api(self.calls, self.book, watches[0], shown.advance),
                read_kafka(self.where.kafka(OPERATOR), self.book, watches[1], shown.advance),
            )
        self.book.finish_reading()


def _verdict(loaded: Loaded, book: Book, seconds: float, console: Console) -> Result:
    """Compare every case with what both readers met."""
    lost = doubled = misordered = met_again = told = 0
    for number in range(book.counts()[0]):
        expected = book.expected(number)
        api = compare(expected, book.seen(number, "api"), repeats_allowed=False)
        kafka = compare(expected, book.seen(number, "kafka"), repeats_allowed=True)
        lost += len(api.lost | kafka.lost)
        doubled += api.doubled + kafka.doubled
        misordered += api.misordered + kafka.misordered
        met_again += kafka.met_again
        for source, faults in (("API", api), ("Kafka", kafka)):
            if not faults.is_good and told < SHOWN_FAULTS:
                told += 1
                _say(console, _told(number, source, faults))
    cases, events = book.counts()
    doors, refused = book.doors(), book.outcomes().get("refused", 0)
    result = Result(
        cases=cases,
        events=events,
        lost=lost,
        doubled=doubled,
        misordered=misordered,
        refused=refused,
        rate=events / seconds if seconds else 0.0,
        malformed=loaded.malformed,
        http_events=doors.get("http", 0),
        kafka_events=doors.get("kafka", 0),
        met_again=met_again,
        seconds=seconds,
    )
    _say(
        console,
        f"{result.http_events} events over HTTP, {result.kafka_events} over Kafka, in "
        f"{seconds:.1f} s; {met_again} facts were met again on Kafka and known as repeats",
    )
    return result


def _told(number: int, source: str, faults: Faults) -> str:
    return (
        f"Case number {number + 1}, {source}: {len(faults.lost)} lost, {faults.doubled} doubled, "
        f"{faults.misordered} misordered"
    )


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False)
