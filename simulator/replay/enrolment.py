"""Makes the agencies of a log known before they report: topics, identity, catalogue entry."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from catalogue import load as catalogue
from catalogue.publish import NotPublished, publish_entries
from chassis.kafka import Where, client
from contracts.access import OPERATOR
from contracts.catalog import agency_topics
from contracts.catalogue import EntryPublished
from contracts.entries import Agency
from contracts.ids import AgencyId
from local import clients, locks
from local.credentials import CATALOGUE
from simulator.platform import Platform
from simulator.replay.patience import GaveUp, pause

# Tracking's consumers of the catalogue and of agencies' reports.
CATALOGUE_GROUP, REPORTS_GROUP = "tracking.catalogue", "tracking.reports"
_ENTRIES = TopicPartition(EntryPublished.topic, 0)
_REPORTS = ".reports.v1"
_LONGEST_PAUSE_SECONDS = 0.5
_SHORT_NAME_MAX = 40


def client_of(agency: AgencyId) -> str:
    """The name under which an agency asks for tokens."""
    return f"agency-{agency}"


def agencies_of_the_catalogue() -> set[str]:
    """The codes that real agencies have, so that no log can take one of them."""
    entries = (loaded.entry for loaded in catalogue.read(catalogue.DATA).loaded)
    return {str(entry.code) for entry in entries if isinstance(entry, Agency)}


async def enrol(
    platform: Platform, agencies: Sequence[tuple[AgencyId, str]], patience_seconds: float
) -> None:
    """Return once every agency may report. Doing it again changes nothing.

    Raises GaveUp, or StackError when Kafka refuses a topic.
    """
    wanted = [topic for code, _ in agencies for topic in agency_topics(code)]
    await locks.enrol(platform.home, platform.bootstrap, [code for code, _ in agencies])
    for code, _ in agencies:
        clients.register_client(platform.home, client_of(code), ["agency"], agency=code)
    try:
        await publish_entries(platform.kafka(CATALOGUE), [_entry(*agency) for agency in agencies])
    except NotPublished as problem:
        raise GaveUp(str(problem)) from problem
    end = await _end_of_the_catalogue(platform.kafka(OPERATOR))
    names = {topic.name for topic in wanted if topic.name.endswith(_REPORTS)}
    admin = AIOKafkaAdminClient(**client(platform.kafka(OPERATOR)))
    await admin.start()
    try:
        # A report of an agency that tracking does not know yet would be refused for good.
        await _wait(lambda: _has_read_catalogue(admin, end), patience_seconds)
        # One on a topic that it has not found yet would only wait; but then so would all others.
        await _wait(lambda: _listens_to(admin, names), patience_seconds)
    finally:
        await admin.close()


def _entry(code: AgencyId, name: str) -> Agency:
    return Agency(revision=1, code=code, name=name[:200], short_name=name[:_SHORT_NAME_MAX])


async def _wait(is_so: Callable[[], Awaitable[bool]], patience_seconds: float) -> None:
    ends_at = time.monotonic() + patience_seconds
    tries = 0
    while not await is_so():
        if time.monotonic() > ends_at:
            raise GaveUp(
                f"Tracking has not taken notice of the new agencies for {patience_seconds:.0f} s: "
                "see `loket status` and `loket logs tracking`, then start the same replay again"
            )
        tries += 1
        await asyncio.sleep(min(_LONGEST_PAUSE_SECONDS, pause(tries)))


async def _has_read_catalogue(admin: AIOKafkaAdminClient, end: int) -> bool:
    reached = (await admin.list_consumer_group_offsets(CATALOGUE_GROUP)).get(_ENTRIES)
    return reached is not None and reached.offset >= end


async def _listens_to(admin: AIOKafkaAdminClient, names: set[str]) -> bool:
    heard = set()
    for answer in await admin.describe_consumer_groups([REPORTS_GROUP]):
        assignments = [member[4] for group in answer.groups for member in group[5]]
        # Empty while the group is sharing out its topics.
        for assignment in filter(None, assignments):
            decoded = ConsumerProtocolMemberAssignment.decode(assignment)
            heard |= {topic for topic, _ in decoded.assignment}
    return names <= heard


async def _end_of_the_catalogue(where: Where) -> int:
    consumer = AIOKafkaConsumer(**client(where), enable_auto_commit=False)
    await consumer.start()
    try:
        # Nothing is assigned: a fetch that begins while we stop would leave its connection open.
        return int((await consumer.end_offsets([_ENTRIES]))[_ENTRIES])
    finally:
        await consumer.stop()
