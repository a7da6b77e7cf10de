"""Makes the agencies of a log known before they report: topics, identity, catalogue entry."""

import asyncio
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from catalogue import load as catalogue
from catalogue.publish import NotPublished, publish_agencies
from contracts.catalog import agency_topics
from contracts.catalogue import EntryPublished
from contracts.entries import Agency
from contracts.ids import AgencyId
from local import clients, topics
from simulator.platform import Platform
from simulator.replay.patience import GaveUp, pause

# The consumer that keeps tracking's copy of the catalogue.
CATALOGUE_GROUP = "tracking.catalogue"
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
    await topics.create(platform.bootstrap, wanted)
    for code, _ in agencies:
        clients.register_client(platform.home, client_of(code), ["agency"], agency=code)
    try:
        await publish_agencies(platform.bootstrap, [_entry(*agency) for agency in agencies])
    except NotPublished as problem:
        raise GaveUp(str(problem)) from problem
    await _wait_until_known(platform.bootstrap, patience_seconds)


def _entry(code: AgencyId, name: str) -> Agency:
    return Agency(revision=1, code=code, name=name[:200], short_name=name[:_SHORT_NAME_MAX])


async def _wait_until_known(bootstrap: str, patience_seconds: float) -> None:
    """A report of an agency that tracking does not know yet would be refused for good."""
    place = TopicPartition(EntryPublished.topic, 0)
    end = await _end_of(bootstrap, place)
    ends_at = time.monotonic() + patience_seconds
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    tries = 0
    try:
        while time.monotonic() < ends_at:
            reached = (await admin.list_consumer_group_offsets(CATALOGUE_GROUP)).get(place)
            if reached is not None and reached.offset >= end:
                return
            tries += 1
            await asyncio.sleep(min(1.0, pause(tries)))
    finally:
        await admin.close()
    raise GaveUp(
        f"Tracking has not taken the new agencies from the catalogue for {patience_seconds:.0f} s: "
        "see `loket status` and `loket logs tracking`, then start the same replay again"
    )


async def _end_of(bootstrap: str, place: TopicPartition) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([place])
        return int((await consumer.end_offsets([place]))[place])
    finally:
        await consumer.stop()
