"""The one-off jobs before the services start in containers: tables, topics, clients.

Each may run again at any time. The embedded stack does the same by itself (`local.backends`).
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable

from catalogue import load
from catalogue.publish import publish
from chassis.migrations import migrate
from contracts.catalog import TOPICS, Topic, agency_topics
from local import clients, paths, plan, topics
from local.backends import offices


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
    """Create the topics of the contracts and publish the catalogue."""
    bootstrap = os.environ["LOKET_KAFKA_BOOTSTRAP"]

    async def both() -> tuple[int, int]:
        created = await topics.create(bootstrap, wanted_topics())
        return created, await publish(bootstrap, load.DATA)

    created, published = asyncio.run(both())
    return f"{created} topics created, {published} entries of the catalogue published"


def register() -> str:
    """Register a client for each agency, officer, kiosk, operator and service."""
    agencies, malls = offices()
    plan.register_clients(paths.home(), [one.code for one in agencies], [one.code for one in malls])
    return f"{len(clients.load(paths.home()))} clients registered"


JOBS: dict[str, Callable[[], str]] = {
    "migrations": migrations,
    "kafka": kafka,
    "clients": register,
}


def main() -> int:
    """Do one job and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m deploy.prepare", description=__doc__)
    parser.add_argument("job", choices=JOBS)
    sys.stdout.write(f"{JOBS[parser.parse_args().job]()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
