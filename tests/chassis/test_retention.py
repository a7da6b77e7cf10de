"""What is forgotten, and what never is."""

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from chassis.decide import Outcome
from chassis.retention import Retention
from chassis.testing import Probe
from local.testing import Database
from tests.chassis.test_dispatch import add
from tests.chassis.toy import Added, PotId

pytestmark = pytest.mark.integration

_PARK = """
INSERT INTO parked (consumer, topic, partition, "offset", key, headers, value, reason, detail,
                    blocking, parked_at, settled_at)
SELECT 'toy.view', 'toy.pots.v1', 0, place, 'k', '[]', '', 'not_json', '', true,
       now() - make_interval(days => 400), now() - make_interval(days => days)
FROM unnest(ARRAY[1, 89, 91, NULL]) WITH ORDINALITY AS parked (days, place)
"""


def retention(probe: Probe, **days: int) -> Retention:
    kept = {"commands_days": 30, "settled_days": 90, **days}
    return Retention(probe.running.database, **kept)


async def as_owner(database: Database, statement: str) -> None:
    url = make_url(database.owner_url).set(drivername="postgresql")
    owner = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)
    await owner.execute(statement)
    await owner.close(timeout=10)


async def test_an_answer_is_given_again_until_it_is_too_old(
    probe: Probe, toy_database: Database
) -> None:
    pot = PotId.new()
    old, young = add(pot, "old"), add(pot, "young")
    await probe.running.dispatch(old)
    await probe.running.dispatch(young)
    await as_owner(
        toy_database,
        "UPDATE commands SET answered_at = now() - interval '31 days' WHERE key = 'old'",
    )
    assert not await retention(probe).forget_some()
    again: Outcome = await probe.running.dispatch(young)
    assert (again.repeated, again.read(Added).coins) == (True, 2)
    anew: Outcome = await probe.running.dispatch(old)
    assert (anew.repeated, anew.read(Added).coins) == (False, 3)


async def test_neither_a_setting_nor_the_program_forgets_what_is_younger_than_a_day(
    probe: Probe,
) -> None:
    await probe.running.dispatch(add(PotId.new(), "first"))
    await retention(probe, commands_days=0).forget_some()
    await probe.rows("SELECT forget_commands(interval '-1 year', 1000)")
    assert len(await probe.rows("SELECT key FROM commands")) == 1
    for table in ("commands", "parked"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await probe.rows(f"DELETE FROM {table}")  # noqa: S608 - two names of ours


async def test_what_waits_is_never_forgotten_however_old(
    probe: Probe, toy_database: Database
) -> None:
    await as_owner(toy_database, _PARK)
    await retention(probe).forget_some()
    rows = await probe.rows('SELECT "offset" FROM parked ORDER BY "offset"')
    assert [row["offset"] for row in rows] == [1, 2, 4]


async def test_much_is_forgotten_in_small_sets(probe: Probe, toy_database: Database) -> None:
    await as_owner(
        toy_database,
        "INSERT INTO commands (actor, key, fingerprint, name, at, answer, answered_at) "
        "SELECT 'public', 'key-' || i, 'f', 'Add', now(), '{}', now() - interval '40 days' "
        "FROM generate_series(1, 1200) AS made (i)",
    )
    left = []
    while True:
        more = await retention(probe).forget_some()
        left.append(len(await probe.rows("SELECT key FROM commands")))
        if not more:
            break
    assert left == [700, 200, 0]
