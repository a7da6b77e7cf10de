"""The one-off jobs before the services start in containers: tables, topics, logins, clients.

Each may run again at any time. The embedded stack does the same by itself (`local.backends`).
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

from catalogue import load
from catalogue.publish import publish
from chassis.kafka import Access
from chassis.migrations import migrate
from contracts.catalog import TOPICS, Topic, agency_topics
from contracts.ids import AgencyId
from local import clients, credentials, locks, paths, plan, topics
from local.backends import offices
from local.errors import StackError
from local.kafka_settings import ADMIN


def owner_variable(service: str) -> str:
    """The variable with the address of a service's database as its owner."""
    return f"{service.upper()}_OWNER_DATABASE_URL"


def wanted_topics() -> list[Topic]:
    """Every topic of the contracts, those of the agencies in the catalogue included."""
    agencies, _ = offices()
    return [*TOPICS, *(topic for one in agencies for topic in agency_topics(one.code))]


def migrations() -> str:
    """Bring the database of each service up to date."""

    async def all_services() -> int:
        applied = [await migrate(os.environ[owner_variable(one)], one) for one in plan.SERVICES]
        return sum(applied)

    return f"{asyncio.run(all_services())} migrations applied"


def kafka() -> str:
    """Create the topics of the contracts, give logins and rights, publish the catalogue."""
    agencies, _ = offices()
    admin = _administrator()
    home = paths.home()

    async def all_of_it() -> tuple[int, int]:
        created = await topics.create(admin, wanted_topics())
        await locks.set_all(home, admin, [one.code for one in agencies], credentials.PLATFORM)
        publisher = credentials.access(home, admin.bootstrap, credentials.CATALOGUE)
        return created, await publish(publisher, load.DATA)

    created, published = asyncio.run(all_of_it())
    return f"{created} topics created, {published} entries of the catalogue published"


def revoke(agency: AgencyId) -> str:
    """Cut an agency off from Kafka, also over connections that are open."""
    at = _administrator().bootstrap
    asyncio.run(locks.revoke(paths.home(), at, agency, credentials.PLATFORM))
    return f"{agency} has no access to Kafka any more"


def readmit(agency: AgencyId) -> str:
    """Let an agency in again, with a new password."""
    at = _administrator().bootstrap
    asyncio.run(locks.readmit(paths.home(), at, agency, credentials.PLATFORM))
    return f"{agency} has access to Kafka again"


def _administrator() -> Access:
    """The way in for who may do everything; the passwords that we were given count from now on."""
    home = paths.home()
    folder = Path(os.environ["KAFKA_PASSWORDS_FOLDER"])
    for name in credentials.PLATFORM:
        word = (folder / f"kafka-{name}").read_text(encoding="utf-8").strip()
        credentials.keep(home, name, word)
    credentials.keep(home, ADMIN, os.environ["KAFKA_ADMIN_PASSWORD"])
    return credentials.access(home, os.environ["LOKET_KAFKA_BOOTSTRAP"], ADMIN)


def register() -> str:
    """Register a client for everybody and everything that logs in."""
    agencies, malls = offices()
    counters = {str(one.code): len(one.counters) for one in malls}
    plan.register_clients(paths.home(), [one.code for one in agencies], counters)
    return f"{len(clients.load(paths.home()))} clients registered"


JOBS: dict[str, Callable[[], str]] = {
    "migrations": migrations,
    "kafka": kafka,
    "clients": register,
}
FOR_AN_AGENCY: dict[str, Callable[[AgencyId], str]] = {"revoke": revoke, "readmit": readmit}


def main() -> int:
    """Do one job and say what came of it; 2 when it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m deploy.prepare", description=__doc__)
    jobs = parser.add_subparsers(dest="job", required=True)
    for name, job in JOBS.items():
        jobs.add_parser(name, help=job.__doc__)
    for name, one in FOR_AN_AGENCY.items():
        jobs.add_parser(name, help=one.__doc__).add_argument("agency", type=AgencyId)
    asked = parser.parse_args()
    try:
        told = JOBS[asked.job]() if asked.job in JOBS else FOR_AN_AGENCY[asked.job](asked.agency)
    except StackError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    sys.stdout.write(f"{told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
